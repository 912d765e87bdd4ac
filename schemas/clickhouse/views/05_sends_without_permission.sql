-- The standing control: sends that no decision permitted. It is expected to be empty. One row per send and purpose that the very contact point had to
-- permit, with what was known of that point when it was sent: the latest decision that was said, else the latest grant that was carried. A denial
-- counts from one second after it was received, which is the time that withdrawals are promised to take; a grant counts from when it was received.
-- Where nothing was ever decided, a sale of the family of products that was offered stands for a consent to marketing by e-mail and SMS (soft opt-in).
-- The verdicts: never_asked, pending (a grant that was never confirmed), denied, expired.
CREATE OR REPLACE VIEW sends_without_permission
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS
WITH
    toDateTime('2106-02-07 06:28:15', 'UTC') AS never,
    decided_at <= sent_at AND received_at <= if(decision = 'grant', sent_at, sent_at - INTERVAL 1 SECOND) AS known,
    about = need AS decides,
    known AND decides AND decision IN ('grant', 'refuse', 'withdraw', 'object') AND NOT (carried AND decision = 'grant') AS said,
    known AND decides AND decision = 'grant' AND carried AS brought,
    known AND NOT decides AND decision IN ('grant', 'withdraw') AS sold,
    transform(toString(decision), ['grant', 'refuse', 'withdraw', 'object'], [1, 2, 3, 4], 0) AS protects,
    if(toUnixTimestamp(expires_at) = 0, never, expires_at) AS until,
    (decided_at, protects, -toInt64(toUnixTimestamp(until)), id) AS rank
SELECT
    controller,
    contact,
    channel,
    purpose,
    need AS missing,
    sent_at,
    multiIf(
        words = 0 AND gifts = 0 AND sales > 0 AND tupleElement(sale, 1) = 1 AND tupleElement(sale, 2) > sent_at, 'permitted',
        words = 0 AND gifts = 0, if(waiting > 0, 'pending', 'never_asked'),
        tupleElement(holding, 1) > 1, 'denied',
        tupleElement(holding, 2) <= sent_at, 'expired',
        'permitted') AS verdict,
    if(verdict IN ('denied', 'expired'), tupleElement(holding, 3), NULL) AS decided
FROM
(
    SELECT
        controller, contact, channel, purpose, need, sent_at,
        countIf(said) AS words,
        countIf(brought) AS gifts,
        countIf(known AND decides AND decision = 'pending') AS waiting,
        countIf(sold) AS sales,
        argMaxIf((protects, until), rank, sold) AS sale,
        if(words > 0, argMaxIf((protects, until, decided_at), rank, said), argMaxIf((protects, until, decided_at), rank, brought)) AS holding
    FROM
    (
        SELECT
            s.controller AS controller, s.contact AS contact, s.channel AS channel, s.purpose AS purpose, s.need AS need, s.sent_at AS sent_at,
            s.about AS about, d.decision AS decision, d.carried AS carried, d.decided_at AS decided_at, d.received_at AS received_at, d.expires_at AS expires_at, d.id AS id
        FROM
        (
            SELECT
                space, controller, contact, namespace, point, channel, purpose, at AS sent_at, arrayJoin(arrayConcat(
                    arrayMap(n -> (toString(n), toString(n), toString(channel)), needs),
                    if(has(needs, 'marketing') AND channel IN ('email', 'sms') AND family != '', [('marketing', concat('soft_optin:', family), '')], []))) AS asked,
                tupleElement(asked, 1) AS need, tupleElement(asked, 2) AS about, tupleElement(asked, 3) AS on_channel
            FROM {{database}}.contact_steps FINAL
            WHERE step = 'confirm' AND reason = ''
        ) AS s
        LEFT JOIN
        (
            SELECT space, controller, namespace, point, purpose, channel, decision, carried, decided_at, received_at, expires_at, id
            FROM {{database}}.consents FINAL
        ) AS d ON d.space = s.space AND d.controller = s.controller AND d.namespace = s.namespace AND d.point = s.point AND d.purpose = s.about AND d.channel = s.on_channel
    )
    GROUP BY controller, contact, channel, purpose, need, sent_at
)
WHERE verdict != 'permitted'

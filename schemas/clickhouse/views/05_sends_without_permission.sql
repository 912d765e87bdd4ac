-- The standing control: sends that no decision permitted. It is expected to be empty. One row per send and purpose that the very contact point had to
-- permit, with what was known of that point when it was sent: the latest decision that was said, else the latest grant that was carried. A denial
-- counts from one second after it was received, which is the time that withdrawals are promised to take; a grant counts from when it was received.
-- Where nothing was ever decided, a sale of the family of products that was offered stands for a consent to marketing by e-mail and SMS (soft opt-in),
-- unless its source took it back. A grant or sale of `used` ends three years after the person last did something with the controller: `acts` are those of
-- whom the point belongs to now, as they are known now, and those that were theirs when they were written.
-- The verdicts: never_asked, pending (a grant that was never confirmed), denied, expired, inactive.
CREATE OR REPLACE VIEW sends_without_permission
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS
WITH
    toDateTime('2106-02-07 06:28:15', 'UTC') AS never,
    36 AS quiet_months,
    [('marketing', 'email'), ('marketing', 'sms'), ('marketing', 'post'), ('marketing', 'messaging'), ('marketing', 'push'),
        ('clienteling_contact', 'email'), ('clienteling_contact', 'sms'), ('clienteling_contact', 'messaging')] AS used,
    decided_at <= sent_at AND received_at <= if(decision = 'grant', sent_at, sent_at - INTERVAL 1 SECOND) AS known,
    about = need AS decides,
    known AND decides AND decision IN ('grant', 'refuse', 'withdraw', 'object') AND NOT (carried AND decision = 'grant') AS said,
    known AND decides AND decision = 'grant' AND carried AS brought,
    known AND startsWith(about, 'soft_optin:') AND decision IN ('grant', 'withdraw') AS sold,
    known AND about = 'sale_retracted' AND decision != 'grant' AS unsold,
    transform(toString(decision), ['grant', 'refuse', 'withdraw', 'object'], [1, 2, 3, 4], 0) AS protects,
    if(toUnixTimestamp(expires_at) = 0, never, expires_at) AS until,
    (decided_at, protects, -toInt64(toUnixTimestamp(until)), id) AS rank,
    tupleElement(basis, 2) AS since,
    arrayMax(arrayMap(x -> tupleElement(x, 1), arrayFilter(x -> tupleElement(x, 1) <= sent_at AND tupleElement(x, 2) <= sent_at, a.acts))) AS last_act,
    has(used, (need, channel)) AND addMonths(greatest(toDateTime64(since, 6, 'UTC'), last_act), quiet_months) <= sent_at AS inactive
SELECT
    k.controller AS controller,
    k.contact AS contact,
    k.channel AS channel,
    k.purpose AS purpose,
    k.need AS missing,
    k.sent_at AS sent_at,
    multiIf(
        words = 0 AND gifts = 0 AND NOT sale_holds, if(waiting > 0, 'pending', 'never_asked'),
        tupleElement(basis, 1) > 1, 'denied',
        tupleElement(basis, 3) <= sent_at, 'expired',
        inactive, 'inactive',
        'permitted') AS verdict,
    if(verdict IN ('denied', 'expired', 'inactive'), since, NULL) AS decided
FROM
(
    SELECT
        controller, contact, channel, purpose, need, sent_at, any(s_space) AS space, any(s_namespace) AS namespace, any(s_point) AS point,
        countIf(said) AS words,
        countIf(brought) AS gifts,
        countIf(known AND decides AND decision = 'pending') AS waiting,
        groupArrayIf(id, unsold) AS back,
        arrayMax(arrayFilter(x -> NOT has(back, replaceRegexpOne(tupleElement(x, 4), '#[^#]*$', '')), groupArrayIf((decided_at, protects, until, id), sold))) AS sale,
        tupleElement(sale, 2) = 1 AND tupleElement(sale, 3) > sent_at AS sale_holds,
        multiIf(
            words > 0, argMaxIf((protects, decided_at, until), rank, said),
            gifts > 0, argMaxIf((protects, decided_at, until), rank, brought),
            (tupleElement(sale, 2), tupleElement(sale, 1), tupleElement(sale, 3))) AS basis
    FROM
    (
        SELECT
            s.controller AS controller, s.contact AS contact, s.channel AS channel, s.purpose AS purpose, s.need AS need, s.sent_at AS sent_at,
            s.space AS s_space, s.namespace AS s_namespace, s.point AS s_point,
            s.about AS about, d.decision AS decision, d.carried AS carried, d.decided_at AS decided_at, d.received_at AS received_at, d.expires_at AS expires_at, d.id AS id
        FROM
        (
            SELECT
                space, controller, contact, namespace, point, channel, purpose, at AS sent_at, arrayJoin(arrayConcat(
                    arrayMap(n -> (toString(n), toString(n), toString(channel)), needs),
                    if(has(needs, 'marketing') AND channel IN ('email', 'sms') AND family != '',
                        [('marketing', concat('soft_optin:', family), ''), ('marketing', 'sale_retracted', '')], []))) AS asked,
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
) AS k
LEFT JOIN
(
    SELECT i.space AS space, i.controller AS controller, i.namespace AS namespace, i.pseudonym AS point, groupUniqArray((e.occurred_at, e.received_at)) AS acts
    FROM
    (
        SELECT DISTINCT n.space AS space, n.controller AS controller, n.namespace AS namespace, n.pseudonym AS pseudonym, n.rcu_id AS rcu_id
        FROM {{database}}.profile_identifiers AS n FINAL
        INNER JOIN (SELECT controller, rcu_id, version FROM {{database}}.profiles FINAL) AS v ON v.controller = n.controller AND v.rcu_id = n.rcu_id
        WHERE n.version >= v.version AND (n.space, n.controller, n.namespace, n.pseudonym) IN (
            SELECT s.space, s.controller, s.namespace, s.point
            FROM {{database}}.contact_steps AS s
            INNER JOIN {{database}}.consents AS d ON d.space = s.space AND d.controller = s.controller AND d.namespace = s.namespace AND d.point = s.point
            WHERE s.step = 'confirm' AND s.reason = '' AND d.decision = 'grant' AND addMonths(d.decided_at, 36) <= s.at)
    ) AS i
    INNER JOIN
    (
        SELECT controller, occurred_at, received_at,
            arrayJoin(arrayDistinct([rcu_id, dictGetOrDefault('{{database}}.leaf_owner_overrides', 'rcu_id', tuple(leaf), rcu_id)])) AS whose
        FROM {{database}}.events FINAL
        WHERE type IN ('sale', 'return', 'order.placed', 'basket.updated', 'case.opened', 'call.ended', 'page.viewed', 'product.viewed', 'screen.viewed', 'app.opened',
                'loyalty.enrolled', 'loyalty.card_replaced', 'account.logged_in', 'identifier.provided')
            AND (controller, source, event_id) NOT IN (SELECT controller, source, retracted_id FROM {{database}}.retractions)
    ) AS e ON e.controller = i.controller AND e.whose = i.rcu_id
    GROUP BY i.space, i.controller, i.namespace, i.pseudonym
) AS a ON a.space = k.space AND a.controller = k.controller AND a.namespace = k.namespace AND a.point = k.point
WHERE verdict != 'permitted'

-- One row per controller, customer and topic of which nothing may be said to them, on no channel and in no shop: whoever makes an audience leaves them out.
-- `until` is when that ends by itself, 1970 where it does not. Wishes of every point of the customer count, the latest of each; nobody is told why.
CREATE OR REPLACE VIEW suppressed_topics
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS
SELECT
    i.controller AS controller,
    i.rcu_id AS rcu_id,
    i.space AS space,
    w.topic AS topic,
    toDateTime(if(max(w.ends) = 4294967295, 0, max(w.ends)), 'UTC') AS until
FROM
(
    SELECT space, controller, namespace, point, substring(purpose, 12) AS topic, wide,
        argMax(multiIf(decision != 'object', 0, toUnixTimestamp(expires_at) = 0, 4294967295, toUnixTimestamp(expires_at)),
            (decided_at, multiIf(decision != 'object', 0, toUnixTimestamp(expires_at) = 0, 4294967295, toUnixTimestamp(expires_at)))) AS ends
    FROM {{database}}.consents
    WHERE startsWith(purpose, 'wish:topic:') AND decision IN ('object', 'grant')
    GROUP BY space, controller, namespace, point, topic, wide
    HAVING ends > toUnixTimestamp(now())
) AS w
INNER JOIN
(
    SELECT DISTINCT n.space AS space, n.controller AS controller, n.namespace AS namespace, n.pseudonym AS pseudonym, n.rcu_id AS rcu_id
    FROM {{database}}.profile_identifiers AS n FINAL
    INNER JOIN (SELECT controller, rcu_id, version FROM {{database}}.profiles FINAL) AS v ON v.controller = n.controller AND v.rcu_id = n.rcu_id
    WHERE n.version >= v.version
) AS i ON i.space = w.space AND i.controller = w.controller AND i.namespace = w.namespace AND i.pseudonym = w.point
GROUP BY i.controller, i.rcu_id, i.space, w.topic

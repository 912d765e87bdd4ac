-- One row per space and controller: how many identifiers a profile has, and what happened in the graph of the space. The columns
-- `space_*` count changes of the whole space, which its controllers share: they are not to be summed over controllers.
CREATE OR REPLACE VIEW identity_quality
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS
SELECT
    p.space AS space,
    p.controller AS controller,
    count() AS profiles,
    countIf(p.identified) AS identified_profiles,
    countIf(p.quarantined) AS quarantined_profiles,
    sum(i.identifiers) AS identifiers,
    round(sum(i.identifiers) / count(), 3) AS identifiers_per_profile,
    max(i.identifiers) AS identifiers_max,
    any(c.created) AS space_created,
    any(c.linked) AS space_linked,
    any(c.merged) AS space_merged,
    any(c.split) AS space_split,
    any(c.refused) AS space_refused,
    any(c.quarantined) AS space_quarantined,
    any(c.contested) AS space_contested
FROM
(
    SELECT space, controller, rcu_id, quarantined, hasAny(namespaces, ['customer', 'card', 'email', 'phone', 'pay']) AS identified
    FROM {{database}}.profiles FINAL
) AS p
LEFT JOIN
(
    SELECT n.controller AS controller, n.rcu_id AS rcu_id, count() AS identifiers
    FROM {{database}}.profile_identifiers AS n FINAL
    INNER JOIN (SELECT controller, rcu_id, version FROM {{database}}.profiles FINAL) AS v ON v.controller = n.controller AND v.rcu_id = n.rcu_id
    WHERE n.version >= v.version
    GROUP BY n.controller, n.rcu_id
) AS i ON i.controller = p.controller AND i.rcu_id = p.rcu_id
LEFT JOIN
(
    SELECT
        space,
        countIf(kind = 'created') AS created,
        countIf(kind = 'linked') AS linked,
        countIf(kind = 'merged') AS merged,
        countIf(kind = 'split') AS split,
        countIf(kind = 'refused') AS refused,
        countIf(kind = 'quarantined') AS quarantined,
        countIf(kind = 'contested') AS contested
    FROM {{database}}.identity_changes FINAL
    GROUP BY space
) AS c ON c.space = p.space
GROUP BY p.space, p.controller

-- One row per controller and customer. Amounts are minor units per currency, never summed over currencies. Values of personal traits
-- are not here: `known_traits` names those that are known. `known_*` and `may_*` are 1 or 0.
CREATE OR REPLACE VIEW customer_360
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS
WITH
    arraySort(arrayDistinct(p.`spend.currency`)) AS currencies,
    arrayMap(c -> arraySum((v, k) -> if(k = c, v, 0), p.`spend.sales`, p.`spend.currency`), currencies) AS sold,
    arrayMap(c -> arraySum((v, k) -> if(k = c, v, 0), p.`spend.returns`, p.`spend.currency`), currencies) AS returned,
    arrayMap(c -> arraySum((v, k) -> if(k = c, v, 0), p.`spend.tickets`, p.`spend.currency`), currencies) AS tickets
SELECT
    p.controller AS controller,
    p.rcu_id AS rcu_id,
    p.space AS space,
    p.first_seen AS first_seen,
    p.last_seen AS last_seen,
    hasAny(p.namespaces, ['customer', 'card', 'email', 'phone', 'pay']) AS identified,
    p.quarantined AS quarantined,
    length(p.namespaces) AS identifiers,
    arraySort(arrayDistinct(p.namespaces)) AS namespaces,
    length(p.`orders.key`) AS orders,
    arrayCount((state, store) -> state = 'ready' AND store != '', p.`orders.state`, p.`orders.collect_store`) AS orders_to_collect,
    arrayCount(x -> x != 0, p.`orders.over_returned`) AS orders_over_returned,
    mapFromArrays(currencies, sold) AS sold_by_currency,
    mapFromArrays(currencies, returned) AS returned_by_currency,
    mapFromArrays(currencies, arrayMap((s, r) -> s - r, sold, returned)) AS net_by_currency,
    mapFromArrays(currencies, tickets) AS tickets_by_currency,
    arraySort(p.`activity.channel`) AS channels,
    mapFromArrays(p.`activity.channel`, p.`activity.last_at`) AS last_contact_by_channel,
    mapFromArrays(p.`activity.channel`, p.`activity.events`) AS events_by_channel,
    p.counters AS events_by_type,
    p.open_baskets AS open_baskets,
    countEqual(p.`cases.state`, 'open') AS open_cases,
    p.traits AS traits,
    p.known_traits AS known_traits,
    has(p.known_traits, 'given_name') AND has(p.known_traits, 'family_name') AS known_name,
    has(p.known_traits, 'birth_date') AS known_birth_date,
    has(p.known_traits, 'postal_code') AS known_postal_code,
    has(p.namespaces, 'email') AS known_email,
    has(p.namespaces, 'phone') AS known_phone,
    p.permissions AS permissions
FROM {{database}}.profiles AS p FINAL

-- One row per controller and customer. Amounts are minor units per currency, never summed over currencies. Values of personal traits
-- are not here: `known_traits` names those that are known. `known_*` and `may_*` are 1 or 0. `orders` counts all sales and orders; of
-- states (`orders_to_collect`, `orders_over_returned`) and cases only the newest few hundred of a customer are known here.
-- `may_*` are permissions as of the query: one that ended since the row was written is 0. `soft_optin_*` are the families of products that sales permit to
-- offer on the channel without a consent, as of the query.
CREATE OR REPLACE VIEW customer_360
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS
WITH
    bitAnd(p.permissions, bitNot(arrayReduce('groupBitOr', arrayMap(
        (at, mask) -> if(at <= now(), mask, toUInt64(0)), p.`permission_ends.at`, p.`permission_ends.mask`)))) AS permitted,
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
    arraySum(p.`spend.tickets`) AS orders,
    arrayCount(
        (state, store) -> store != '' AND state NOT IN ('collected', 'cancelled', 'returned', 'delivered', 'shipped'),
        p.`orders.state`, p.`orders.collect_store`) AS orders_to_collect,
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
    bitTest(permitted, 4) AS may_unify_core,
    bitTest(permitted, 5) AS may_unify_behaviour,
    bitTest(permitted, 6) AS may_personalise,
    bitTest(permitted, 7) AS may_store_view_web,
    bitTest(permitted, 8) AS may_email_open_tracking,
    bitTest(permitted, 9) AS may_analytics_individual,
    bitTest(permitted, 10) AS may_profiling,
    bitTest(permitted, 11) AS may_geoloc,
    bitTest(permitted, 12) AS may_beacon_presence,
    bitTest(permitted, 16) AS may_clienteling_contact_email,
    bitTest(permitted, 17) AS may_clienteling_contact_sms,
    bitTest(permitted, 18) AS may_clienteling_contact_messaging,
    bitTest(permitted, 24) AS may_marketing_email,
    bitTest(permitted, 25) AS may_marketing_sms,
    bitTest(permitted, 26) AS may_marketing_phone,
    bitTest(permitted, 27) AS may_marketing_post,
    bitTest(permitted, 28) AS may_marketing_messaging,
    bitTest(permitted, 29) AS may_marketing_push,
    bitTest(permitted, 32) AS may_survey_email,
    bitTest(permitted, 33) AS may_survey_sms,
    bitTest(permitted, 34) AS may_survey_phone,
    bitTest(permitted, 35) AS may_survey_post,
    bitTest(permitted, 36) AS may_survey_messaging,
    bitTest(permitted, 37) AS may_survey_push,
    arraySort(arrayFilter((family, channel, until) -> channel = 'email' AND (until > now() OR toUnixTimestamp64Micro(until) = 0),
        p.`soft_optins.family`, p.`soft_optins.channel`, p.`soft_optins.until`)) AS soft_optin_email,
    arraySort(arrayFilter((family, channel, until) -> channel = 'sms' AND (until > now() OR toUnixTimestamp64Micro(until) = 0),
        p.`soft_optins.family`, p.`soft_optins.channel`, p.`soft_optins.until`)) AS soft_optin_sms
FROM {{database}}.profiles AS p FINAL

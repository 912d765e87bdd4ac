-- Orders and returns per controller, channel, month (of the source's zone) and currency, anonymous ones included. One ticket or order
-- counts once, however often it was delivered; what was retracted does not count. Amounts are minor units of the row's currency.
CREATE OR REPLACE VIEW orders_by_channel
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS
SELECT
    controller,
    channel,
    month,
    currency,
    countIf(type != 'return') AS orders,
    countIf(type = 'return') AS returns,
    sumIf(amount, type != 'return') AS sold,
    sumIf(amount, type = 'return') AS returned,
    sold - returned AS net,
    uniqExactIf(owner, owner != '') AS customers,
    countIf(owner = '') AS anonymous
FROM
(
    SELECT
        o.controller AS controller,
        o.type AS type,
        o.channel AS channel,
        o.month AS month,
        o.currency AS currency,
        o.amount AS amount,
        dictGetOrDefault('{{database}}.leaf_owner_overrides', 'rcu_id', tuple(o.leaf), o.rcu_id) AS owner
    FROM {{database}}.orders AS o FINAL
    WHERE (o.controller, o.source, o.event_id) NOT IN (SELECT controller, source, retracted_id FROM {{database}}.retractions)
    ORDER BY o.controller, o.type, o.order_key, o.source, o.event_id
    LIMIT 1 BY o.controller, o.type, o.order_key
)
GROUP BY controller, channel, month, currency

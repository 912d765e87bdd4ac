-- Events with the customer they belong to now. A row that belongs to nobody (any more) is not shown.
CREATE OR REPLACE VIEW customer_timeline
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS
SELECT
    e.controller AS controller,
    dictGetOrDefault('{{database}}.leaf_owner_overrides', 'rcu_id', tuple(e.leaf), e.rcu_id) AS rcu_id,
    e.occurred_at AS occurred_at,
    e.business_date AS business_date,
    e.month AS month,
    e.received_at AS received_at,
    lower(hex(sipHash128(e.controller, e.source, e.event_id))) AS event_key,
    e.type AS type,
    e.channel AS channel,
    e.source AS source,
    e.store AS store,
    e.brand AS brand,
    e.country AS country,
    e.behaviour AS behaviour,
    e.sku AS sku,
    e.category AS category,
    e.kind AS kind,
    e.state AS state,
    e.amount AS amount,
    e.currency AS currency,
    e.permissions AS permissions,
    (e.controller, e.source, e.event_id) IN (SELECT controller, source, retracted_id FROM {{database}}.retractions) AS retracted
FROM {{database}}.events AS e FINAL
WHERE dictGetOrDefault('{{database}}.leaf_owner_overrides', 'rcu_id', tuple(e.leaf), e.rcu_id) != ''

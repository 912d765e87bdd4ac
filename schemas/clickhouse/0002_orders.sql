-- +goose NO TRANSACTION
-- +goose Up
-- One row per sale, order and return. `order_key` tells what counts once: the ticket or order of a sale or order, the event of
-- a return; views count one row per (controller, type, order_key). `reference` is the order or ticket concerned; empty: unknown.
CREATE TABLE IF NOT EXISTS orders
(
    controller     LowCardinality(String),
    order_key      UUID,
    type           LowCardinality(String),
    source         LowCardinality(String),
    event_id       String,
    version        UInt64,
    leaf           UUID,
    space          LowCardinality(String),
    rcu_id         String CODEC(ZSTD(1)),
    reference      String CODEC(ZSTD(1)),
    channel        LowCardinality(String),
    store          LowCardinality(String),
    brand          LowCardinality(String),
    occurred_at    DateTime64(6, 'UTC') CODEC(Delta, ZSTD(1)),
    business_date  Date,
    month          UInt32,
    received_at    DateTime64(6, 'UTC') CODEC(Delta, ZSTD(1)),
    amount         Int64,
    currency       LowCardinality(String),
    lines          UInt32,
    fulfilment     LowCardinality(String),
    collect_store  LowCardinality(String),
    reason         LowCardinality(String)
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toYYYYMM(received_at)
ORDER BY (controller, type, order_key, source, event_id)
SETTINGS non_replicated_deduplication_window = 1000;

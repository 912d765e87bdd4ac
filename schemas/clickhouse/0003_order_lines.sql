-- +goose NO TRANSACTION
-- +goose Up
-- One row per line of a sale, order or return; `line` counts from 1. Amounts are in the currency of the row.
CREATE TABLE IF NOT EXISTS order_lines
(
    controller     LowCardinality(String),
    order_key      UUID,
    type           LowCardinality(String),
    source         LowCardinality(String),
    event_id       String,
    line           UInt32,
    version        UInt64,
    leaf           UUID,
    space          LowCardinality(String),
    rcu_id         String CODEC(ZSTD(1)),
    channel        LowCardinality(String),
    store          LowCardinality(String),
    occurred_at    DateTime64(6, 'UTC') CODEC(Delta, ZSTD(1)),
    business_date  Date,
    month          UInt32,
    received_at    DateTime64(6, 'UTC') CODEC(Delta, ZSTD(1)),
    sku            LowCardinality(String),
    category       LowCardinality(String),
    quantity       Int64,
    unit_price     Int64,
    amount         Int64,
    currency       LowCardinality(String)
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toYYYYMM(received_at)
ORDER BY (controller, type, order_key, source, event_id, line)
SETTINGS non_replicated_deduplication_window = 1000;

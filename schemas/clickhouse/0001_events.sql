-- +goose NO TRANSACTION
-- +goose Up
-- One row per event. A row that is delivered again has the same key, whatever rcu_id it was resolved to; the highest version
-- (the latest resolution) stays. `leaf` is fixed for ever; zeros: folded nowhere. `rcu_id` is the owner at write; empty: nobody.
CREATE TABLE IF NOT EXISTS events
(
    controller     LowCardinality(String),
    leaf           UUID,
    source         LowCardinality(String),
    event_id       String,
    version        UInt64,
    space          LowCardinality(String),
    rcu_id         String CODEC(ZSTD(1)),
    type           LowCardinality(String),
    channel        LowCardinality(String),
    store          LowCardinality(String),
    brand          LowCardinality(String),
    country        LowCardinality(String),
    occurred_at    DateTime64(6, 'UTC') CODEC(Delta, ZSTD(1)),
    business_date  Date,
    month          UInt32,
    received_at    DateTime64(6, 'UTC') CODEC(Delta, ZSTD(1)),
    permissions    UInt64,
    behaviour      UInt8,
    references     Array(String) CODEC(ZSTD(1)),
    sku            LowCardinality(String),
    category       LowCardinality(String),
    path           String CODEC(ZSTD(1)),
    kind           LowCardinality(String),
    state          LowCardinality(String),
    amount         Int64,
    currency       LowCardinality(String),
    traits         Map(LowCardinality(String), String),
    retracted_id   String
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toYYYYMM(received_at)
ORDER BY (controller, leaf, source, event_id)
SETTINGS non_replicated_deduplication_window = 1000;

-- +goose NO TRANSACTION
-- +goose Up
-- One row per contact: a call, or a case opened or closed. `reference` is the call or case.
CREATE TABLE IF NOT EXISTS contacts
(
    controller       LowCardinality(String),
    leaf             UUID,
    source           LowCardinality(String),
    event_id         String,
    version          UInt64,
    space            LowCardinality(String),
    rcu_id           String CODEC(ZSTD(1)),
    type             LowCardinality(String),
    reference        String CODEC(ZSTD(1)),
    channel          LowCardinality(String),
    store            LowCardinality(String),
    brand            LowCardinality(String),
    occurred_at      DateTime64(6, 'UTC') CODEC(Delta, ZSTD(1)),
    business_date    Date,
    month            UInt32,
    received_at      DateTime64(6, 'UTC') CODEC(Delta, ZSTD(1)),
    kind             LowCardinality(String),
    state            LowCardinality(String),
    topic            LowCardinality(String),
    priority         LowCardinality(String),
    duration_seconds Int64,
    wait_seconds     Int64,
    outbound         UInt8
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toYYYYMM(received_at)
ORDER BY (controller, leaf, source, event_id)
SETTINGS non_replicated_deduplication_window = 1000;

-- +goose NO TRANSACTION
-- +goose Up
-- The evidence of consent (rcu.consents), one row per decision, denials included; expires_at 1970-01-01 means never. The topic is kept for years, so the partition is
-- the year: one insert of a replay stays below the limit of partitions.
CREATE TABLE IF NOT EXISTS consents
(
    controller      LowCardinality(String),
    namespace       LowCardinality(String),
    point           String CODEC(ZSTD(1)),
    purpose         LowCardinality(String),
    channel         LowCardinality(String),
    decided_at      DateTime('UTC'),
    source          LowCardinality(String),
    id              String,
    received_at     DateTime64(6, 'UTC'),
    space           LowCardinality(String),
    decision        LowCardinality(String),
    carried         UInt8,
    expires_at      DateTime('UTC'),
    act             LowCardinality(String),
    notice_id       LowCardinality(String),
    notice_version  LowCardinality(String),
    notice_language LowCardinality(String),
    collected_on    LowCardinality(String)
)
ENGINE = ReplacingMergeTree(received_at)
PARTITION BY toYear(received_at)
ORDER BY (controller, namespace, point, purpose, channel, decided_at, source, id)
SETTINGS non_replicated_deduplication_window = 1000;

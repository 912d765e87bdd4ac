-- +goose NO TRANSACTION
-- +goose Up
-- Stores as the events name them.
CREATE TABLE IF NOT EXISTS stores
(
    controller  LowCardinality(String),
    store       String,
    brand       LowCardinality(String),
    country     LowCardinality(String),
    zone        LowCardinality(String),
    received_at DateTime64(6, 'UTC')
)
ENGINE = ReplacingMergeTree(received_at)
ORDER BY (controller, store)
SETTINGS non_replicated_deduplication_window = 1000;

-- +goose NO TRANSACTION
-- +goose Up
-- Events that were taken back: what readers leave out of orders and mark in a timeline, in whichever order the two arrived.
CREATE TABLE IF NOT EXISTS retractions
(
    controller     LowCardinality(String),
    source         LowCardinality(String),
    retracted_id   String,
    retracted_type LowCardinality(String),
    occurred_at    DateTime64(6, 'UTC'),
    received_at    DateTime64(6, 'UTC')
)
ENGINE = ReplacingMergeTree
ORDER BY (controller, source, retracted_id)
SETTINGS non_replicated_deduplication_window = 1000;

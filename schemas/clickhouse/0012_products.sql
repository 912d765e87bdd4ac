-- +goose NO TRANSACTION
-- +goose Up
-- Products as lines and product views name them, with the latest category.
CREATE TABLE IF NOT EXISTS products
(
    controller  LowCardinality(String),
    sku         String,
    category    LowCardinality(String),
    received_at DateTime64(6, 'UTC')
)
ENGINE = ReplacingMergeTree(received_at)
ORDER BY (controller, sku)
SETTINGS non_replicated_deduplication_window = 1000;

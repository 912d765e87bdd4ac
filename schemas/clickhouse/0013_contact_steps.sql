-- +goose NO TRANSACTION
-- +goose Up
-- What was asked and answered before each contact of the company with a person (rcu.contacts), one row per step. A send is a row with step
-- `confirm` and no reason. `needs` are the purposes that the very point had to permit on the channel, `proof` the decisions that did.
CREATE TABLE IF NOT EXISTS contact_steps
(
    controller LowCardinality(String),
    contact    String,
    step       LowCardinality(String),
    at         DateTime64(6, 'UTC') CODEC(Delta, ZSTD(1)),
    space      LowCardinality(String),
    reason     LowCardinality(String),
    namespace  LowCardinality(String),
    point      String CODEC(ZSTD(1)),
    channel    LowCardinality(String),
    purpose    LowCardinality(String),
    needs      Array(LowCardinality(String)),
    proof      Array(String) CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(at)
ORDER BY (controller, contact, step, at)
SETTINGS non_replicated_deduplication_window = 1000;

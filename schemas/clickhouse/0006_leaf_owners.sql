-- +goose NO TRANSACTION
-- +goose Up
-- Owners of the leaves whose id has changed since their rows were written (rcu.owners). Empty rcu_id: nobody.
CREATE TABLE IF NOT EXISTS leaf_owners
(
    controller LowCardinality(String),
    leaf       UUID,
    version    UInt64,
    space      LowCardinality(String),
    rcu_id     String CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (controller, leaf)
SETTINGS non_replicated_deduplication_window = 1000;

-- +goose NO TRANSACTION
-- +goose Up
-- What changed in the graph, and why (rcu.identity). The graph belongs to a space, which controllers share: `controller` is
-- empty, and stands first so that every table is read alike.
CREATE TABLE IF NOT EXISTS identity_changes
(
    controller  LowCardinality(String) DEFAULT '',
    space       LowCardinality(String),
    id          String,
    version     UInt64,
    kind        LowCardinality(String),
    rcu_id      String CODEC(ZSTD(1)),
    before      Array(String) CODEC(ZSTD(1)),
    after       Array(String) CODEC(ZSTD(1)),
    cause_kind  LowCardinality(String),
    cause_id    String CODEC(ZSTD(1)),
    reason      LowCardinality(String),
    identifiers Array(String) CODEC(ZSTD(1)),
    at          DateTime64(6, 'UTC')
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (controller, space, id)
SETTINGS non_replicated_deduplication_window = 1000;

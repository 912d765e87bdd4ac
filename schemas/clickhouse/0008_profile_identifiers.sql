-- +goose NO TRANSACTION
-- +goose Up
-- Pseudonyms of the identifiers of a profile. `version` is the profile's version that last named the identifier: a row that is
-- older than its profile is no longer part of it.
CREATE TABLE IF NOT EXISTS profile_identifiers
(
    controller LowCardinality(String),
    rcu_id     String CODEC(ZSTD(1)),
    namespace  LowCardinality(String),
    pseudonym  String CODEC(ZSTD(1)),
    version    UInt64,
    space      LowCardinality(String),
    proved     UInt8
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (controller, rcu_id, namespace, pseudonym)
SETTINGS non_replicated_deduplication_window = 1000;

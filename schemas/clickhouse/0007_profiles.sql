-- +goose NO TRANSACTION
-- +goose Up
-- One row per controller and profile as combined by the resolver (rcu.profiles): no personal value. Lists are parallel arrays.
CREATE TABLE IF NOT EXISTS profiles
(
    controller           LowCardinality(String),
    rcu_id               String CODEC(ZSTD(1)),
    version              UInt64,
    gone                 UInt8,
    space                LowCardinality(String),
    first_seen           DateTime64(6, 'UTC'),
    last_seen            DateTime64(6, 'UTC'),
    traits               Map(LowCardinality(String), String),
    known_traits         Array(LowCardinality(String)),
    namespaces           Array(LowCardinality(String)),
    permissions          UInt64,
    quarantined          UInt8,
    open_baskets         Int64,
    counters             Map(LowCardinality(String), Int64),
    `spend.currency`     Array(LowCardinality(String)),
    `spend.month`        Array(UInt32),
    `spend.channel`      Array(LowCardinality(String)),
    `spend.sales`        Array(Int64),
    `spend.returns`      Array(Int64),
    `spend.tickets`      Array(Int64),
    `activity.channel`   Array(LowCardinality(String)),
    `activity.events`    Array(Int64),
    `activity.first_at`  Array(DateTime64(6, 'UTC')),
    `activity.last_at`   Array(DateTime64(6, 'UTC')),
    `activity.last_type` Array(LowCardinality(String)),
    `activity.last_store` Array(LowCardinality(String)),
    `orders.key`         Array(String) CODEC(ZSTD(1)),
    `orders.channel`     Array(LowCardinality(String)),
    `orders.store`       Array(LowCardinality(String)),
    `orders.collect_store` Array(LowCardinality(String)),
    `orders.state`       Array(LowCardinality(String)),
    `orders.placed_at`   Array(DateTime64(6, 'UTC')),
    `orders.changed_at`  Array(DateTime64(6, 'UTC')),
    `orders.currency`    Array(LowCardinality(String)),
    `orders.amount`      Array(Int64),
    `orders.returned`    Array(Int64),
    `orders.over_returned` Array(UInt8),
    `cases.key`          Array(String) CODEC(ZSTD(1)),
    `cases.kind`         Array(LowCardinality(String)),
    `cases.state`        Array(LowCardinality(String)),
    `cases.opened_at`    Array(DateTime64(6, 'UTC')),
    `cases.closed_at`    Array(DateTime64(6, 'UTC'))
)
ENGINE = ReplacingMergeTree(version, gone)
ORDER BY (controller, rcu_id)
SETTINGS non_replicated_deduplication_window = 1000;

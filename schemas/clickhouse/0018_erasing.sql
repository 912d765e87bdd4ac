-- +goose NO TRANSACTION
-- +goose Up
-- What is being erased, while it is: in memory alone, so that no statement, log or file names it. kind: leaf, name (an rcu_id), pseudonym, change (an rcu_id
-- whose changes of identity go).
CREATE TABLE IF NOT EXISTS erasing
(
    kind       LowCardinality(String),
    controller LowCardinality(String),
    value      String
)
ENGINE = Memory;

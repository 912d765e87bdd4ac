-- +goose NO TRANSACTION
-- +goose Up
-- The history of a record is asked for by its identifiers (rcu explain). Parts that were written before get the index as they are merged.
ALTER TABLE identity_changes ADD INDEX IF NOT EXISTS by_identifier identifiers TYPE bloom_filter(0.001) GRANULARITY 1;

-- +goose NO TRANSACTION
-- +goose Up
-- When permissions of a profile end by themselves, so that whoever reads the row later does not take them for permissions still. Parallel arrays.
ALTER TABLE profiles
    ADD COLUMN IF NOT EXISTS `permission_ends.at` Array(DateTime64(6, 'UTC')) AFTER permissions,
    ADD COLUMN IF NOT EXISTS `permission_ends.mask` Array(UInt64) AFTER `permission_ends.at`;

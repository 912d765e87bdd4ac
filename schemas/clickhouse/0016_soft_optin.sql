-- +goose NO TRANSACTION
-- +goose Up
-- What sales permit without a consent: of a contact the family of products that it offers; of a profile the families that may be offered on a channel, and
-- until when (1970 = until something happens). Parallel arrays.
ALTER TABLE contact_steps
    ADD COLUMN IF NOT EXISTS family LowCardinality(String) AFTER purpose;
ALTER TABLE profiles
    ADD COLUMN IF NOT EXISTS `soft_optins.channel` Array(LowCardinality(String)) AFTER `permission_ends.mask`,
    ADD COLUMN IF NOT EXISTS `soft_optins.family` Array(LowCardinality(String)) AFTER `soft_optins.channel`,
    ADD COLUMN IF NOT EXISTS `soft_optins.until` Array(DateTime64(6, 'UTC')) AFTER `soft_optins.family`;

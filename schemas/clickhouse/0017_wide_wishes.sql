-- +goose NO TRANSACTION
-- +goose Up
-- Whether a wish was said for every point of the person. What is wished wide and of the point alone are two things: each stands until it is taken back.
ALTER TABLE consents
    ADD COLUMN IF NOT EXISTS wide UInt8 AFTER carried;

-- +goose Up

-- api_key (owner: auth): what a key pays with, and how much of it a month
ALTER TABLE api_key ADD COLUMN pays_with TEXT NOT NULL DEFAULT 'tokens'; -- tokens | credits
ALTER TABLE api_key ADD COLUMN budget BIGINT NOT NULL DEFAULT 0;         -- thousandths a UTC month; 0 = no bound

-- generation, key_spend (owner: generation)
ALTER TABLE generation ADD COLUMN key_id TEXT NOT NULL DEFAULT ''; -- API key that asked for it; empty = none
CREATE TABLE key_spend (
    key_id TEXT NOT NULL,
    month  TEXT NOT NULL,                         -- 2026-11, UTC
    used   BIGINT NOT NULL CHECK (used >= 0),     -- held and captured
    PRIMARY KEY (key_id, month)
);

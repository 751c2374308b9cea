-- +goose Up

-- upload (owner: asset): pictures of people's own, and places that wait for one
CREATE TABLE upload (
    id          TEXT PRIMARY KEY,
    account_id  TEXT NOT NULL REFERENCES account (id),
    key_id      TEXT NOT NULL,    -- API key that asked for the place; empty = the studio
    purpose     TEXT NOT NULL,    -- picture | mask
    width       INTEGER NOT NULL, -- 0 = nothing has come yet
    height      INTEGER NOT NULL,
    bytes       BIGINT NOT NULL,
    sha256      TEXT NOT NULL,
    has_alpha   INTEGER NOT NULL,
    placeholder TEXT NOT NULL,
    created_at  BIGINT NOT NULL,
    expires_at  BIGINT NOT NULL   -- 0 = stays until it is deleted
);
CREATE INDEX upload_account ON upload (account_id, created_at DESC, id DESC);
CREATE INDEX upload_file ON upload (account_id, sha256);
CREATE INDEX upload_expiry ON upload (expires_at) WHERE expires_at > 0;

-- +goose Up

-- worker (owner: queue): what runs the work, so that it can be told and compared
ALTER TABLE worker ADD COLUMN kind TEXT NOT NULL DEFAULT 'server'; -- server, worker or remote
ALTER TABLE worker ADD COLUMN name TEXT NOT NULL DEFAULT '';       -- of the machine, for people
ALTER TABLE worker ADD COLUMN version TEXT NOT NULL DEFAULT '';    -- of Bottega
ALTER TABLE worker ADD COLUMN models TEXT NOT NULL DEFAULT '';     -- exact versions, commas between

-- worker_token (owner: auth): what machines sign in with that reach a server over HTTP alone
CREATE TABLE worker_token (
    id           TEXT PRIMARY KEY,
    name         TEXT NOT NULL,
    prefix       TEXT NOT NULL,        -- the beginning of the token, to recognise it by
    hash         TEXT NOT NULL UNIQUE, -- HMAC-SHA-256 under the installation's pepper
    created_at   BIGINT NOT NULL,
    expires_at   BIGINT NOT NULL,      -- 0 = never
    last_used_at BIGINT NOT NULL,      -- 0 = never
    revoked_at   BIGINT NOT NULL       -- 0 = in force
);

-- +goose Up

-- transfer (owner: db): how far a restore, or a move to another database, is; empty = none is under way
CREATE TABLE IF NOT EXISTS transfer (
    part   TEXT PRIMARY KEY, -- a table; empty = the whole
    source TEXT NOT NULL,    -- of the whole: what it comes from
    done   BIGINT NOT NULL   -- rows that are there
);

-- image (owner: asset): how much an account keeps is added up from the index alone
CREATE INDEX image_kept ON image (account_id, bytes);

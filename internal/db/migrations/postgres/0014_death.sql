-- +goose Up

-- ticket (owner: queue): how often a worker process ended while it ran this, and which request asked for it
ALTER TABLE ticket ADD COLUMN deaths INTEGER NOT NULL DEFAULT 0;
ALTER TABLE ticket ADD COLUMN request_id TEXT NOT NULL DEFAULT '';

-- death (owner: queue): the evidence, kept when the ticket is gone. No prompt is in it
CREATE TABLE death (
    ticket_id  TEXT NOT NULL,    -- the generation
    attempt    INTEGER NOT NULL,
    account_id TEXT NOT NULL,
    engine     TEXT NOT NULL,
    model      TEXT NOT NULL,
    owner      TEXT NOT NULL,    -- the process that had the lease
    request_id TEXT NOT NULL,    -- of the submission; empty = not over HTTP
    started_at BIGINT NOT NULL,
    ended_at   BIGINT NOT NULL,  -- when it was noticed
    how        TEXT NOT NULL,    -- exit status or signal, or that its lease ran out
    said       TEXT NOT NULL,    -- the last lines of its standard error
    beside     INTEGER NOT NULL, -- other work in the same process
    PRIMARY KEY (ticket_id, attempt)
);
CREATE INDEX death_ended ON death (ended_at);

-- generation (owner: generation): what was put aside, for the operator
CREATE INDEX generation_quarantined ON generation (finished_at) WHERE failure_code = 'quarantined';

-- +goose Up

-- model_load (owner: queue): a model on its way into the memory of a machine. What has ended is kept for some days
CREATE TABLE model_load (
    id          TEXT PRIMARY KEY,
    engine      TEXT NOT NULL,
    model       TEXT NOT NULL,
    state       TEXT NOT NULL,    -- waiting | loading | done | failed | dropped
    attempt     INTEGER NOT NULL, -- times it was begun
    owner       TEXT NOT NULL,    -- process that makes room or loads, or did so last; empty = nobody yet
    lease_until BIGINT NOT NULL,  -- 0 = nobody has it
    not_before  BIGINT NOT NULL,  -- after a failure; 0 = at once
    tickets     INTEGER NOT NULL, -- that wait for the model, as it was last looked at
    oldest_at   BIGINT NOT NULL,  -- when the oldest of them came
    asked_at    BIGINT NOT NULL,
    due_at      BIGINT NOT NULL,  -- when the turn of one of them came; 0 = not yet
    started_at  BIGINT NOT NULL,  -- of the last attempt; 0 = never
    ended_at    BIGINT NOT NULL,  -- 0 = it is open
    done        BIGINT NOT NULL,  -- bytes
    total       BIGINT NOT NULL,  -- bytes; 0 = not known
    failure     TEXT NOT NULL     -- why the last attempt failed, or why it cannot begin
);
CREATE UNIQUE INDEX model_load_open ON model_load (engine, model, owner) WHERE ended_at = 0;
CREATE INDEX model_load_ended ON model_load (ended_at) WHERE ended_at > 0;

-- worker_model (owner: queue): models of the processes that work, for placing work and loads
CREATE TABLE worker_model (
    owner    TEXT NOT NULL,    -- as in worker
    engine   TEXT NOT NULL,
    model    TEXT NOT NULL,
    loads    INTEGER NOT NULL, -- 1 = it has to be loaded before it works; 0 = always ready
    resident INTEGER NOT NULL, -- 1 = it is in memory
    memory   BIGINT NOT NULL,  -- bytes while it is; 0 = not known
    since    BIGINT NOT NULL,  -- when it came into memory; 0 = it is not, or was there from the start
    used_at  BIGINT NOT NULL,  -- when it last worked; 0 = never
    micros   BIGINT NOT NULL,  -- of one slot of this process for a thousand tokens of weight, smoothed; 0 = not measured
    PRIMARY KEY (owner, engine, model)
);

-- worker, ticket (owner: queue)
ALTER TABLE worker ADD COLUMN memory BIGINT NOT NULL DEFAULT 0;    -- for models, in bytes; 0 = no bound
ALTER TABLE ticket ADD COLUMN passed INTEGER NOT NULL DEFAULT 0;   -- times a later one of its account took its turn

-- +goose Up

-- audit (owner: audit): what the operator did, append-only
CREATE TABLE audit (
    id         BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at         BIGINT NOT NULL,
    actor      TEXT NOT NULL, -- account; empty = whoever has the shell
    action     TEXT NOT NULL, -- lane.pause, account.stop, work.cancel, …
    subject    TEXT NOT NULL, -- what it was done to: a lane, a worker, a generation, an account
    account_id TEXT NOT NULL, -- whose it is; empty = nobody's
    reason     TEXT NOT NULL,
    details    TEXT NOT NULL  -- JSON
);
CREATE INDEX audit_account ON audit (account_id, id) WHERE account_id <> '';
-- +goose StatementBegin
CREATE FUNCTION audit_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit log is append-only';
END $$;
-- +goose StatementEnd
CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE ON audit FOR EACH ROW EXECUTE FUNCTION audit_append_only();

-- queue_share, ticket, worker (owner: queue)
ALTER TABLE queue_share ADD COLUMN stopped TEXT NOT NULL DEFAULT '';       -- why the operator lets nothing of it start; empty = it may
ALTER TABLE queue_share ADD COLUMN rate INTEGER NOT NULL DEFAULT 100;      -- percent of a usual part of the machine
ALTER TABLE queue_share ADD COLUMN rate_until BIGINT NOT NULL DEFAULT 0;   -- when the rate is 100 again; 0 = it stays
ALTER TABLE queue_share ADD COLUMN pixels BIGINT NOT NULL DEFAULT 0;       -- of all its tickets
CREATE INDEX queue_share_rate ON queue_share (rate_until) WHERE rate_until > 0;
ALTER TABLE ticket ADD COLUMN pixels BIGINT NOT NULL DEFAULT 0;            -- of its pictures; 0 = from before they were counted
UPDATE ticket SET rate = 100;                                              -- percent, from now on
CREATE INDEX ticket_kept ON ticket (lane, share) WHERE paused = 1;
ALTER TABLE worker ADD COLUMN drained INTEGER NOT NULL DEFAULT 0;          -- 1 = it is to start nothing

-- generation (owner: generation)
ALTER TABLE generation ADD COLUMN attempts INTEGER NOT NULL DEFAULT 0;     -- times it was started
CREATE INDEX generation_time ON generation (created_at DESC, id DESC);

-- hold (owner: ledger): what was moved to the relaxed lane is open and holds nothing
CREATE INDEX hold_eased ON hold (id) WHERE state = 'eased';

-- +goose Up

-- subscription (owner: plan): what became of the plan an account began with
CREATE TABLE subscription (
    account_id TEXT PRIMARY KEY REFERENCES account (id),
    version    BIGINT NOT NULL,  -- grows with each change
    last_n     INTEGER NOT NULL, -- number of the newest term
    terms      TEXT NOT NULL     -- JSON, in the order of their beginning
);

-- How far a wallet has followed its account's subscription.
ALTER TABLE wallet ADD COLUMN schedule BIGINT NOT NULL DEFAULT 0;
ALTER TABLE wallet ADD COLUMN started INTEGER NOT NULL DEFAULT 0;

-- generation, ticket: work that is paid with tokens, and work that is not
ALTER TABLE generation ADD COLUMN lane TEXT NOT NULL DEFAULT 'fast'; -- fast | relaxed
CREATE INDEX ticket_lane ON ticket (lane, queued_at, id);

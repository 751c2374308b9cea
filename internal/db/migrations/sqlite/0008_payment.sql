-- +goose Up

-- api_subscription (owner: plan): what became of the plan of an account's API credits
CREATE TABLE api_subscription (
    account_id TEXT PRIMARY KEY REFERENCES account (id),
    version    BIGINT NOT NULL,
    last_n     INTEGER NOT NULL,
    terms      TEXT NOT NULL
);

-- ledger_grant: what a debt still is
ALTER TABLE ledger_grant ADD COLUMN owed BIGINT NOT NULL DEFAULT 0 CHECK (owed >= 0);

-- payment, payer, payer_subscription, provider_event, topup_rule (owner: payment)
CREATE TABLE payment (
    id         TEXT PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES account (id),
    kind       TEXT NOT NULL,   -- pack | topup | start | upgrade | renewal
    unit       TEXT NOT NULL,   -- tokens | credits
    amount     BIGINT NOT NULL CHECK (amount > 0),                            -- asked, micro-USD
    received   BIGINT NOT NULL CHECK (received >= 0),
    refunded   BIGINT NOT NULL CHECK (refunded >= 0 AND refunded <= received),
    tokens     BIGINT NOT NULL CHECK (tokens >= 0),                           -- it brings, thousandths
    taken      BIGINT NOT NULL CHECK (taken >= 0 AND taken <= tokens),        -- of them, with refunds
    claimed    BIGINT NOT NULL CHECK (claimed >= 0),                          -- because of a dispute
    brought    INTEGER NOT NULL,
    dispute    TEXT NOT NULL,   -- empty | open | won | lost
    terms      TEXT NOT NULL,   -- JSON
    state      TEXT NOT NULL,   -- open | failed | paid | stuck | refunded | disputed | chargedback
    reason     TEXT NOT NULL,
    provider   TEXT NOT NULL,
    checkout   TEXT NOT NULL,   -- the provider's names; empty = none yet
    charge     TEXT NOT NULL,
    receipt    TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    paid_at    BIGINT NOT NULL  -- 0 = not yet
);
CREATE INDEX payment_account ON payment (account_id, created_at, id);
CREATE INDEX payment_open ON payment (created_at, id) WHERE state = 'open';
CREATE UNIQUE INDEX payment_charge ON payment (provider, charge) WHERE charge <> '';
CREATE UNIQUE INDEX payment_one_topup ON payment (account_id, unit) WHERE kind = 'topup' AND state = 'open';
CREATE UNIQUE INDEX payment_one_change ON payment (account_id, unit) WHERE kind IN ('start', 'upgrade') AND state = 'open';

CREATE TABLE payer (
    account_id TEXT NOT NULL REFERENCES account (id),
    provider   TEXT NOT NULL,
    customer   TEXT NOT NULL,
    PRIMARY KEY (account_id, provider)
);
CREATE TABLE payer_subscription (
    provider     TEXT NOT NULL,
    subscription TEXT NOT NULL,   -- the provider's name
    account_id   TEXT NOT NULL REFERENCES account (id),
    unit         TEXT NOT NULL,
    told         TEXT NOT NULL,   -- JSON of what the provider was last told; empty = nothing
    live         INTEGER NOT NULL, -- it follows the account's plan; 0 = it is to end
    ended        INTEGER NOT NULL, -- at the provider
    PRIMARY KEY (provider, subscription)
);
CREATE INDEX payer_subscription_account ON payer_subscription (account_id, unit);

CREATE TABLE provider_event (
    provider    TEXT NOT NULL,
    id          TEXT NOT NULL,
    type        TEXT NOT NULL,
    ref_kind    TEXT NOT NULL,   -- what to look up
    ref_id      TEXT NOT NULL,
    created_at  BIGINT NOT NULL, -- by the provider
    received_at BIGINT NOT NULL,
    done_at     BIGINT NOT NULL, -- 0 = not yet
    attempts    INTEGER NOT NULL,
    body        TEXT NOT NULL,   -- JSON without names, addresses and cards
    PRIMARY KEY (provider, id)
);
CREATE INDEX provider_event_waiting ON provider_event (received_at) WHERE done_at = 0;

CREATE TABLE topup_rule (
    account_id TEXT NOT NULL REFERENCES account (id),
    unit       TEXT NOT NULL,
    enabled    INTEGER NOT NULL,
    threshold  BIGINT NOT NULL,
    pack       TEXT NOT NULL,    -- empty = the amount
    amount     BIGINT NOT NULL,
    ceiling    BIGINT NOT NULL,  -- micro-USD a UTC month
    failures   INTEGER NOT NULL,
    retry_at   BIGINT NOT NULL,
    reason     TEXT NOT NULL,
    PRIMARY KEY (account_id, unit)
);
CREATE INDEX topup_rule_enabled ON topup_rule (account_id, unit) WHERE enabled = 1;

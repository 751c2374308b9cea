-- +goose Up

-- ledger_grant (owner: ledger): of what is held, what goes too because its payment was given back
ALTER TABLE ledger_grant ADD COLUMN due BIGINT NOT NULL DEFAULT 0 CHECK (due >= 0);

-- payment, payer, payer_subscription, topup_rule, payment_of_buyer, payer_of_buyer, payer_subscription_of_buyer, topup_rule_of_buyer (owner: payment): who buys is an account, by its id, or a team, by its wallet
CREATE TABLE payment_of_buyer (
    id         TEXT PRIMARY KEY,
    buyer      TEXT NOT NULL,
    kind       TEXT NOT NULL,
    unit       TEXT NOT NULL,
    amount     BIGINT NOT NULL CHECK (amount > 0),
    received   BIGINT NOT NULL CHECK (received >= 0),
    refunded   BIGINT NOT NULL CHECK (refunded >= 0 AND refunded <= received),
    tokens     BIGINT NOT NULL CHECK (tokens >= 0),
    taken      BIGINT NOT NULL CHECK (taken >= 0 AND taken <= tokens),
    claimed    BIGINT NOT NULL CHECK (claimed >= 0),
    brought    INTEGER NOT NULL,
    dispute    TEXT NOT NULL,
    terms      TEXT NOT NULL,
    state      TEXT NOT NULL,
    reason     TEXT NOT NULL,
    provider   TEXT NOT NULL,
    checkout   TEXT NOT NULL,
    charge     TEXT NOT NULL,
    receipt    TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    paid_at    BIGINT NOT NULL
);
INSERT INTO payment_of_buyer SELECT id, account_id, kind, unit, amount, received, refunded, tokens, taken, claimed, brought, dispute, terms, state,
    reason, provider, checkout, charge, receipt, created_at, paid_at FROM payment;
DROP TABLE payment;
ALTER TABLE payment_of_buyer RENAME TO payment;
CREATE INDEX payment_buyer ON payment (buyer, created_at, id);
CREATE INDEX payment_open ON payment (created_at, id) WHERE state = 'open';
CREATE UNIQUE INDEX payment_charge ON payment (provider, charge) WHERE charge <> '';
CREATE UNIQUE INDEX payment_one_topup ON payment (buyer, unit) WHERE kind = 'topup' AND state = 'open';
CREATE UNIQUE INDEX payment_one_change ON payment (buyer, unit) WHERE kind IN ('start', 'upgrade') AND state = 'open';

CREATE TABLE payer_of_buyer (
    buyer    TEXT NOT NULL,
    provider TEXT NOT NULL,
    customer TEXT NOT NULL,
    PRIMARY KEY (buyer, provider)
);
INSERT INTO payer_of_buyer SELECT account_id, provider, customer FROM payer;
DROP TABLE payer;
ALTER TABLE payer_of_buyer RENAME TO payer;

CREATE TABLE payer_subscription_of_buyer (
    provider     TEXT NOT NULL,
    subscription TEXT NOT NULL,
    buyer        TEXT NOT NULL,
    unit         TEXT NOT NULL,
    told         TEXT NOT NULL,
    live         INTEGER NOT NULL,
    ended        INTEGER NOT NULL,
    refused_at   BIGINT NOT NULL DEFAULT 0, -- last refusal of a renewal that was not paid since; 0 = none
    PRIMARY KEY (provider, subscription)
);
INSERT INTO payer_subscription_of_buyer SELECT provider, subscription, account_id, unit, told, live, ended, 0 FROM payer_subscription;
DROP TABLE payer_subscription;
ALTER TABLE payer_subscription_of_buyer RENAME TO payer_subscription;
CREATE INDEX payer_subscription_buyer ON payer_subscription (buyer, unit);

CREATE TABLE topup_rule_of_buyer (
    buyer     TEXT NOT NULL,
    unit      TEXT NOT NULL,
    enabled   INTEGER NOT NULL,
    threshold BIGINT NOT NULL,
    pack      TEXT NOT NULL,
    amount    BIGINT NOT NULL,
    ceiling   BIGINT NOT NULL,
    failures  INTEGER NOT NULL,
    retry_at  BIGINT NOT NULL,
    reason    TEXT NOT NULL,
    PRIMARY KEY (buyer, unit)
);
INSERT INTO topup_rule_of_buyer SELECT account_id, unit, enabled, threshold, pack, amount, ceiling, failures, retry_at, reason FROM topup_rule;
DROP TABLE topup_rule;
ALTER TABLE topup_rule_of_buyer RENAME TO topup_rule;
CREATE INDEX topup_rule_enabled ON topup_rule (buyer, unit) WHERE enabled = 1;

-- team_invitation (owner: team): how many an account had mailed lately
CREATE INDEX team_invitation_inviter ON team_invitation (created_by, created_at);

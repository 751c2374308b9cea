-- +goose Up

-- hold (owner: ledger): the model it pays for, so that the journal can be asked for one
ALTER TABLE hold ADD COLUMN model TEXT NOT NULL DEFAULT ''; -- empty = not known
UPDATE hold SET model = COALESCE((SELECT g.model FROM generation g WHERE g.id = hold.id), '');

-- alert, alert_choice (owner: alert): what people were told, once each, and how they want to be told
CREATE TABLE alert (
    id           TEXT PRIMARY KEY,
    account_id   TEXT NOT NULL REFERENCES account (id),
    kind         TEXT NOT NULL,    -- pool | daily | credits | expiring | payment
    period       TEXT NOT NULL,    -- what it is about: with the kind it is told once
    details      TEXT NOT NULL,    -- JSON
    created_at   BIGINT NOT NULL,
    dismissed_at BIGINT NOT NULL,  -- 0 = still shown
    mail         TEXT NOT NULL,    -- none | waiting | sending | sent | failed
    mail_tries   INTEGER NOT NULL,
    mail_at      BIGINT NOT NULL,  -- waiting: not before; sending: since; sent: when
    UNIQUE (account_id, kind, period)
);
CREATE INDEX alert_shown ON alert (account_id, created_at) WHERE dismissed_at = 0;
CREATE INDEX alert_mail ON alert (mail_at) WHERE mail = 'waiting' OR mail = 'sending';
CREATE TABLE alert_choice (
    account_id    TEXT PRIMARY KEY REFERENCES account (id),
    ways          TEXT NOT NULL,    -- JSON: kind → off | page | mail; left out = its default
    credits_below BIGINT NOT NULL   -- thousandths of a credit; 0 = no alert
);

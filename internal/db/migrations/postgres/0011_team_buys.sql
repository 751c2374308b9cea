-- +goose Up

-- ledger_grant (owner: ledger): of what is held, what goes too because its payment was given back
ALTER TABLE ledger_grant ADD COLUMN due BIGINT NOT NULL DEFAULT 0 CHECK (due >= 0);

-- payment, payer, payer_subscription, topup_rule (owner: payment): who buys is an account, by its id, or a team, by its wallet
ALTER TABLE payment DROP CONSTRAINT payment_account_id_fkey;
ALTER TABLE payment RENAME COLUMN account_id TO buyer;
ALTER INDEX payment_account RENAME TO payment_buyer;

ALTER TABLE payer DROP CONSTRAINT payer_account_id_fkey;
ALTER TABLE payer RENAME COLUMN account_id TO buyer;

ALTER TABLE payer_subscription DROP CONSTRAINT payer_subscription_account_id_fkey;
ALTER TABLE payer_subscription RENAME COLUMN account_id TO buyer;
ALTER TABLE payer_subscription ADD COLUMN refused_at BIGINT NOT NULL DEFAULT 0; -- last refusal of a renewal that was not paid since; 0 = none
ALTER INDEX payer_subscription_account RENAME TO payer_subscription_buyer;

ALTER TABLE topup_rule DROP CONSTRAINT topup_rule_account_id_fkey;
ALTER TABLE topup_rule RENAME COLUMN account_id TO buyer;

-- team_invitation (owner: team): how many an account had mailed lately
CREATE INDEX team_invitation_inviter ON team_invitation (created_by, created_at);

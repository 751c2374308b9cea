-- +goose Up

-- code, redemption (owner: plan): tokens to be given away or sold on paper
CREATE TABLE code (
    id         TEXT PRIMARY KEY,
    hash       TEXT NOT NULL UNIQUE, -- SHA-256; the code itself is not kept
    amount     BIGINT NOT NULL CHECK (amount > 0),
    lasts_us   BIGINT NOT NULL,      -- how long its tokens last; 0 = for good
    uses_left  BIGINT NOT NULL CHECK (uses_left >= 0),
    expires_at BIGINT NOT NULL,      -- of the code; 0 = never
    note       TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE TABLE redemption (
    code_id    TEXT NOT NULL REFERENCES code (id),
    account_id TEXT NOT NULL REFERENCES account (id),
    at         BIGINT NOT NULL,
    PRIMARY KEY (code_id, account_id)
);

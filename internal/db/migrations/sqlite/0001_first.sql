-- +goose Up

-- account (owner: account)
CREATE TABLE account (
    id            TEXT PRIMARY KEY,
    email         TEXT NOT NULL UNIQUE, -- lower case
    password_hash TEXT NOT NULL,        -- argon2id, PHC string; empty = cannot sign in
    role          TEXT NOT NULL,        -- user | owner
    plan          TEXT NOT NULL,
    plan_since    BIGINT NOT NULL,      -- microseconds since 1970, as all times here
    created_at    BIGINT NOT NULL
);

-- session, api_key, owner_link, secret (owner: auth)
CREATE TABLE session (
    token_hash   TEXT PRIMARY KEY,
    account_id   TEXT NOT NULL REFERENCES account (id),
    user_agent   TEXT NOT NULL,
    created_at   BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL,
    expires_at   BIGINT NOT NULL
);
CREATE INDEX session_account ON session (account_id);

CREATE TABLE api_key (
    id           TEXT PRIMARY KEY,
    account_id   TEXT NOT NULL REFERENCES account (id),
    name         TEXT NOT NULL,
    prefix       TEXT NOT NULL,
    hash         TEXT NOT NULL UNIQUE,
    created_at   BIGINT NOT NULL,
    expires_at   BIGINT NOT NULL, -- 0 = never
    last_used_at BIGINT NOT NULL, -- 0 = never
    revoked_at   BIGINT NOT NULL  -- 0 = in force
);
CREATE INDEX api_key_account ON api_key (account_id);

CREATE TABLE owner_link (
    token_hash TEXT PRIMARY KEY,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at    BIGINT NOT NULL -- 0 = unused
);

CREATE TABLE secret (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL -- hex
);

-- wallet, ledger_grant, hold, entry (owner: ledger)
CREATE TABLE wallet (
    id         TEXT PRIMARY KEY, -- the account's id: one token wallet each
    available  BIGINT NOT NULL CHECK (available >= 0),
    held       BIGINT NOT NULL CHECK (held >= 0),
    seq        BIGINT NOT NULL, -- of the newest entry
    clock      BIGINT NOT NULL, -- never goes back
    head_hash  TEXT NOT NULL
);

CREATE TABLE ledger_grant (
    id         TEXT PRIMARY KEY,
    wallet_id  TEXT NOT NULL REFERENCES wallet (id),
    kind       TEXT NOT NULL,   -- promo | daily | plan | bank | topup
    source_ref TEXT NOT NULL,   -- daily:2026-11-23, plan:artisan:2026-11-01:3, admin:…
    amount     BIGINT NOT NULL,
    remaining  BIGINT NOT NULL CHECK (remaining >= 0),
    held       BIGINT NOT NULL CHECK (held >= 0),
    spent      BIGINT NOT NULL CHECK (spent >= 0),
    expired    BIGINT NOT NULL CHECK (expired >= 0),
    moved      BIGINT NOT NULL CHECK (moved >= 0),
    is_open    INTEGER NOT NULL,
    expires_at BIGINT NOT NULL, -- 0 = never
    created_at BIGINT NOT NULL,
    UNIQUE (wallet_id, source_ref)
);
CREATE INDEX ledger_grant_open ON ledger_grant (wallet_id) WHERE is_open = 1;

CREATE TABLE hold (
    id         TEXT PRIMARY KEY, -- the generation's id
    wallet_id  TEXT NOT NULL REFERENCES wallet (id),
    amount     BIGINT NOT NULL,
    captured   BIGINT NOT NULL,
    state      TEXT NOT NULL,    -- held | captured | released
    legs       TEXT NOT NULL,    -- JSON: [{"grant":…,"amount":…}] in spending order
    created_at BIGINT NOT NULL,
    ended_at   BIGINT NOT NULL   -- 0 = open
);
CREATE INDEX hold_open ON hold (wallet_id) WHERE state = 'held';

CREATE TABLE entry (
    wallet_id TEXT NOT NULL REFERENCES wallet (id),
    seq       BIGINT NOT NULL,
    grant_id  TEXT NOT NULL,
    hold_id   TEXT NOT NULL,     -- empty when no hold is involved
    op        TEXT NOT NULL,     -- grant | hold | capture | release | expire | roll
    from_box  TEXT NOT NULL,     -- issue | available | held
    to_box    TEXT NOT NULL,     -- available | held | spent | expired | moved
    amount    BIGINT NOT NULL CHECK (amount > 0),
    note      TEXT NOT NULL,
    at        BIGINT NOT NULL,
    hash      TEXT NOT NULL,     -- SHA-256 over the hash before and this row
    PRIMARY KEY (wallet_id, seq)
);
-- +goose StatementBegin
CREATE TRIGGER entry_no_update BEFORE UPDATE ON entry BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER entry_no_delete BEFORE DELETE ON entry BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
-- +goose StatementEnd

-- generation (owner: generation)
CREATE TABLE generation (
    id              TEXT PRIMARY KEY,
    account_id      TEXT NOT NULL REFERENCES account (id),
    kind            TEXT NOT NULL,
    model           TEXT NOT NULL,
    params          TEXT NOT NULL, -- JSON, normalised request of the kind
    pictures        INTEGER NOT NULL,
    timeout_ms      BIGINT NOT NULL,
    state           TEXT NOT NULL, -- waiting | running | complete | failed | cancelled
    price           BIGINT NOT NULL,
    charged         BIGINT NOT NULL,
    sheet_version   INTEGER NOT NULL,
    failure_code    TEXT NOT NULL,
    failure_message TEXT NOT NULL,
    idem_key        TEXT,          -- NULL = none given
    idem_hash       TEXT NOT NULL,
    created_at      BIGINT NOT NULL,
    started_at      BIGINT NOT NULL,
    finished_at     BIGINT NOT NULL,
    deleted_at      BIGINT NOT NULL,
    UNIQUE (account_id, idem_key)
);
CREATE INDEX generation_list ON generation (account_id, created_at DESC, id DESC) WHERE deleted_at = 0;

-- ticket (owner: queue): exists only while work is unfinished
CREATE TABLE ticket (
    id          TEXT PRIMARY KEY, -- the generation's id
    account_id  TEXT NOT NULL,
    lane        TEXT NOT NULL,
    weight      BIGINT NOT NULL,  -- milli-tokens of compute, for fair shares
    needs       TEXT NOT NULL,    -- engine that must be there
    queued_at   BIGINT NOT NULL,
    attempt     INTEGER NOT NULL, -- times it was started
    lease_owner TEXT NOT NULL,    -- empty = waiting
    lease_until BIGINT NOT NULL
);
CREATE INDEX ticket_line ON ticket (queued_at, id);
CREATE INDEX ticket_account ON ticket (account_id);

-- image (owner: asset)
CREATE TABLE image (
    id            TEXT PRIMARY KEY,
    generation_id TEXT NOT NULL REFERENCES generation (id),
    account_id    TEXT NOT NULL,
    idx           INTEGER NOT NULL,
    width         INTEGER NOT NULL,
    height        INTEGER NOT NULL,
    bytes         BIGINT NOT NULL,
    sha256        TEXT NOT NULL,
    has_alpha     INTEGER NOT NULL,
    placeholder   TEXT NOT NULL,
    recipe        TEXT NOT NULL, -- JSON
    created_at    BIGINT NOT NULL,
    UNIQUE (generation_id, idx)
);
CREATE INDEX image_file ON image (account_id, sha256);

-- outbox (owner: event)
CREATE TABLE outbox (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id TEXT NOT NULL,
    topic      TEXT NOT NULL,
    subject    TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX outbox_account ON outbox (account_id, id);

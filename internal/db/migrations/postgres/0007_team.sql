-- +goose Up

-- team, team_member, team_invitation (owner: team)
CREATE TABLE team (
    id           TEXT PRIMARY KEY,
    name         TEXT NOT NULL,
    created_at   BIGINT NOT NULL,
    dissolved_at BIGINT NOT NULL -- 0 = it is there
);
CREATE TABLE team_member (
    team_id    TEXT NOT NULL REFERENCES team (id),
    account_id TEXT NOT NULL REFERENCES account (id),
    role       TEXT NOT NULL,   -- owner | admin | member | billing
    most       BIGINT NOT NULL, -- milli-tokens that may be used in a UTC month; -1 = no bound
    joined_at  BIGINT NOT NULL,
    left_at    BIGINT NOT NULL, -- 0 = is a member
    PRIMARY KEY (team_id, account_id)
);
CREATE INDEX team_member_account ON team_member (account_id) WHERE left_at = 0;
CREATE UNIQUE INDEX team_member_owner ON team_member (team_id) WHERE role = 'owner' AND left_at = 0;
CREATE TABLE team_invitation (
    id          TEXT PRIMARY KEY,
    team_id     TEXT NOT NULL REFERENCES team (id),
    hash        TEXT NOT NULL UNIQUE, -- SHA-256; the secret itself is not kept
    email       TEXT NOT NULL,        -- whose account may accept; empty = whoever has the link
    role        TEXT NOT NULL,
    most        BIGINT NOT NULL,      -- as team_member.most
    created_by  TEXT NOT NULL REFERENCES account (id),
    created_at  BIGINT NOT NULL,
    expires_at  BIGINT NOT NULL,
    ended_at    BIGINT NOT NULL,      -- accepted or revoked; 0 = open
    accepted_by TEXT NOT NULL         -- account; empty = nobody
);
CREATE INDEX team_invitation_open ON team_invitation (team_id) WHERE ended_at = 0;

-- generation, member_spend (owner: generation)
ALTER TABLE generation ADD COLUMN team_id TEXT NOT NULL DEFAULT ''; -- whose tokens pay for it; empty = one's own
CREATE INDEX generation_team ON generation (team_id, created_at DESC, id DESC) WHERE team_id <> '';
CREATE TABLE member_spend (
    team_id    TEXT NOT NULL,
    account_id TEXT NOT NULL,
    month      TEXT NOT NULL,                     -- 2026-11, UTC
    used       BIGINT NOT NULL CHECK (used >= 0), -- held and captured
    PRIMARY KEY (team_id, account_id, month)
);

-- image (owner: asset): the team it belongs to; empty = none
ALTER TABLE image ADD COLUMN team_id TEXT NOT NULL DEFAULT '';

-- subscription (owner: plan): account_id may name the wallet of a team
ALTER TABLE subscription DROP CONSTRAINT subscription_account_id_fkey;

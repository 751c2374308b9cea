-- +goose Up

-- ticket, queue_share, queue_lane, pace, worker (owner: queue)
ALTER TABLE ticket ADD COLUMN share TEXT NOT NULL DEFAULT '';      -- whose window: the account, or team/account
ALTER TABLE ticket ADD COLUMN model TEXT NOT NULL DEFAULT '';
ALTER TABLE ticket ADD COLUMN rate INTEGER NOT NULL DEFAULT 1;     -- weight of the account in fair shares
ALTER TABLE ticket ADD COLUMN place BIGINT NOT NULL DEFAULT 0;     -- order among the account's own, smallest first
ALTER TABLE ticket ADD COLUMN paused INTEGER NOT NULL DEFAULT 0;   -- 1 = its owner keeps it back
ALTER TABLE ticket ADD COLUMN admitted INTEGER NOT NULL DEFAULT 0; -- 1 = inside the account's window: runs next, or runs
ALTER TABLE ticket ADD COLUMN start BIGINT NOT NULL DEFAULT 0;     -- virtual time of its turn; an estimate until it is admitted
ALTER TABLE ticket ADD COLUMN expected BIGINT NOT NULL DEFAULT 0;  -- when it was said to start, and between what
ALTER TABLE ticket ADD COLUMN expected_low BIGINT NOT NULL DEFAULT 0;
ALTER TABLE ticket ADD COLUMN expected_high BIGINT NOT NULL DEFAULT 0;
ALTER TABLE ticket ADD COLUMN leased_at BIGINT NOT NULL DEFAULT 0;
UPDATE ticket SET share = account_id, place = queued_at, admitted = CASE WHEN lease_owner = '' THEN 0 ELSE 1 END;
DROP INDEX ticket_lane;
CREATE INDEX ticket_next ON ticket (lane, start, id) WHERE admitted = 1 AND lease_owner = '';
CREATE INDEX ticket_lease ON ticket (lease_until) WHERE lease_owner <> '';
CREATE INDEX ticket_wait ON ticket (share, lane, place, id) WHERE admitted = 0;
CREATE INDEX ticket_share ON ticket (share, lane);

CREATE TABLE queue_share (
    share      TEXT NOT NULL,
    lane       TEXT NOT NULL,
    waiting    INTEGER NOT NULL CHECK (waiting >= 0),  -- tickets outside the window
    behind     BIGINT NOT NULL,                        -- their weight
    admitted   INTEGER NOT NULL CHECK (admitted >= 0), -- tickets inside
    room       INTEGER NOT NULL,                       -- size of the window, when it was last told
    finish     BIGINT NOT NULL,                        -- virtual time at which all that was admitted of its party ends
    paused     INTEGER NOT NULL,                       -- 1 = its owner keeps all of it back
    PRIMARY KEY (share, lane)
);
CREATE INDEX queue_share_waiting ON queue_share (lane) WHERE waiting > 0;
INSERT INTO queue_share (share, lane, waiting, behind, admitted, room, finish, paused)
    SELECT share, lane, SUM(1 - admitted), SUM((1 - admitted) * weight), SUM(admitted), 1, 0, 0
    FROM ticket GROUP BY share, lane;

CREATE TABLE queue_lane (
    lane   TEXT PRIMARY KEY, -- empty = the machine, which the lanes share
    now    BIGINT NOT NULL,  -- virtual time
    finish BIGINT NOT NULL,  -- of the lane within the machine
    paused INTEGER NOT NULL  -- 1 = the operator lets nothing start
);
INSERT INTO queue_lane (lane, now, finish, paused) VALUES ('', 0, 0, 0), ('fast', 0, 0, 0), ('api', 0, 0, 0), ('relaxed', 0, 0, 0);

CREATE TABLE pace (
    engine     TEXT NOT NULL,
    model      TEXT NOT NULL,
    micros     BIGINT NOT NULL,  -- of one slot for a thousand tokens of weight, smoothed
    runs       BIGINT NOT NULL,
    PRIMARY KEY (engine, model)
);

CREATE TABLE worker (
    owner   TEXT PRIMARY KEY, -- a process
    slots   INTEGER NOT NULL,
    engines TEXT NOT NULL,    -- names, commas between
    seen_at BIGINT NOT NULL
);

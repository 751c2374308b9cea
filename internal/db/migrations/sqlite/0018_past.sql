-- +goose Up

-- wait_past (owner: queue): how right the last waits were that were foretold, for the range of the next ones. All processes write
-- it: who foretells is often not who starts the work. A place is taken again by a later wait
CREATE TABLE wait_past (
    horizon INTEGER NOT NULL, -- how far ahead it was foretold
    place   INTEGER NOT NULL, -- 0 … 63
    ratio   BIGINT NOT NULL,  -- of the real wait over the work ahead, in thousandths
    inside  INTEGER NOT NULL, -- 1 = it ended within the range
    off     BIGINT NOT NULL,  -- how far off it was, in microseconds
    PRIMARY KEY (horizon, place)
);

-- ticket (owner: queue)
ALTER TABLE ticket ADD COLUMN expected_work BIGINT NOT NULL DEFAULT 0; -- of its forecast, before what was learned: microseconds

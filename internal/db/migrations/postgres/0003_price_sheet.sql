-- +goose Up

-- price_sheet (owner: pricing): every sheet this installation has had; the newest is in force
CREATE TABLE price_sheet (
    version    INTEGER PRIMARY KEY,
    body       TEXT NOT NULL, -- JSON, as it was written
    created_at BIGINT NOT NULL
);

-- The sheet a price came from stays with its hold and its lines of the journal; 0 = from before, or no price.
ALTER TABLE hold ADD COLUMN sheet_version INTEGER NOT NULL DEFAULT 0;
ALTER TABLE entry ADD COLUMN sheet_version INTEGER NOT NULL DEFAULT 0;

-- +goose Up

-- worker (owner: queue)
ALTER TABLE worker ADD COLUMN lease INTEGER NOT NULL DEFAULT 15000000; -- silence after which it is given up, in microseconds

-- Messages on their way out may be sent once more. Times are microseconds since 1970.
ALTER TABLE outbox ADD COLUMN recorded_us INTEGER NOT NULL DEFAULT 0;  -- when the event was recorded
ALTER TABLE outbox ADD COLUMN released INTEGER NOT NULL DEFAULT 0;     -- position of the event that has it wait
ALTER TABLE outbox ADD COLUMN tries_before INTEGER NOT NULL DEFAULT 0; -- tries before it waited again
ALTER TABLE outbox ADD COLUMN settled INTEGER NOT NULL DEFAULT 0;      -- 1: the log has told that it is done
ALTER TABLE outbox ADD COLUMN unheard INTEGER NOT NULL DEFAULT 0;      -- 1: the log has yet to tell of an outcome
                                                                       -- from before it waited again

-- Times are told to the millisecond.
UPDATE outbox SET released = position, settled = state > 0, recorded_us = coalesce(
    CAST(round(unixepoch(json_extract(message, '$.recorded_at'), 'subsec') * 1000) AS INTEGER) * 1000, 0);

DROP INDEX outbox_waiting;
CREATE INDEX outbox_waiting ON outbox (released) WHERE state = 0;
CREATE INDEX outbox_by_receiver ON outbox (bucket, position);

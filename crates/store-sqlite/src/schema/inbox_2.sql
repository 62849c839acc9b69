-- Messages on their way out, and what is kept to know whom to tell. What is there does not tell them, so
-- everything is read from the log anew. Times are microseconds since 1970.
DELETE FROM messages;
DELETE FROM persons;
UPDATE progress SET position = 0;

-- Finds messages that get other words because somebody whom they name was erased.
CREATE INDEX messages_by_event ON messages (event);

CREATE TABLE outbox (
    id       BLOB    NOT NULL PRIMARY KEY,    -- UUID, 16 bytes: the delivery id
    person   INTEGER NOT NULL,                -- whom it tells; 0: nobody in particular
    tenant   TEXT    NOT NULL,
    position INTEGER NOT NULL,                -- of the event
    event    BLOB    NOT NULL,                -- UUID, 16 bytes
    bucket   TEXT    NOT NULL,                -- the receiver
    lane     TEXT    NOT NULL,
    message  TEXT    NOT NULL,                -- JSON
    state    INTEGER NOT NULL,                -- 0: waits; 1: delivered; 2: given up
    beyond   INTEGER NOT NULL,                -- 1: too much waited already
    next_us  INTEGER NOT NULL,                -- not before this time
    tries    INTEGER NOT NULL,
    first_us INTEGER                          -- when it was tried first
) STRICT, WITHOUT ROWID;

CREATE INDEX outbox_due ON outbox (bucket, next_us, position) WHERE state = 0;
CREATE INDEX outbox_next ON outbox (next_us, bucket) WHERE state = 0;
CREATE INDEX outbox_lane ON outbox (lane, next_us) WHERE state = 0;
CREATE INDEX outbox_waiting ON outbox (position) WHERE state = 0;
CREATE INDEX outbox_by_tenant ON outbox (tenant, position);
CREATE INDEX outbox_by_person ON outbox (person);
CREATE INDEX outbox_by_event ON outbox (event);
CREATE INDEX outbox_done ON outbox (position) WHERE state > 0;

CREATE TABLE attempts (
    message BLOB    NOT NULL,
    number  INTEGER NOT NULL,                 -- from 1
    person  INTEGER NOT NULL,
    at_us   INTEGER NOT NULL,
    outcome INTEGER NOT NULL,                 -- 0: again; 1: delivered; 2: given up
    next_us INTEGER,
    code    INTEGER,
    cause   TEXT,
    PRIMARY KEY (message, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX attempts_by_person ON attempts (person);

CREATE TABLE kept (
    tenant TEXT    NOT NULL,
    name   TEXT    NOT NULL,
    person INTEGER NOT NULL,                  -- whose it is; 0: nobody's
    entry  TEXT    NOT NULL,                  -- JSON
    PRIMARY KEY (tenant, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX kept_by_person ON kept (person);

CREATE TABLE progress (
    only     INTEGER PRIMARY KEY CHECK (only = 1),
    position INTEGER NOT NULL                 -- up to which the log was applied
) STRICT;
INSERT INTO progress VALUES (1, 0);

CREATE TABLE persons (
    id       INTEGER PRIMARY KEY,
    tenant   TEXT NOT NULL,
    person   TEXT NOT NULL,
    messages INTEGER NOT NULL DEFAULT 0,      -- how many there are
    UNIQUE (tenant, person)
) STRICT;

-- Times are microseconds since 1970.
CREATE TABLE messages (
    person     INTEGER NOT NULL,
    position   INTEGER NOT NULL,              -- of the event
    id         BLOB    NOT NULL,              -- UUID, 16 bytes
    kind       TEXT    NOT NULL,
    title      TEXT    NOT NULL,
    body       TEXT    NOT NULL,
    event      BLOB    NOT NULL,              -- UUID, 16 bytes
    created_us INTEGER NOT NULL,
    read_us    INTEGER,                       -- none: not read
    PRIMARY KEY (person, position, id)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX messages_by_id ON messages (person, id);
CREATE INDEX messages_unread ON messages (person) WHERE read_us IS NULL;

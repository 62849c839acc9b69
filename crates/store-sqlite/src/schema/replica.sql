-- A copy of a log that is kept elsewhere. It can be deleted: it is copied anew.
CREATE TABLE streams (
    id   INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE tenants (
    id   INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE events (
    position    INTEGER PRIMARY KEY,            -- place in the whole log, with gaps
    stream      INTEGER NOT NULL REFERENCES streams (id),
    revision    INTEGER NOT NULL,               -- place in the stream
    tenant      INTEGER NOT NULL REFERENCES tenants (id),
    id          BLOB    NOT NULL,               -- UUID, 16 bytes
    fingerprint BLOB    NOT NULL,               -- tells other content under the same id
    record      BLOB    NOT NULL                -- the stored form, see crate annals-record
) STRICT;

CREATE UNIQUE INDEX events_by_stream ON events (stream, revision);
-- Not unique: nodes that do not know of each other may have appended the same event in two streams.
CREATE INDEX events_by_id ON events (id, tenant);

CREATE TABLE checkpoint (
    only             INTEGER PRIMARY KEY CHECK (only = 1),
    commit_position  INTEGER NOT NULL,          -- up to where the log was copied; 64 bits, unsigned
    prepare_position INTEGER NOT NULL,          -- the same
    event            BLOB,                      -- the event that lies there; UUID, 16 bytes
    newest           INTEGER NOT NULL           -- place of the newest record, though it be deleted
) STRICT;

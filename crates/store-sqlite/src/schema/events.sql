CREATE TABLE streams (
    id   INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE tenants (
    id   INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE events (
    position    INTEGER PRIMARY KEY,            -- place in the whole log, from 1, without gaps
    stream      INTEGER NOT NULL REFERENCES streams (id),
    revision    INTEGER NOT NULL,               -- place in the stream, from 0, without gaps
    tenant      INTEGER NOT NULL REFERENCES tenants (id),
    id          BLOB    NOT NULL,               -- UUID, 16 bytes
    fingerprint BLOB    NOT NULL,               -- tells other content under the same id
    record      BLOB    NOT NULL                -- the stored form, see crate annals-record
) STRICT;

CREATE UNIQUE INDEX events_by_stream ON events (stream, revision);
CREATE UNIQUE INDEX events_by_id ON events (id, tenant);

CREATE TRIGGER events_are_never_changed BEFORE UPDATE ON events
BEGIN SELECT RAISE (ABORT, 'events are never changed'); END;

CREATE TRIGGER events_are_never_deleted BEFORE DELETE ON events
BEGIN SELECT RAISE (ABORT, 'events are never deleted'); END;

CREATE TRIGGER streams_are_never_changed BEFORE UPDATE ON streams
BEGIN SELECT RAISE (ABORT, 'streams are never changed'); END;

CREATE TRIGGER streams_are_never_deleted BEFORE DELETE ON streams
BEGIN SELECT RAISE (ABORT, 'streams are never deleted'); END;

CREATE TRIGGER tenants_are_never_changed BEFORE UPDATE ON tenants
BEGIN SELECT RAISE (ABORT, 'tenants are never changed'); END;

CREATE TRIGGER tenants_are_never_deleted BEFORE DELETE ON tenants
BEGIN SELECT RAISE (ABORT, 'tenants are never deleted'); END;

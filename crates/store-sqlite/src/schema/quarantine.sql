-- Refused events. What they hold is sealed; in the clear stands only what is needed to keep order.
CREATE TABLE entries (
    tenant   TEXT    NOT NULL,
    id       BLOB    NOT NULL,               -- 16 bytes; later ones are greater
    digest   BLOB    NOT NULL,               -- keyed: the same for the same content
    reason   TEXT    NOT NULL,
    first_us INTEGER NOT NULL,               -- microseconds since 1970
    last_us  INTEGER NOT NULL,
    times    INTEGER NOT NULL DEFAULT 1,     -- how often it came
    bytes    INTEGER NOT NULL,
    facts    BLOB    NOT NULL,               -- sealed: who sent it, what is wrong
    content  BLOB    NOT NULL,               -- sealed: what was sent
    PRIMARY KEY (tenant, id)
) STRICT;

CREATE UNIQUE INDEX entries_by_digest ON entries (tenant, digest);
CREATE INDEX entries_by_reason ON entries (tenant, reason, id);
CREATE INDEX entries_by_age ON entries (tenant, last_us);

CREATE TABLE totals (
    tenant  TEXT    PRIMARY KEY,
    entries INTEGER NOT NULL,
    bytes   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE progress (
    only     INTEGER PRIMARY KEY CHECK (only = 1),
    position INTEGER NOT NULL                 -- up to which the log was applied
) STRICT;
INSERT INTO progress VALUES (1, 0);

-- Times are microseconds since 1970.
CREATE TABLE persons (
    id            INTEGER PRIMARY KEY,
    tenant        TEXT    NOT NULL,
    person        TEXT    NOT NULL,
    name          TEXT,
    name_position INTEGER NOT NULL DEFAULT 0,
    first_us      INTEGER NOT NULL DEFAULT 9223372036854775807,
    last_us       INTEGER NOT NULL DEFAULT -9223372036854775808,
    count         INTEGER NOT NULL DEFAULT 0,
    UNIQUE (tenant, person)
) STRICT;

CREATE TABLE timeline (
    person   INTEGER NOT NULL,
    position INTEGER NOT NULL,
    PRIMARY KEY (person, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE counts (
    person INTEGER NOT NULL,
    type   TEXT    NOT NULL,
    count  INTEGER NOT NULL,
    PRIMARY KEY (person, type)
) STRICT, WITHOUT ROWID;

CREATE TABLE devices (
    person   INTEGER NOT NULL,
    type     TEXT    NOT NULL,
    name     TEXT    NOT NULL,
    os       TEXT    NOT NULL,
    browser  TEXT    NOT NULL,
    first_us INTEGER NOT NULL,
    last_us  INTEGER NOT NULL,
    count    INTEGER NOT NULL,
    PRIMARY KEY (person, type, name, os, browser)
) STRICT, WITHOUT ROWID;

CREATE TABLE places (
    person   INTEGER NOT NULL,
    country  TEXT    NOT NULL,
    region   TEXT    NOT NULL,
    city     TEXT    NOT NULL,
    ip       TEXT    NOT NULL,
    first_us INTEGER NOT NULL,
    last_us  INTEGER NOT NULL,
    count    INTEGER NOT NULL,
    PRIMARY KEY (person, country, region, city, ip)
) STRICT, WITHOUT ROWID;

CREATE TABLE sessions (
    person   INTEGER NOT NULL,
    session  TEXT    NOT NULL,
    first_us INTEGER NOT NULL,
    last_us  INTEGER NOT NULL,
    count    INTEGER NOT NULL,
    PRIMARY KEY (person, session)
) STRICT, WITHOUT ROWID;

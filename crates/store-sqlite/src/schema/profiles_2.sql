-- Counts by outcome and by operation, ends of sessions, and who looked at what concerns a person. What is
-- there does not tell them, so everything is read from the log anew.
DROP TABLE counts;
DELETE FROM timeline;
DELETE FROM devices;
DELETE FROM places;
DELETE FROM sessions;
DELETE FROM persons;
UPDATE progress SET position = 0;

-- Operations and outcomes are numbered as they stand in the event model.
CREATE TABLE counts (
    person    INTEGER NOT NULL,
    type      TEXT    NOT NULL,
    operation INTEGER NOT NULL,
    outcome   INTEGER NOT NULL,
    count     INTEGER NOT NULL,
    PRIMARY KEY (person, type, operation, outcome)
) STRICT, WITHOUT ROWID;

ALTER TABLE sessions ADD COLUMN ended_us INTEGER;      -- when somebody signed out of it last

-- Events by which others looked.
CREATE TABLE accesses (
    person   INTEGER NOT NULL,
    concern  INTEGER NOT NULL,                -- 0: the event is about the person; 1: they own a target
    position INTEGER NOT NULL,
    PRIMARY KEY (person, concern, position)
) STRICT, WITHOUT ROWID;

-- Who looked. Type and id are those of an actor; the id is empty when nobody is known.
CREATE TABLE viewers (
    person        INTEGER NOT NULL,
    type          TEXT    NOT NULL,
    id            TEXT    NOT NULL,
    name          TEXT,
    name_position INTEGER NOT NULL,
    first_us      INTEGER NOT NULL,
    last_us       INTEGER NOT NULL,
    count         INTEGER NOT NULL,
    exports       INTEGER NOT NULL,
    PRIMARY KEY (person, type, id)
) STRICT, WITHOUT ROWID;
-- Finds those whom somebody looked at, when that somebody is erased.
CREATE INDEX viewers_by_id ON viewers (id, type);

CREATE TABLE purposes (
    person   INTEGER NOT NULL,
    type     TEXT    NOT NULL,
    viewer   TEXT    NOT NULL,
    purpose  TEXT    NOT NULL,
    first_us INTEGER NOT NULL,
    last_us  INTEGER NOT NULL,
    count    INTEGER NOT NULL,
    PRIMARY KEY (person, type, viewer, purpose)
) STRICT, WITHOUT ROWID;

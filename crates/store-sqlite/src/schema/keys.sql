CREATE TABLE tenant_keys (
    tenant  TEXT PRIMARY KEY,
    wrapped BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- Keys are only ever added at the end, and a destroyed one is overwritten in its place with zeros.
-- So SQLite never moves them from page to page, which would leave copies in unused parts of pages.
CREATE TABLE wrapped_keys (
    slot    INTEGER PRIMARY KEY,
    wrapped BLOB NOT NULL
) STRICT;

CREATE TABLE person_keys (
    tenant    TEXT    NOT NULL,
    id        BLOB    NOT NULL,               -- pseudonym, 20 bytes
    slot      INTEGER REFERENCES wrapped_keys (slot),   -- none: destroyed
    destroyed INTEGER NOT NULL DEFAULT 0,     -- how often
    PRIMARY KEY (tenant, id)
) STRICT, WITHOUT ROWID;

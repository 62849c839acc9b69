CREATE TABLE progress (
    only     INTEGER PRIMARY KEY CHECK (only = 1),
    position INTEGER NOT NULL                 -- up to which the log was applied
) STRICT;
INSERT INTO progress VALUES (1, 0);

-- API keys (no secrets, only their digests), revocations, emergency access, configuration.
CREATE TABLE entries (
    tenant TEXT NOT NULL,
    name   TEXT NOT NULL,                     -- kind and id
    entry  TEXT NOT NULL,                     -- JSON
    PRIMARY KEY (tenant, name)
) STRICT, WITHOUT ROWID;

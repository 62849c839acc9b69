CREATE TABLE progress (
    only         INTEGER PRIMARY KEY CHECK (only = 1),
    position     INTEGER NOT NULL,            -- up to which the log was taken in
    silent_until INTEGER NOT NULL             -- up to which it was only learned from
) STRICT;

-- What each rule remembers: hashes of what it watches, times and ids of events.
CREATE TABLE rules (
    rule  TEXT PRIMARY KEY,
    state BLOB NOT NULL                       -- JSON
) STRICT, WITHOUT ROWID;

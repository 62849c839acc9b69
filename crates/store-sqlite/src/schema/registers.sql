CREATE TABLE registers (
    name    TEXT PRIMARY KEY,
    version INTEGER NOT NULL,                   -- from 0, one more with each write
    value   BLOB    NOT NULL
) STRICT;

-- Streams that retention has cut: what lies before is forgotten here as well, as soon as the index has
-- forgotten it.
CREATE TABLE cuts (
    stream    INTEGER PRIMARY KEY REFERENCES streams (id),
    kept_from INTEGER NOT NULL,                 -- the first revision that was kept
    run       BLOB    NOT NULL,                 -- the event that tells why; UUID, 16 bytes
    forgotten INTEGER NOT NULL                  -- no record lies before this revision any more
) STRICT;

CREATE INDEX cuts_open ON cuts (stream) WHERE forgotten < kept_from;

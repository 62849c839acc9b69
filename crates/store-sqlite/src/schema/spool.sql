-- Events that wait until the log takes them, in order. What they hold is sealed.
CREATE TABLE waiting (
    number      INTEGER PRIMARY KEY AUTOINCREMENT,
    tenant      TEXT    NOT NULL,
    id          BLOB    NOT NULL,            -- of the event, 16 bytes
    lane        BLOB    NOT NULL,            -- keyed: the same for the events of one stream
    fingerprint BLOB    NOT NULL,            -- keyed: the same for the same content
    at_us       INTEGER NOT NULL,            -- taken on, microseconds since 1970
    sealed      BLOB    NOT NULL
) STRICT;

CREATE UNIQUE INDEX waiting_by_id ON waiting (tenant, id);

CREATE TABLE totals (
    events INTEGER NOT NULL,
    bytes  INTEGER NOT NULL
) STRICT;

INSERT INTO totals (events, bytes) VALUES (0, 0);

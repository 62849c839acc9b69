CREATE TABLE shards (
    number INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    size INTEGER NOT NULL,
    root BLOB NOT NULL CHECK (length(root) = 32),
    -- The log up to here is in this shard or in an older one.
    position INTEGER NOT NULL,
    note TEXT NOT NULL
) STRICT;

-- 256 leaves a row: their positions as 8 bytes each, big-endian, and their digests, 32 bytes each.
CREATE TABLE leaves (
    shard INTEGER NOT NULL REFERENCES shards (number),
    number INTEGER NOT NULL,
    first_position INTEGER NOT NULL,
    positions BLOB NOT NULL,
    digests BLOB NOT NULL CHECK (length(digests) = 4 * length(positions)),
    UNIQUE (shard, number)
) STRICT;
CREATE INDEX leaves_by_position ON leaves (first_position);

-- Hashes of full rows of the level below, 256 a row. Those of level 0 follow from the leaves.
CREATE TABLE hashes (
    shard INTEGER NOT NULL REFERENCES shards (number),
    level INTEGER NOT NULL CHECK (level > 0),
    number INTEGER NOT NULL,
    hashes BLOB NOT NULL,
    UNIQUE (shard, level, number)
) STRICT;

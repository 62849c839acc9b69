-- The key of the installation, wrapped by the master key: JSON that names who wraps it.
CREATE TABLE root_key (
    only    INTEGER PRIMARY KEY CHECK (only = 1),
    wrapped BLOB NOT NULL
) STRICT;

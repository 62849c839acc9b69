-- The newest checkpoint that enough witnesses have cosigned; the tree may have grown since.
ALTER TABLE shards ADD COLUMN cosigned TEXT;

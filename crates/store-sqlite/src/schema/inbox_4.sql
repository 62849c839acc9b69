-- Messages can be put away. Nothing of before tells of that, so what lies here stays as it is.
ALTER TABLE messages ADD COLUMN archived_us INTEGER; -- none: not put away

DROP INDEX messages_unread;
CREATE INDEX messages_unread ON messages (person) WHERE read_us IS NULL AND archived_us IS NULL;

-- What retention removed takes no room any more: its row is made anew with an empty record, so that the
-- pages it lay in become free for what comes. Rows of the version before keep their zeros.
DROP TRIGGER events_are_never_changed;

CREATE TRIGGER events_are_never_changed BEFORE UPDATE ON events
BEGIN SELECT RAISE (ABORT, 'events are never changed'); END;

DROP TRIGGER events_are_never_deleted;

-- The one thing there is: a record that is told to be removed, once …
CREATE TRIGGER events_are_never_deleted BEFORE DELETE ON events
WHEN length (OLD.record) = 0
  OR NOT EXISTS (SELECT 1 FROM removals WHERE position = OLD.position)
BEGIN SELECT RAISE (ABORT, 'events are never deleted'); END;

-- … of which only its place comes back.
CREATE TRIGGER events_never_come_back BEFORE INSERT ON events
WHEN length (NEW.record) > 0
  AND EXISTS (SELECT 1 FROM removals WHERE position = NEW.position)
BEGIN SELECT RAISE (ABORT, 'events never come back once they were removed'); END;

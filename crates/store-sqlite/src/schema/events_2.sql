-- Records that retention removed. What they held was overwritten with zeros in its place, so that SQLite
-- never moves rows from page to page, which would leave copies in unused parts of pages.
CREATE TABLE removals (
    position INTEGER PRIMARY KEY REFERENCES events (position),
    run      BLOB NOT NULL                      -- the event that tells why; UUID, 16 bytes
) STRICT;

CREATE TRIGGER removals_are_of_events BEFORE INSERT ON removals
WHEN NOT EXISTS (SELECT 1 FROM events WHERE position = NEW.position)
BEGIN SELECT RAISE (ABORT, 'only events can be removed'); END;

CREATE TRIGGER removals_are_never_changed BEFORE UPDATE ON removals
BEGIN SELECT RAISE (ABORT, 'removals are never changed'); END;

CREATE TRIGGER removals_are_never_deleted BEFORE DELETE ON removals
BEGIN SELECT RAISE (ABORT, 'removals are never deleted'); END;

DROP TRIGGER events_are_never_changed;

-- The one change there is: to zeros, and only of what is told to be removed.
CREATE TRIGGER events_are_never_changed BEFORE UPDATE ON events
WHEN NEW.position IS NOT OLD.position OR NEW.stream IS NOT OLD.stream
  OR NEW.revision IS NOT OLD.revision OR NEW.tenant IS NOT OLD.tenant
  OR NEW.id IS NOT OLD.id OR NEW.fingerprint IS NOT OLD.fingerprint
  OR NEW.record IS NOT zeroblob (length (OLD.record))
  OR NOT EXISTS (SELECT 1 FROM removals WHERE position = OLD.position)
BEGIN SELECT RAISE (ABORT, 'events are never changed'); END;

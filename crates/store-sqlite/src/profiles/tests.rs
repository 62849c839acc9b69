use super::*;
use annals_ports::contract::{self, person};
use jiff::Timestamp;

#[test]
fn the_profiles_keep_their_contract() {
    let dir = tempfile::tempdir().unwrap();
    let count = std::cell::Cell::new(0);
    contract::profiles::run(|| {
        count.set(count.get() + 1);
        let own = dir.path().join(count.get().to_string());
        std::fs::create_dir(&own).unwrap();
        Box::new(SqliteProfiles::open(&own, &key()).unwrap())
    });
}

#[test]
fn reopened_profiles_keep_everything() {
    let dir = tempfile::tempdir().unwrap();
    contract::profiles::reopening_keeps_everything(|| {
        Box::new(SqliteProfiles::open(dir.path(), &key()).unwrap())
    });
}

fn key() -> FileKey {
    FileKey::from_bytes([3; 32])
}

fn seen(second: i64) -> Seen {
    Seen::once(Timestamp::from_second(second).unwrap())
}

#[test]
fn only_the_newest_entries_of_a_person_are_kept() {
    let dir = tempfile::tempdir().unwrap();
    let store = SqliteProfiles::open(dir.path(), &key()).unwrap();
    let ann = person("acme", "ann");
    for batch in 0..5i64 {
        let mut delta = ProfileDelta { seen: Some(seen(1)), ..ProfileDelta::default() };
        for number in batch * 300..(batch + 1) * 300 {
            let name = format!("n{number:05}");
            let device = DeviceKey { name: name.clone(), ..DeviceKey::default() };
            let place = PlaceKey { city: name.clone(), ..PlaceKey::default() };
            delta.devices.insert(device, seen(number));
            delta.places.insert(place, seen(number));
            delta.sessions.insert(name.clone(), SessionSeen { seen: seen(number), ended: None });
            let done = Kind { operation: Operation::Read, outcome: OutcomeStatus::Success };
            delta.counts.insert(name, BTreeMap::from([(done, number as u64 + 1)]));
        }
        let deltas = BTreeMap::from([(ann.clone(), delta)]);
        store.apply(&deltas, Position(batch as u64 + 1)).unwrap();
    }
    let profile = store.profile(&ann, usize::MAX).unwrap().unwrap();
    assert_eq!(profile.sessions.len(), PROFILE_ENTRIES_MAX);
    assert_eq!(profile.sessions[0].0, "n01499");
    assert_eq!(profile.sessions[999].0, "n00500");
    assert_eq!(profile.devices[999].0.name, "n00500");
    assert_eq!(profile.places[999].0.city, "n00500");
    assert!(profile.counts.types.len() <= PROFILE_ENTRIES_MAX * 11 / 10);
    assert_eq!(profile.counts.types[0], ("n01499".into(), 1500));
    let connection = FORMAT.open_sealed(dir.path(), &key()).unwrap();
    for table in ["devices", "places", "sessions", "counts"] {
        let count: u32 = connection
            .query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0))
            .unwrap();
        assert!(count <= PROFILE_ENTRIES_MAX as u32 * 11 / 10, "{table} has {count} rows");
    }
}

#[test]
fn a_long_name_is_cut_at_a_letter() {
    let dir = tempfile::tempdir().unwrap();
    let store = SqliteProfiles::open(dir.path(), &key()).unwrap();
    let ann = person("acme", "ann");
    let name = Some((Position(1), "é".repeat(400)));
    let delta = ProfileDelta { name, seen: Some(seen(1)), ..ProfileDelta::default() };
    store.apply(&BTreeMap::from([(ann.clone(), delta)]), Position(1)).unwrap();
    assert_eq!(store.profile(&ann, 1).unwrap().unwrap().name.unwrap(), "é".repeat(256));
}

#[test]
fn a_batch_that_fails_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let store = SqliteProfiles::open(dir.path(), &key()).unwrap();
    let ann = person("acme", "ann");
    let connection = FORMAT.open_sealed(dir.path(), &key()).unwrap();
    connection
        .execute_batch(
            "CREATE TRIGGER fails BEFORE INSERT ON sessions BEGIN SELECT RAISE (ABORT, 'no'); END;",
        )
        .unwrap();
    let mut delta = ProfileDelta { seen: Some(seen(1)), ..ProfileDelta::default() };
    delta.timeline.push(Position(1));
    delta.sessions.insert("s".into(), SessionSeen { seen: seen(1), ended: None });
    let deltas = BTreeMap::from([(ann.clone(), delta)]);
    assert!(store.apply(&deltas, Position(1)).is_err());
    assert_eq!(store.position().unwrap(), Position::START);
    assert_eq!(store.profile(&ann, 1).unwrap(), None);
    connection.execute_batch("DROP TRIGGER fails").unwrap();
    store.apply(&deltas, Position(1)).unwrap();
    assert_eq!(store.timeline(&ann, None, 10).unwrap(), [Position(1)]);
}

#[test]
fn a_file_of_the_first_version_is_filled_anew_from_the_log() {
    let dir = tempfile::tempdir().unwrap();
    let old = Format { version: 1, upgrades: &[], ..FORMAT };
    let connection = old.open_sealed(dir.path(), &key()).unwrap();
    connection
        .execute_batch(
            "INSERT INTO persons (tenant, person, count) VALUES ('acme', 'ann', 7);
             INSERT INTO counts VALUES (1, 'user.login', 7);
             INSERT INTO timeline VALUES (1, 5);
             UPDATE progress SET position = 5;",
        )
        .unwrap();
    drop(connection);
    let store = SqliteProfiles::open(dir.path(), &key()).unwrap();
    assert_eq!(store.position().unwrap(), Position::START);
    assert_eq!(store.profile(&person("acme", "ann"), 1).unwrap(), None);
    assert!(store.timeline(&person("acme", "ann"), None, 9).unwrap().is_empty());
}

#[test]
fn a_damaged_file_says_how_to_rebuild_it() {
    let dir = tempfile::tempdir().unwrap();
    let damaged = [&key().id()[..], &b"no database at all ".repeat(500)].concat();
    std::fs::write(dir.path().join(FORMAT.file), damaged).unwrap();
    let error = SqliteProfiles::open(dir.path(), &key()).unwrap_err();
    assert!(error.to_string().contains("annals rebuild profiles"), "{error}");
}

use super::*;
use annals_ports::contract::{self, person};

fn key() -> FileKey {
    FileKey::from_bytes([2; 32])
}

#[test]
fn the_inbox_keeps_its_contract() {
    let dir = tempfile::tempdir().unwrap();
    let count = std::cell::Cell::new(0);
    contract::inbox::run(|| {
        count.set(count.get() + 1);
        let own = dir.path().join(count.get().to_string());
        std::fs::create_dir(&own).unwrap();
        Box::new(SqliteInbox::open(&own, &key()).unwrap())
    });
}

#[test]
fn the_outbox_keeps_its_contract() {
    let dir = tempfile::tempdir().unwrap();
    let count = std::cell::Cell::new(0);
    contract::outbox::run(|| {
        count.set(count.get() + 1);
        let own = dir.path().join(count.get().to_string());
        std::fs::create_dir(&own).unwrap();
        Box::new(SqliteInbox::open(&own, &key()).unwrap())
    });
}

#[test]
fn what_waits_for_one_receiver_has_a_limit() {
    let dir = tempfile::tempdir().unwrap();
    let shipped = SqliteInbox::open(dir.path(), &key()).unwrap();
    assert_eq!((shipped.waiting_max, WAITING_MAX), (100_000, 100_000));
    contract::outbox::what_comes_on_top_is_to_be_given_up(
        &SqliteInbox { waiting_max: 3, ..shipped },
        3,
    );
}

#[test]
fn a_reopened_inbox_keeps_everything() {
    let dir = tempfile::tempdir().unwrap();
    contract::inbox::reopening_keeps_everything(|| {
        Box::new(SqliteInbox::open(dir.path(), &key()).unwrap())
    });
}

#[test]
fn only_the_newest_messages_of_a_person_are_kept() {
    let dir = tempfile::tempdir().unwrap();
    let inbox = SqliteInbox::open(dir.path(), &key()).unwrap();
    let ann = person("acme", "ann");
    let total = INBOX_MESSAGES_MAX as u64 * 5 / 4;
    let changes: Vec<InboxChange> = (1..=total)
        .map(|number| {
            InboxChange::Arrived(Notification {
                id: Uuid::from_u128(u128::from(number)),
                recipient: ann.clone(),
                kind: "k".into(),
                title: "t".into(),
                body: "b".into(),
                event: EventId(Uuid::from_u128(u128::from(number))),
                position: Position(number),
                created_at: Timestamp::UNIX_EPOCH,
            })
        })
        .collect();
    inbox.apply(&changes, Position(total)).unwrap();
    let kept = inbox.newest(&ann, None, None, usize::MAX).unwrap();
    assert!((INBOX_MESSAGES_MAX..=CUT_AT).contains(&kept.len()), "{} are kept", kept.len());
    assert_eq!(kept[0].notification.position, Position(total));
    assert_eq!(inbox.unread(&ann).unwrap(), kept.len() as u64);
}

#[test]
fn messages_of_the_version_before_are_still_there_after_the_upgrade() {
    const BACK: &str = "DROP INDEX outbox_room;
        DROP INDEX messages_unread;
        ALTER TABLE messages DROP COLUMN archived_us;
        CREATE INDEX messages_unread ON messages (person) WHERE read_us IS NULL;
        PRAGMA user_version = 3;";
    let dir = tempfile::tempdir().unwrap();
    let ann = person("acme", "ann");
    let arrived = |number: u64| {
        InboxChange::Arrived(Notification {
            id: Uuid::from_u128(number.into()),
            recipient: ann.clone(),
            kind: "k".into(),
            title: "t".into(),
            body: "b".into(),
            event: EventId(Uuid::from_u128(number.into())),
            position: Position(number),
            created_at: Timestamp::UNIX_EPOCH,
        })
    };
    let (recipient, at) = (ann.clone(), Timestamp::UNIX_EPOCH);
    let read = InboxChange::Read { recipient, notifications: vec![Uuid::from_u128(1)], at };
    let inbox = SqliteInbox::open(dir.path(), &key()).unwrap();
    inbox.apply(&[arrived(1), arrived(2), read], Position(2)).unwrap();
    let before = inbox.newest(&ann, None, None, 9).unwrap();
    inbox.file.change("go back to the version before", |file| file.execute_batch(BACK)).unwrap();
    drop(inbox);
    let inbox = SqliteInbox::open(dir.path(), &key()).unwrap();
    assert_eq!(inbox.newest(&ann, None, None, 9).unwrap(), before);
    assert_eq!((inbox.unread(&ann).unwrap(), inbox.position().unwrap()), (1, Position(2)));
    let (recipient, notifications) = (ann.clone(), vec![Uuid::from_u128(2)]);
    let archived = InboxChange::Archived { recipient, notifications, at };
    inbox.apply(&[archived], Position(3)).unwrap();
    assert_eq!(inbox.unread(&ann).unwrap(), 0);
}

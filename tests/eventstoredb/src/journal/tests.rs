//! What is on disk comes back; what was torn does not.

use std::fs::OpenOptions;
use std::io::Write as _;

use crate::event::{Expected, NewEvent};
use crate::store::Store;

async fn filled(directory: &std::path::Path) -> Store {
    let store = Store::open(Some(directory), true).unwrap();
    for count in 1..=3 {
        let events = (0..count).map(|_| NewEvent::json("t", "{\"n\":1}")).collect();
        store.append("s", Expected::Any, events).await.unwrap();
    }
    store
}

#[tokio::test]
async fn what_was_answered_is_there_after_reopening() {
    let directory = tempfile::tempdir().unwrap();
    let before = filled(directory.path()).await.events();
    let again = Store::open(Some(directory.path()), true).unwrap();
    assert_eq!(again.events(), before);
    assert_eq!(before.len(), 6);
    let written =
        again.append("s", Expected::Exact(5), vec![NewEvent::json("t", "")]).await.unwrap();
    assert!(written.position > before.last().map(|event| event.position));
}

#[tokio::test]
async fn a_torn_append_is_dropped_as_a_whole() {
    let directory = tempfile::tempdir().unwrap();
    drop(filled(directory.path()).await);
    let path = directory.path().join("events.log");
    let length = std::fs::metadata(&path).unwrap().len();
    OpenOptions::new().write(true).open(&path).unwrap().set_len(length - 1).unwrap();
    assert_eq!(Store::open(Some(directory.path()), true).unwrap().len(), 3);
    OpenOptions::new().append(true).open(&path).unwrap().write_all(&[7; 99]).unwrap();
    assert_eq!(Store::open(Some(directory.path()), true).unwrap().len(), 3);
}

#[tokio::test]
async fn a_cut_log_stays_cut() {
    let directory = tempfile::tempdir().unwrap();
    let store = filled(directory.path()).await;
    let second_append = store.events()[2].position;
    store.truncate_after(second_append + 1).unwrap();
    assert_eq!(store.len(), 3);
    drop(store);
    let store = Store::open(Some(directory.path()), true).unwrap();
    assert_eq!(store.len(), 3);
    store.append("s", Expected::Exact(2), vec![NewEvent::json("t", "")]).await.unwrap();
    drop(store);
    assert_eq!(Store::open(Some(directory.path()), true).unwrap().len(), 4);
}

#[test]
fn a_foreign_file_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("events.log"), "somebody else's diary").unwrap();
    assert!(Store::open(Some(directory.path()), true).is_err());
}

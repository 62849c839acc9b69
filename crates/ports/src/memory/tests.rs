use std::sync::Arc;

use super::*;
use crate::contract;
use crate::{EventLog, LogError};

#[tokio::test]
async fn the_event_log_keeps_its_contract() {
    contract::stream_ends::run(&MemoryEventLog::new()).await;
    contract::event_log::run(Arc::new(MemoryEventLog::new())).await;
    contract::event_log::run_removal(Arc::new(MemoryEventLog::new())).await;
    let keeping = MemoryEventLog::new();
    keeping.keep_all();
    contract::event_log::removal_is_refused(Arc::new(keeping)).await;
}

#[tokio::test]
async fn a_reopened_event_log_keeps_everything() {
    let log = MemoryEventLog::new();
    contract::event_log::reopening_keeps_everything(async || {
        Arc::new(log.clone()) as Arc<dyn EventLog>
    })
    .await;
}

#[tokio::test]
async fn the_key_store_keeps_its_contract() {
    contract::key_store::run(Arc::new(MemoryKeyStore::default())).await;
}

#[tokio::test]
async fn the_registers_keep_their_contract() {
    contract::registers::run(Arc::new(MemoryRegisters::default())).await;
    let registers = MemoryRegisters::default();
    contract::registers::reopening_keeps_everything(async || {
        Arc::new(registers.clone()) as Arc<dyn crate::SharedRegisters>
    })
    .await;
}

#[test]
fn the_outbox_keeps_its_contract() {
    contract::outbox::run(|| Box::new(MemoryInbox::default()));
    contract::outbox::what_comes_on_top_is_to_be_given_up(&MemoryInbox::with_waiting_max(3), 3);
    assert_eq!(MemoryInbox::default().waiting_max(), crate::outbox::WAITING_MAX);
}

#[tokio::test]
async fn the_quarantine_keeps_its_contract() {
    contract::quarantine::run(Arc::new(MemoryQuarantine::default())).await;
}

#[tokio::test]
async fn the_spool_keeps_its_contract() {
    contract::spool::run(|| Arc::new(MemorySpool::default())).await;
}

#[test]
fn the_profiles_keep_their_contract() {
    contract::profiles::run(|| Box::new(MemoryProfiles::default()));
}

#[test]
fn the_access_store_keeps_its_contract() {
    contract::access_store::run(|| Box::new(MemoryAccess::default()));
}

#[test]
fn the_inbox_keeps_its_contract() {
    contract::inbox::run(|| Box::new(MemoryInbox::default()));
}

#[tokio::test]
async fn the_event_log_fails_as_told() {
    let log = MemoryEventLog::new();
    log.fail_next(LogErrorKind::Full);
    log.fail_next(LogErrorKind::Unavailable);
    log.fail_next(LogErrorKind::AnswerLost);
    let item = contract::item("acme", "s", 1, "x");
    assert!(matches!(log.append(vec![item.clone()]).await, Err(LogError::Full)));
    assert!(matches!(log.append(vec![item.clone()]).await, Err(LogError::Unavailable { .. })));
    assert!(log.is_empty());
    assert!(matches!(log.append(vec![item.clone()]).await, Err(LogError::Unavailable { .. })));
    assert_eq!(log.len(), 1);
    let answers = log.append(vec![item.clone()]).await.expect("no failure is left");
    assert!(answers[0].as_ref().expect("the same content")[0].duplicate);
    log.fail_next(LogErrorKind::Broken);
    for _ in 0..2 {
        assert!(matches!(log.append(vec![item.clone()]).await, Err(LogError::Broken { .. })));
    }
}

#[tokio::test]
async fn a_paused_event_log_lets_appends_wait() {
    let log = MemoryEventLog::new();
    log.pause();
    let mut append = log.append(vec![contract::item("acme", "s", 1, "x")]);
    assert!(futures_util::poll!(append.as_mut()).is_pending());
    assert!(log.is_empty());
    log.resume();
    append.await.expect("it goes on").pop().expect("one item").expect("it is new");
    assert_eq!(log.len(), 1);
}

#[test]
fn the_trees_keep_their_contract() {
    contract::trees::run(|| Box::new(MemoryTrees::default()));
}

#[tokio::test]
async fn the_archive_keeps_its_contract() {
    let archive = MemoryArchive::default();
    let stored = contract::archive::example(2);
    for of in &stored {
        for (month, entries) in &of.months {
            archive.keep(&of.tenant, *month, entries, 2);
        }
    }
    contract::archive::run(&archive, &stored).await;
    for (month, _) in &stored[1].months {
        archive.lock(&stored[1].tenant, *month, jiff::Timestamp::MAX);
    }
    contract::archive::run_locked(&archive, &stored[1]).await;
}

#[test]
fn the_detection_store_keeps_its_contract() {
    contract::detection::run(|| Box::new(MemoryDetection::default()));
}

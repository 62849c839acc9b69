//! An erasure is finished of which nobody knows any more who it was: by the pseudonym.

use super::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_lies_under_the_key_is_cleared_by_the_pseudonym() {
    let machine = Machine::default();
    let system = filled(&machine).await;
    let named = system.eraser.name(&tenant(), &names(&["ann"])).await.unwrap();
    system.eraser.0.faults.stop_after(Some(Step::KeysDestroyed));
    let stopped = system.eraser.erase_persons(&tenant(), &names(&["ann"])).await;
    assert!(matches!(stopped, Err(EraseError::Stopped(_))), "{stopped:?}");
    system.eraser.0.faults.stop_after(None);
    let done = system.eraser.resume_unknown(&tenant(), &named).await.unwrap();
    assert_eq!((done.keys, done.events, done.indexed), (0, 11, 11));
    assert_eq!(done.persons[0].pseudonym, named[0].pseudonym);
    let events = found(&system, Filter::All).await;
    let told = events.iter().find(|event| format!("{:?}", event.event).contains("Nameann"));
    assert!(told.is_none(), "{told:?}");
    assert!(found(&system, Filter::equals("actor.id", "ann")).await.is_empty());
    system.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_came_back_keeps_the_key_that_came_after() {
    let machine = Machine::default();
    let system = filled(&machine).await;
    let named = system.eraser.name(&tenant(), &names(&["ann"])).await.unwrap();
    system.eraser.erase_persons(&tenant(), &names(&["ann"])).await.unwrap();
    let back = record_all(&system, vec![own(101, "ann")]).await;
    wait_until_durable(&system, back).await;
    assert_eq!(system.eraser.resume_unknown(&tenant(), &named).await.unwrap().keys, 0);
    assert_eq!(found(&system, Filter::equals("actor.id", "ann")).await.len(), 1);
    let nobody = [crate::Named { pseudonym: "ann".into(), key_check: None }];
    let refused = system.eraser.resume_unknown(&tenant(), &nobody).await;
    assert!(matches!(refused, Err(EraseError::NoPseudonym(_))), "{refused:?}");
    system.stop().await;
}

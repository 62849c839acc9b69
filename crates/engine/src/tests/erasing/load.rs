//! Persons are erased while events about them are recorded: each lies under the old key or under a new
//! one, none is lost and none is unreadable by mistake.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use annals_domain::EventId;
use annals_domain::filter::Filter;

use super::{acts, found, is_as_rebuilt, names, nothing_is_left_of, own, stored};
use crate::tests::inbox::catalogue;
use crate::tests::machine::{Machine, record, sharded, tenant, wait_until_durable};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_recorded_meanwhile_is_lost_or_damaged() {
    let machine = Machine::default();
    let system = Arc::new(machine.start_knowing(catalogue(), sharded()).await);
    let over = Arc::new(AtomicBool::new(false));
    let recording = (0..4_u64).map(|lane| {
        let (system, over) = (Arc::clone(&system), Arc::clone(&over));
        tokio::spawn(async move {
            let mut taken: Vec<EventId> = Vec::new();
            for round in 0..400_u64 {
                let number = 1_000_000 * (lane + 1) + 3 * round;
                let events = vec![
                    own(number, "ann"),
                    acts(number + 1, "ann", "bob"),
                    own(number + 2, "bob"),
                ];
                for result in record(&system, events).await {
                    taken.push(result.unwrap().get().id);
                }
                if over.load(Ordering::Acquire) {
                    break;
                }
            }
            taken
        })
    });
    let recording: Vec<_> = recording.collect();
    let mut keys = 0;
    for _ in 0..8 {
        keys += system.eraser.erase_persons(&tenant(), &names(&["ann"])).await.unwrap().keys;
        tokio::task::yield_now().await;
    }
    over.store(true, Ordering::Release);
    let mut taken = BTreeSet::new();
    for lane in recording {
        taken.extend(lane.await.unwrap());
    }
    assert!(keys > 1, "ann came back between two erasures");
    let last = stored(&machine).await.last().unwrap().position;
    wait_until_durable(&system, last).await;
    // What cannot be opened would be left out.
    let all = found(&system, Filter::All).await;
    let ids: BTreeSet<EventId> = all.iter().map(|event| event.event.id).collect();
    assert_eq!(ids, taken);
    for event in &all {
        let is_of_bob = event.event.subject.as_ref().is_some_and(|subject| subject.id == "bob");
        let is_erased = !event.erased.is_empty();
        let acted = event.event.actor.id.is_some();
        assert!(is_of_bob || is_erased || acted, "{event:?}");
        assert_eq!(is_erased, !acted, "either all of ann's part or none: {event:?}");
    }
    is_as_rebuilt(&machine, &system).await;
    system.eraser.erase_persons(&tenant(), &names(&["ann"])).await.unwrap();
    nothing_is_left_of(&system, "ann").await;
    is_as_rebuilt(&machine, &system).await;
    Arc::into_inner(system).unwrap().stop().await;
}

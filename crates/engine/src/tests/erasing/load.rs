//! Persons are erased while events about them are recorded: each lies under the old key or under a new
//! one, none is lost and none is unreadable by mistake.

use std::collections::BTreeSet;
use std::sync::Arc;

use annals_domain::EventId;
use annals_domain::filter::Filter;
use tokio::sync::{Semaphore, watch};

use super::{acts, found, is_as_rebuilt, names, nothing_is_left_of, own, stored};
use crate::tests::inbox::catalogue;
use crate::tests::machine::{Machine, record, sharded, tenant, wait_until_durable};

/// So often ann is erased, each time while this many rounds of three events are recorded.
const ERASURES: usize = 8;
const ROUNDS: usize = 160;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_recorded_meanwhile_is_lost_or_damaged() {
    let machine = Machine::default();
    let system = Arc::new(machine.start_knowing(catalogue(), sharded()).await);
    let rounds = Arc::new(Semaphore::new(0));
    let (recorded, mut done) = watch::channel(0_usize);
    let recording = (0..4_u64).map(|lane| {
        let (system, rounds) = (Arc::clone(&system), Arc::clone(&rounds));
        let recorded = recorded.clone();
        tokio::spawn(async move {
            let mut taken: Vec<EventId> = Vec::new();
            let mut number = 1_000_000 * (lane + 1);
            while let Ok(round) = rounds.acquire().await {
                round.forget();
                let events = vec![
                    own(number, "ann"),
                    acts(number + 1, "ann", "bob"),
                    own(number + 2, "bob"),
                ];
                for result in record(&system, events).await {
                    taken.push(result.unwrap().get().id);
                }
                number += 3;
                recorded.send_modify(|rounds| *rounds += 1);
            }
            taken
        })
    });
    let recording: Vec<_> = recording.collect();
    for erasure in 0..ERASURES {
        // One more than before is done: ann came back since she was erased, and more of her is to come.
        let before = erasure * ROUNDS;
        rounds.add_permits(ROUNDS);
        done.wait_for(|done| *done > before).await.unwrap();
        let erasure = system.eraser.erase_persons(&tenant(), &names(&["ann"])).await.unwrap();
        assert_eq!(erasure.keys, 1);
    }
    done.wait_for(|done| *done == ERASURES * ROUNDS).await.unwrap();
    rounds.close();
    let mut taken = BTreeSet::new();
    for lane in recording {
        taken.extend(lane.await.unwrap());
    }
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

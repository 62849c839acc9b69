//! A graceful stop: nothing acknowledged is lost, nothing taken on goes unanswered.

use std::sync::Arc;
use std::time::Duration;

use annals_tests::{Ledger, PATIENCE, check_whole, samples, wait_until};
use tokio::task::JoinSet;

use crate::{ids, service};

const ROUNDS: usize = 3;
const WRITERS: usize = 6;
/// The stop comes after so many events of a round, under load.
const EVENTS_BEFORE: usize = 60;
/// Requests under way may take this long to finish, and projections a moment more.
const STOPPED_WITHIN: Duration = Duration::from_secs(20);

#[tokio::test]
async fn a_stop_under_load_answers_what_was_taken_on_and_loses_nothing() {
    let mut service = service().await;
    let writer = service.caller("shop", "acme", "writer").await;
    let auditor = service.caller("audit", "acme", "auditor").await;
    let ledger = Arc::new(Ledger::default());
    for round in 1..=ROUNDS {
        let mut writers = JoinSet::new();
        for index in 0..WRITERS {
            let (writer, ledger) = (writer.clone(), Arc::clone(&ledger));
            writers.spawn(async move {
                for n in 0.. {
                    let event = samples::numbered(&format!("writer-{index}"), n);
                    match writer.try_record(&event).await {
                        Ok(answer) => ledger.enter_single(&answer),
                        Err(_) => return,
                    }
                }
            });
        }
        let before = ledger.len();
        wait_until("some load", PATIENCE, async || {
            (ledger.len() >= before + EVENTS_BEFORE).then_some(())
        })
        .await;
        let began = std::time::Instant::now();
        service.terminate().await;
        writers.join_all().await;
        service.ended().await;
        assert!(began.elapsed() < STOPPED_WITHIN, "round {round}: {:?}", began.elapsed());
        service.restart().await;
        let whole = auditor.walk_recorded(None).await;
        check_whole(&auditor, &whole).await;
        ledger.check_kept(&whole);
        // Every event in the log was answered: what was taken on did not go unanswered.
        let acked = ledger.acked();
        let unanswered: Vec<String> =
            ids(&whole).into_iter().filter(|id| !acked.contains_key(id)).collect();
        assert!(unanswered.is_empty(), "round {round}: {unanswered:?}");
    }
    assert!(service.operations_log().contains("everything that was taken on is recorded"));
}

#[tokio::test]
async fn a_second_stop_signal_and_one_to_an_idle_service_end_it_with_zero_too() {
    let mut service = service().await;
    service.terminate().await;
    service.ended().await;
    service.restart().await;
    service.stop().await;
}

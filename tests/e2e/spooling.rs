//! The server is away: what may wait is answered 202 and is in the log once, in its order, also when the
//! node is killed while it waits and while it is being recorded.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use annals_eventstoredb_double::{AppendFault, Options, Refusal, Server};
use annals_tests::{
    Caller, PATIENCE, Secrets, Setup, TestService, Waiting, check_whole, samples, wait_until,
};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::{ANNALS, ids, text};

const WRITERS: usize = 4;
/// How often the node is killed while events wait, and while they are recorded.
const KILLS: usize = 3;
/// The node is killed after so many more events were acknowledged.
const EVENTS_BEFORE: usize = 30;

async fn node(server: &Server) -> TestService {
    TestService::start_as(ANNALS, Setup::node_of(&server.url(), &Secrets::make())).await
}

async fn until_away(service: &TestService) {
    wait_until("the outage is noticed", PATIENCE, async || {
        (service.readiness().await.1["ingest"] == false).then_some(())
    })
    .await;
}

async fn until_drained(service: &TestService) {
    wait_until("nothing waits any more", PATIENCE, async || {
        (service.readiness().await.1["spooled"] == 0).then_some(())
    })
    .await;
}

#[tokio::test]
async fn while_the_server_is_away_each_type_is_treated_as_the_catalogue_says() {
    let server = Server::start(Options::default());
    let mut service = node(&server).await;
    let writer = service.caller("shop", "acme", "writer").await;
    let auditor = service.caller("audit", "acme", "auditor").await;
    writer.record(&samples::login("ann")).await.expect(201);
    server.stop();
    until_away(&service).await;
    let event = samples::login("ann");
    for _ in 0..2 {
        let spooled = writer.record(&event).await.expect(202);
        assert_eq!((&spooled["status"], &spooled["id"]), (&json!("spooled"), &event["id"]));
    }
    // Of a person who was never seen before, whose key cannot be made at this moment.
    writer.record(&samples::login("a newcomer")).await.expect(202);
    let problem = writer.record(&samples::role_granted("ann")).await.expect(503);
    assert_eq!(problem["code"], "UNAVAILABLE");
    let bulk =
        writer.bulk(&[samples::login("ben"), samples::role_granted("ben")]).await.expect(207);
    let statuses: Vec<&Value> =
        bulk["results"].as_array().unwrap().iter().map(|item| &item["status"]).collect();
    assert_eq!(statuses, [&json!(202), &json!(503)]);
    assert_eq!(service.readiness().await.1["spooled"], 3);
    assert_eq!(auditor.metric("annals_spool_events").await, Some(3.0));
    let doctor = service.run(&["doctor"]).await;
    assert!(doctor.stdout.contains("3 acknowledged events wait"), "{}", doctor.stdout);
    server.resume();
    until_drained(&service).await;
    let last = writer.record(&samples::login("last")).await.expect(201);
    auditor.wait_until_visible(&text(&last["position"]), PATIENCE).await;
    let found = auditor.walk_recorded(None).await;
    check_whole(&auditor, &found).await;
    assert_eq!(found.len(), 5);
    assert!(ids(&found).contains(&text(&event["id"])));
    service.stop().await;
}

#[tokio::test]
async fn a_spool_that_is_full_refuses_and_takes_again_when_there_is_room() {
    let server = Server::start(Options::default());
    let setup =
        Setup::node_of(&server.url(), &Secrets::make()).with("ANNALS_SPOOL__EVENTS_MAX", "2");
    let mut service = TestService::start_as(ANNALS, setup).await;
    let writer = service.caller("shop", "acme", "writer").await;
    server.stop();
    until_away(&service).await;
    for _ in 0..2 {
        writer.record(&samples::login("ann")).await.expect(202);
    }
    writer.record(&samples::login("ann")).await.expect(503);
    server.resume();
    until_drained(&service).await;
    server.stop();
    until_away(&service).await;
    writer.record(&samples::login("ann")).await.expect(202);
    service.stop().await;
}

#[tokio::test]
async fn killed_while_spooling_and_while_draining_it_loses_nothing_doubles_nothing_and_keeps_order()
{
    let server = Server::start(Options::default());
    let mut service = node(&server).await;
    let writer = service.caller("load", "acme", "writer").await;
    let auditor = service.caller("audit", "acme", "auditor").await;
    let load = Arc::new(Load::default());
    let mut writers = JoinSet::new();
    for index in 0..WRITERS {
        writers.spawn(write(Arc::clone(&load), writer.clone(), index));
    }
    for round in 0..KILLS {
        load.goes_on(EVENTS_BEFORE).await;
        server.stop();
        load.goes_on(EVENTS_BEFORE).await;
        // While events are put into the spool …
        service.kill9().await;
        service.restart_listening().await;
        load.goes_on(EVENTS_BEFORE).await;
        // … and while they are recorded, with an append whose answer is lost.
        let fault = match round % 2 {
            0 => AppendFault::BreakSession,
            _ => AppendFault::CommitThenFail(Refusal::Timeout),
        };
        server.faults().next_appends(2, fault);
        server.resume();
        wait_until("some are recorded", PATIENCE, async || {
            let events = server.store().events();
            events.iter().any(|event| event.stream.starts_with("person-")).then_some(())
        })
        .await;
        service.kill9().await;
        service.restart_listening().await;
    }
    load.enough.store(true, Ordering::Relaxed);
    writers.join_all().await;
    service.wait_until_ready(PATIENCE).await;
    until_drained(&service).await;
    let last = writer.record(&samples::login("last")).await.expect(201);
    auditor.wait_until_visible(&text(&last["position"]), PATIENCE).await;
    auditor.wait_until_current().await;
    let whole = auditor.walk_recorded(None).await;
    check_whole(&auditor, &whole).await;
    let found: std::collections::HashSet<String> = ids(&whole).into_iter().collect();
    let acked = load.acked.lock().unwrap().clone();
    let lost = acked.iter().filter(|id| !found.contains(*id)).count();
    assert_eq!(lost, 0, "of {} acknowledged events", acked.len());
    assert_eq!(whole.len(), acked.len() + 1, "whoever got no answer has sent again");
    for index in 0..WRITERS {
        let of_writer =
            whole.iter().filter(|e| e["metadata"]["writer"] == format!("writer-{index}"));
        let numbers: Vec<u64> = of_writer.map(|e| e["metadata"]["n"].as_u64().unwrap()).collect();
        assert!(numbers.is_sorted(), "the events of one person are out of order: {numbers:?}");
    }
    assert!(load.spooled.load(Ordering::Relaxed), "nothing was ever spooled");
    assert!(!service.operations_log().contains("panicked"));
    println!(
        "{} events acknowledged, {KILLS} kills while spooling, {KILLS} while draining",
        acked.len()
    );
    service.stop().await;
}

#[derive(Default)]
struct Load {
    acked: std::sync::Mutex<Vec<String>>,
    enough: AtomicBool,
    spooled: AtomicBool,
}

impl Load {
    async fn goes_on(&self, events: usize) {
        let enough = self.acked.lock().unwrap().len() + events;
        wait_until("events are acknowledged", PATIENCE, async || {
            (self.acked.lock().unwrap().len() >= enough).then_some(())
        })
        .await;
    }
}

/// One writer for one person: each event is sent when the one before was acknowledged, and again until
/// it is.
async fn write(load: Arc<Load>, writer: Caller, index: usize) {
    for n in 0.. {
        if load.enough.load(Ordering::Relaxed) {
            return;
        }
        let event = json!({
            "id": samples::id(),
            "type": "order.placed",
            "actor": { "id": format!("person-{index}") },
            "metadata": { "writer": format!("writer-{index}"), "n": n },
        });
        let waiting = Waiting::begin("an event is acknowledged", PATIENCE);
        loop {
            match writer.try_record(&event).await.map(|answer| answer.status) {
                Ok(200 | 201) => break,
                Ok(202) => {
                    load.spooled.store(true, Ordering::Relaxed);
                    break;
                }
                Err(_) | Ok(401 | 503) => waiting.turn().await,
                Ok(other) => panic!("{other}"),
            }
        }
        load.acked.lock().unwrap().push(text(&event["id"]));
    }
}

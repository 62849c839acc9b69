//! Events that belong together.

use annals_domain::event::{Session, Target};
use annals_domain::filter::{Filter, Scope};
use annals_domain::time::DateTime;
use annals_domain::{Event, Recorded};
use jiff::Timestamp;

use super::machine::{Machine, event, event_of, everything_of, id, record_all, tenant, wait_for};
use crate::{RelatedRequest, Relation, System};

const TRACE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
const SAME_TRACE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-b7ad6b7169203331-00";

/// Happens in the order of its number.
fn numbered(number: u64, person: &str, change: impl FnOnce(&mut Event)) -> Event {
    let mut event = event(number, person, &format!("event {number}"));
    let second = Timestamp::from_second(1_700_000_000 + number as i64).unwrap();
    event.occurred_at = DateTime::utc(second);
    change(&mut event);
    event
}

fn text(text: &str) -> Option<String> {
    Some(text.to_owned())
}

fn target(target_type: &str, id: &str) -> Target {
    Target { target_type: target_type.into(), id: text(id), name: None, owner: None }
}

async fn filled(machine: &Machine, events: Vec<Event>) -> System {
    let system = machine.start().await;
    // One after the other, so that positions do not decide.
    for event in events.into_iter().rev() {
        let position = record_all(&system, vec![event]).await;
        wait_for(&system, position).await;
    }
    system
}

async fn related(
    system: &System,
    scope: Scope,
    number: u64,
    by: &[Relation],
) -> Vec<(u64, Vec<Relation>)> {
    let event = system.queries.event(&scope, id(number)).await.unwrap().unwrap();
    let (filter, by) = (Filter::All, by.to_vec());
    let request = RelatedRequest { scope, filter, event, by, after: None, limit: 100 };
    let page = system.queries.related(request).await.unwrap();
    assert_eq!(page.next, None);
    let number = |event: &Recorded| event.event.id.0.as_u128() as u64;
    page.events.iter().map(|(event, because)| (number(event), because.clone())).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_related_event_tells_why_it_is_and_they_come_as_they_happened() {
    let machine = Machine::default();
    let session = |id: &str| Some(Session { id: text(id), auth_method: None, mfa: None });
    let events = vec![
        numbered(1, "ann", |event| {
            event.request.id = text("r-1");
            event.request.traceparent = text(TRACE);
            event.session = session("s-1");
        }),
        numbered(2, "bob", |event| event.request.id = text("r-1")),
        numbered(3, "bob", |event| event.request.traceparent = text(SAME_TRACE)),
        numbered(4, "bob", |event| {
            event.session = session("s-1");
            event.request.id = text("r-1");
        }),
        numbered(5, "bob", |event| event.request.id = text("R-1")),
        numbered(6, "ann", |_| {}),
    ];
    let system = filled(&machine, events).await;
    let scope = || everything_of("acme");
    let close = related(&system, scope(), 1, Relation::CLOSE).await;
    let expected = [
        (2, vec![Relation::Request]),
        (3, vec![Relation::Trace]),
        (4, vec![Relation::Request, Relation::Session]),
    ];
    assert_eq!(close, expected);
    let by_actor = related(&system, scope(), 1, &[Relation::Actor]).await;
    assert_eq!(by_actor, [(6, vec![Relation::Actor])]);
    assert!(related(&system, scope(), 6, Relation::CLOSE).await.is_empty(), "nothing to go by");
    let own = related(&system, Scope::person(tenant(), "ann"), 1, Relation::CLOSE).await;
    assert!(own.is_empty(), "what others did is not shown");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trace_of_zeros_relates_nothing() {
    let machine = Machine::default();
    let zeros = text("00-00000000000000000000000000000000-00f067aa0ba902b7-01");
    let events = (1..3)
        .map(|number| numbered(number, "ann", |event| event.request.traceparent = zeros.clone()));
    let system = filled(&machine, events.collect()).await;
    assert!(related(&system, everything_of("acme"), 1, &[Relation::Trace]).await.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_chain_goes_back_to_the_first_cause_and_on_to_all_effects() {
    let machine = Machine::default();
    let caused = |number: u64, by: Option<String>| {
        numbered(number, "ann", |event| event.request.causation_id = by)
    };
    let by = |number: u64| Some(id(number).to_string());
    let events = vec![
        caused(1, text("command-7")),
        caused(2, by(1)),
        caused(3, by(2)),
        caused(4, by(3)),
        caused(5, by(3)),
        caused(6, by(5)),
        // A sibling of 3, and the other effects of the command.
        caused(7, by(2)),
        caused(8, text("command-7")),
        caused(9, text("command-8")),
        // A circle.
        caused(20, by(21)),
        caused(21, by(20)),
    ];
    let system = filled(&machine, events).await;
    let chain = async |number| {
        let by = [Relation::Causation];
        let found = related(&system, everything_of("acme"), number, &by).await;
        assert!(found.iter().all(|(_, because)| *because == by));
        found.into_iter().map(|(number, _)| number).collect::<Vec<_>>()
    };
    assert_eq!(chain(3).await, [1, 2, 4, 5, 6, 7]);
    assert_eq!(chain(1).await, [2, 3, 4, 5, 6, 7, 8]);
    assert_eq!(chain(20).await, [21]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_chain_does_not_lead_out_of_the_scope() {
    let machine = Machine::default();
    let system = machine.start().await;
    let mut effect = event_of("globex", 2, "ann", "effect");
    effect.request.causation_id = Some(id(1).to_string());
    let position = record_all(&system, vec![event_of("acme", 1, "ann", "cause")]).await;
    wait_for(&system, record_all(&system, vec![effect]).await.max(position)).await;
    for (tenant, number) in [("acme", 1), ("globex", 2)] {
        let found = related(&system, everything_of(tenant), number, Relation::ALL).await;
        assert!(found.is_empty(), "{found:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_target_is_a_type_and_an_id_together() {
    let machine = Machine::default();
    let events = vec![
        numbered(1, "ann", |event| event.targets = vec![target("invoice", "7")]),
        numbered(2, "bob", |event| event.targets = vec![target("Invoice", "7")]),
        numbered(3, "bob", |event| {
            event.targets = vec![target("invoice", "8"), target("order", "7")];
        }),
    ];
    let system = filled(&machine, events).await;
    let found = related(&system, everything_of("acme"), 1, &[Relation::Target]).await;
    assert_eq!(found, [(2, vec![Relation::Target])]);
}

//! The retention job removes what is due, of one tenant, and nothing of it is found any more.

use std::collections::BTreeMap;
use std::sync::Arc;

use annals_domain::catalogue::Catalogue;
use annals_domain::filter::{Filter, Order};
use annals_domain::lifecycle::TenantPolicy;
use annals_domain::limits::Limits;
use annals_domain::profile::PersonRef;
use annals_domain::retention::RetentionPolicy;
use annals_domain::time::DateTime;
use annals_domain::{Event, EventId, Position, TenantId};
use annals_ports::LogReader;
use annals_ports::memory::MemoryRegisters;
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::machine::{
    Machine, event, event_of, everything_of, numbers, record_all, record_one, request, tenant,
    wait_until_durable,
};
use crate::{Due, Pacing, Retention, RetentionError, RetentionRules, RetentionTime, System};

const RUN: EventId = EventId(Uuid::from_u128(0x0a11));
/// Seven years after the events of `old`.
pub(super) const NOW: &str = "2026-11-21T00:00:00Z";

pub(super) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub(super) fn received(event: Event, at: &str) -> Event {
    let received_at = DateTime::utc(at.parse().unwrap());
    Event { received_at, ..event }
}

fn old(number: u64) -> Event {
    received(event(number, "ann", "old"), "2019-11-20T23:59:59Z")
}

fn recent(number: u64) -> Event {
    received(event(number, "ann", "recent"), "2019-11-21T00:00:01Z")
}

pub(super) fn standard() -> RetentionRules {
    RetentionRules {
        installation: RetentionPolicy::default(),
        catalogue: Arc::new(Catalogue::shipped()),
        limits: Limits::shipped().query,
    }
}

async fn due_of(retention: &Retention, tenant: &TenantId) -> Due {
    let run = retention.begin().unwrap();
    let mut found = run.look(Some(tenant), at(NOW), Pacing::AtOnce).await.unwrap();
    found.remove(tenant).unwrap_or_default()
}

async fn due(retention: &Retention) -> Due {
    due_of(retention, &tenant()).await
}

fn positions(due: &Due) -> Vec<Position> {
    due.events.iter().map(|event| event.position()).collect()
}

/// Removes what is due; answers how many that were.
async fn run(retention: &Retention) -> u64 {
    let due = due(retention).await;
    let run = retention.begin().unwrap();
    run.remove(&tenant(), RUN, &due, at(NOW)).await.all().unwrap()
}

async fn found(system: &System) -> Vec<u64> {
    let page = system.queries.page(request(Order::RecordedOldest, 100)).await.unwrap();
    numbers(&page.events)
}

pub(super) async fn recorded(system: &System, events: Vec<Event>) {
    let position = record_all(system, events).await;
    wait_until_durable(system, position).await;
    assert!(system.access.wait_for(position, super::machine::PATIENCE).await);
}

#[tokio::test]
async fn what_is_due_goes_and_is_neither_found_nor_counted() {
    let system = Machine::default().start().await;
    recorded(&system, vec![old(1), old(2), recent(3)]).await;
    let retention = system.retention(standard());
    let due = due(&retention).await;
    assert_eq!(positions(&due), [Position(1), Position(2)]);
    assert_eq!(due.by_class, BTreeMap::from([("standard".to_owned(), 2)]));
    assert_eq!(
        (due.oldest, due.newest, due.more),
        (Some(at("2019-11-20T23:59:59Z")), due.oldest, false)
    );
    assert_eq!(found(&system).await, [1, 2, 3], "looking removes nothing");
    let mut follower = system.queries.follow(Some(Position::START));
    assert_eq!(run(&retention).await, 2);
    assert_eq!(found(&system).await, [3]);
    let count = system.queries.count(&everything_of("acme"), Filter::All, 100).await.unwrap();
    assert_eq!(count.value, 1);
    assert!(
        system
            .queries
            .event(&everything_of("acme"), super::machine::id(1))
            .await
            .unwrap()
            .is_none()
    );
    let seen = follower.next(100).await.unwrap();
    assert_eq!(numbers(&seen), [3], "who follows from the beginning is not shown it either");
    let ann = PersonRef { tenant: tenant(), id: "ann".into() };
    let timeline = system.queries.timeline(ann, None, 2).await.unwrap();
    assert_eq!((numbers(&timeline.events), timeline.more), (vec![3], false));
    assert_eq!(run(&retention).await, 0, "nothing is left to do");
    system.stop().await;
}

#[tokio::test]
async fn a_removed_id_answers_its_old_receipt_and_is_not_recorded_again() {
    let system = Machine::default().start().await;
    recorded(&system, vec![old(1), recent(2)]).await;
    run(&system.retention(standard())).await;
    let receipt = record_one(&system, old(1)).await.unwrap();
    assert_eq!((receipt.position, receipt.duplicate), (Position(1), true));
    let mut other = old(1);
    other.description = Some("another".into());
    assert!(record_one(&system, other).await.is_err());
    assert_eq!(found(&system).await, [2]);
    system.stop().await;
}

#[tokio::test]
async fn other_tenants_and_what_annals_needs_to_know_are_left_alone() {
    let system = Machine::default().start().await;
    let other = received(event_of("globex", 2, "ben", "old"), "2019-01-01T00:00:00Z");
    recorded(&system, vec![other]).await;
    let revoked = Event { event_type: "annals.access.revoked".into(), ..old(3) };
    recorded(&system, vec![revoked, old(4)]).await;
    let retention = system.retention(standard());
    assert_eq!(positions(&due(&retention).await), [Position(3)]);
    let globex = TenantId::new("globex").unwrap();
    let theirs = due_of(&retention, &globex).await;
    assert_eq!(positions(&theirs), [Position(1)]);
    let run = retention.begin().unwrap();
    let all = run.look(None, at(NOW), Pacing::PerSecond(1_000_000)).await.unwrap();
    let counts: Vec<(&str, usize)> =
        all.iter().map(|(tenant, due)| (tenant.as_str(), due.events.len())).collect();
    assert_eq!(counts, [("acme", 1), ("globex", 1)], "and of all in one go");
    system.stop().await;
}

#[tokio::test]
async fn one_run_at_a_time() {
    let system = Machine::default().start().await;
    let retention = system.retention(standard());
    let first = retention.begin().unwrap();
    let refused = retention.clone().begin().err().unwrap();
    assert!(matches!(refused, RetentionError::UnderWay), "{refused}");
    drop(first);
    assert!(retention.begin().is_ok());
    system.stop().await;
}

#[tokio::test]
async fn a_log_that_cannot_remove_is_told_before_anything_is_done() {
    let machine = Machine::default();
    let system = machine.start().await;
    recorded(&system, vec![old(1)]).await;
    machine.log.memory.keep_all();
    let run = system.retention(standard()).begin().unwrap();
    let refused = run.require_removal().await.unwrap_err();
    assert!(matches!(refused, RetentionError::Unsupported), "{refused}");
    assert_eq!(found(&system).await, [1]);
    system.stop().await;
}

#[tokio::test]
async fn after_a_restart_nothing_of_it_comes_back() {
    let machine = Machine::default();
    let system = machine.start().await;
    recorded(&system, vec![old(1), recent(2)]).await;
    run(&system.retention(standard())).await;
    system.stop().await;
    let system = machine.start().await;
    assert_eq!(found(&system).await, [2]);
    assert_eq!(machine.log.read_all(Position::START, 10).await.unwrap().len(), 1);
    recorded(&system, vec![recent(3)]).await;
    assert_eq!(found(&system).await, [2, 3]);
    system.stop().await;
}

/// Annals tells of a hold on events of somebody, placed at a time.
pub(super) fn hold_on(number: u64, person: &str) -> Event {
    let query = format!("actor.id:{person}");
    let metadata = [("matter", "M-1".to_owned()), ("query", query)];
    Event {
        event_type: "annals.hold.placed".into(),
        source: "annals".into(),
        subject: None,
        metadata: metadata.map(|(key, value)| (key.to_owned(), value.into())).into_iter().collect(),
        ..received(event(number, "olga", "hold"), "2026-11-20T00:00:00Z")
    }
}

#[tokio::test]
async fn what_is_held_stays_also_when_the_hold_came_after_the_look() {
    let system = Machine::default().start().await;
    let by_ben = received(event(2, "ben", "old"), "2019-11-20T23:59:59Z");
    recorded(&system, vec![old(1), by_ben]).await;
    let retention = system.retention(standard());
    let before = due(&retention).await;
    assert_eq!(positions(&before), [Position(1), Position(2)]);
    recorded(&system, vec![hold_on(9, "ann")]).await;
    let after = due(&retention).await;
    assert_eq!((positions(&after), after.held), (vec![Position(2)], 1));
    let run = retention.begin().unwrap();
    assert_eq!(run.remove(&tenant(), RUN, &before, at(NOW)).await.all().unwrap(), 1);
    assert_eq!(found(&system).await, [1, 9], "what was looked for before is looked at again");
    system.stop().await;
}

#[tokio::test]
async fn what_is_kept_longer_since_the_look_stays() {
    let system = Machine::default().start().await;
    recorded(&system, vec![old(1), old(2)]).await;
    let retention = system.retention(standard());
    let before = due(&retention).await;
    assert_eq!(before.events.len(), 2);
    recorded(&system, vec![policy_of("acme", 9, "P8Y")]).await;
    let run = retention.begin().unwrap();
    assert_eq!(run.remove(&tenant(), RUN, &before, at(NOW)).await.all().unwrap(), 0);
    assert_eq!(found(&system).await, [1, 2, 9]);
    system.stop().await;
}

#[tokio::test]
async fn nobody_decides_that_something_stays_while_it_is_being_removed() {
    let machine = Machine::default();
    let system = machine.start().await;
    recorded(&system, vec![old(1)]).await;
    let retention = system.retention(standard());
    let due = due(&retention).await;
    let mut held_up = machine.index.hold_up_removals();
    let removing = tokio::spawn({
        let run = retention.begin().unwrap();
        async move { run.remove(&tenant(), RUN, &due, at(NOW)).await.all().unwrap() }
    });
    held_up.is_reached().await;
    let view = system.access.clone();
    let mut deciding = std::pin::pin!(view.deciding());
    assert!(futures_util::poll!(&mut deciding).is_pending(), "it waits for the removal");
    drop(held_up);
    let _decided = deciding.await;
    assert_eq!(removing.await.unwrap(), 1);
    system.stop().await;
}

#[tokio::test]
async fn what_was_removed_before_a_failure_is_told_and_nothing_else() {
    let machine = Machine::default();
    let system = machine.start().await;
    let step = crate::retention::STEP as u64;
    let events = (1..=step).map(old);
    let short = Event { description: Some("last".into()), ..recent(step + 1) };
    recorded(&system, events.chain([received(short, "2019-11-20T23:59:59.5Z")]).collect()).await;
    let retention = system.retention(standard());
    let due = due(&retention).await;
    assert_eq!(due.events.len() as u64, step + 1);
    machine.index.fail_removal(2);
    let run = retention.begin().unwrap();
    let gone = run.remove(&tenant(), RUN, &due, at(NOW)).await;
    assert!(matches!(gone.failed, Some(RetentionError::Index(_))), "{gone:?}");
    assert_eq!((gone.removed, gone.told.by_class["standard"]), (step, step));
    assert_eq!(gone.told.newest, Some(at("2019-11-20T23:59:59Z")), "not that of what stays");
    assert_eq!(gone.told.events.last().map(|event| event.position()), Some(Position(step)));
    system.stop().await;
}

#[tokio::test]
async fn a_policy_of_the_tenant_goes_before_the_installations_and_a_simulation_removes_nothing() {
    let system = Machine::default().start().await;
    recorded(&system, vec![old(1), recent(2)]).await;
    let retention = system.retention(standard());
    let rules = serde_json::json!([{ "keep": "P1Y" }]);
    let policy = TenantPolicy::new(serde_json::from_value(rules).unwrap()).unwrap();
    // The job may be under way meanwhile.
    let run = retention.begin().unwrap();
    let simulated = retention.simulate(&tenant(), &policy, at(NOW), Pacing::AtOnce).await.unwrap();
    assert_eq!((simulated.due, simulated.held), (2, 0));
    assert_eq!(simulated.by_type.values().sum::<u64>(), 2);
    let turn = retention.simulating.acquire().await.unwrap();
    let second = retention.simulate(&tenant(), &policy, at(NOW), Pacing::AtOnce).await.unwrap_err();
    assert!(matches!(second, RetentionError::Simulating), "{second}");
    drop((turn, run));
    assert_eq!(due(&retention).await.events.len(), 1, "it is not in force");
    system.stop().await;
}

/// A tenant keeps its events for so long, from a time on.
pub(super) fn policy_of(tenant: &str, number: u64, keep: &str) -> Event {
    let metadata = [
        ("rules", serde_json::json!([{ "keep": keep }])),
        ("shortens", false.into()),
        ("effective_at", "2020-01-01T00:00:00Z".into()),
    ];
    let event = Event {
        event_type: "annals.retention.policy_proposed".into(),
        source: "annals".into(),
        subject: None,
        metadata: metadata.map(|(key, value)| (key.to_owned(), value)).into_iter().collect(),
        ..event_of(tenant, number, "olga", "policy")
    };
    received(event, "2026-11-20T00:00:00Z")
}

#[tokio::test]
async fn a_tenant_with_a_shorter_policy_is_looked_for_behind_a_stretch_of_others() {
    let system = Machine::default().start().await;
    let half_a_year_ago = "2026-05-01T00:00:00Z";
    let others = (1..=crate::retention::STEP as u64)
        .map(|number| received(event(number, "ann", "other"), half_a_year_ago));
    recorded(&system, others.collect()).await;
    let theirs = received(event_of("globex", 5000, "ben", "short"), half_a_year_ago);
    recorded(&system, vec![theirs, policy_of("globex", 5001, "P90D")]).await;
    let run = system.retention(standard()).begin().unwrap();
    let found = run.look(None, at(NOW), Pacing::AtOnce).await.unwrap();
    let counts: Vec<(&str, usize)> =
        found.iter().map(|(tenant, due)| (tenant.as_str(), due.events.len())).collect();
    assert_eq!(counts, [("globex", 1)]);
    system.stop().await;
}

#[tokio::test]
async fn time_goes_on_as_it_is_measured_over_restarts_and_never_by_the_clock_alone() {
    let registers = Arc::new(MemoryRegisters::default());
    let begin = at("2026-11-21T00:00:00Z");
    let time = RetentionTime::open(registers.clone(), begin).await.unwrap();
    let ten_years_on = at("2036-11-21T00:00:00Z");
    assert!(
        time.now(ten_years_on).await.expiry < at("2026-11-21T00:10:00Z"),
        "a clock that jumped"
    );
    assert!(time.behind(ten_years_on).await > SignedDuration::from_hours(24 * 365 * 9));
    time.keep().await.unwrap();
    let again = RetentionTime::open(registers, ten_years_on).await.unwrap();
    assert!(
        again.now(ten_years_on).await.expiry < at("2026-11-21T00:10:00Z"),
        "nor over a restart"
    );
    again.confirm(ten_years_on).await.unwrap();
    assert_eq!(again.now(ten_years_on).await.expiry, ten_years_on);
}

#[tokio::test]
async fn what_is_confirmed_on_one_node_is_taken_over_by_the_others() {
    let registers = Arc::new(MemoryRegisters::default());
    let (begin, right) = (at("2036-11-21T00:00:00Z"), at("2026-11-21T00:00:00Z"));
    let one = RetentionTime::open(registers.clone(), begin).await.unwrap();
    let other = RetentionTime::open(registers.clone(), begin).await.unwrap();
    // The clock was wrong at the first start. Both have written since the one read last.
    one.keep().await.unwrap();
    other.keep().await.unwrap();
    one.confirm(right).await.unwrap();
    other.keep().await.unwrap();
    let soon = at("2026-11-21T00:10:00Z");
    assert!(other.now(begin).await.expiry < soon, "the other goes by it");
    one.keep().await.unwrap();
    assert!(one.now(begin).await.expiry < soon, "and has not undone it");
    let third = RetentionTime::open(registers, begin).await.unwrap();
    assert!(third.now(begin).await.expiry < soon);
}

#[tokio::test]
async fn a_log_that_removes_beginnings_has_the_others_wait() {
    let machine = Machine::default();
    let system = machine.start().await;
    machine.log.memory.only_cut();
    let by_ben = |number| received(event(number, "ben", "old"), "2019-11-20T23:59:59Z");
    let events = [old(1), by_ben(2), recent(3), old(4), by_ben(5), by_ben(6), old(7)];
    recorded(&system, events.into()).await;
    let retention = system.retention(standard());
    let found_due = due(&retention).await;
    // Of ann the third stays, and with it what follows; of ben the last.
    assert_eq!(positions(&found_due), [Position(1), Position(2), Position(5)]);
    assert_eq!((found_due.waiting, found_due.by_class["standard"]), (3, 3));
    assert_eq!(run(&retention).await, 3);
    assert_eq!(found(&system).await, [3, 4, 6, 7]);
    let again = due(&retention).await;
    assert_eq!((positions(&again), again.waiting), (vec![], 3), "what waits is not tried again");
    recorded(&system, vec![received(event(8, "ben", "new"), "2020-11-21T00:00:00Z")]).await;
    let next = due(&retention).await;
    assert_eq!((positions(&next), next.waiting), (vec![Position(6)], 2), "ben's last no more");
    system.stop().await;
}

#[tokio::test]
async fn a_log_that_removes_beginnings_keeps_what_lies_behind_a_hold() {
    let machine = Machine::default();
    let system = machine.start().await;
    machine.log.memory.only_cut();
    let of_ann = |number, action: &str| {
        let event = Event { event_type: action.into(), ..old(number) };
        received(event, "2019-11-20T23:59:59Z")
    };
    recorded(&system, vec![of_ann(1, "a.a"), of_ann(2, "b.b"), of_ann(3, "a.a")]).await;
    recorded(&system, vec![recent(4)]).await;
    let retention = system.retention(standard());
    let before = due(&retention).await;
    assert_eq!(positions(&before).len(), 3);
    let mut hold = hold_on(9, "ann");
    hold.metadata.insert("query".into(), "type:b.b".into());
    recorded(&system, vec![hold]).await;
    let run = retention.begin().unwrap();
    assert_eq!(run.remove(&tenant(), RUN, &before, at(NOW)).await.all().unwrap(), 1);
    assert_eq!(found(&system).await, [2, 3, 4, 9], "the index kept what the log keeps");
    drop(run);
    let after = due(&retention).await;
    assert_eq!((positions(&after), after.held, after.waiting), (vec![], 1, 1));
    system.stop().await;
}

#[tokio::test]
async fn what_another_node_removed_is_found_here_no_more() {
    let machine = Machine::default();
    let system = machine.start().await;
    recorded(&system, vec![old(1), old(2), recent(3)]).await;
    machine.log.memory.remove_elsewhere(&[Position(1), Position(2)]);
    let patience = super::machine::PATIENCE;
    let forgotten = tokio::time::timeout(patience, async {
        while found(&system).await != [3] {
            tokio::task::yield_now().await;
        }
    });
    forgotten.await.expect("the index forgets it");
    let read = async || machine.log.read_all(Position::START, 10).await.unwrap().len();
    let gone = tokio::time::timeout(patience, async {
        while read().await != 1 {
            tokio::task::yield_now().await;
        }
    });
    gone.await.expect("and the log");
    system.stop().await;
}

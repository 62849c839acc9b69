//! New and vanished values, and questions that are answered from one state of the log.

use std::collections::BTreeSet;

use annals_domain::filter::{Field, Filter, Order, TimeRange};
use annals_domain::statistics::{Periods, Precision};
use annals_domain::time::DateTime;
use annals_ports::SearchIndex;
use jiff::Timestamp;

use super::machine::{
    Machine, event, event_of, events, everything_of, numbers, record_all, request, settings,
    wait_for,
};
use crate::{
    ChangedValue, ComparisonRequest, PageRequest, ProjectionSettings, Settings, StatisticsRequest,
    System, ValueChanges, page_key,
};

const START_S: i64 = 1_700_000_000;

/// The index commits only when the test does.
fn committed_by_hand() -> Settings {
    let projections = ProjectionSettings { index_commit_ms: 3_600_000, ..settings().projections };
    Settings { projections, ..settings() }
}

fn second(second: i64) -> Timestamp {
    Timestamp::from_second(START_S + second).unwrap()
}

/// Records events of these countries and seconds; `commit` makes the index take them.
async fn record(
    machine: &Machine,
    system: &System,
    first: u64,
    seen: &[(&str, i64)],
    commit: bool,
) {
    let events = (first..).zip(seen).map(|(number, (country, at))| {
        let mut event = event(number, "ann", "signed in");
        event.occurred_at = DateTime::utc(second(*at));
        event.labels.insert("country".into(), (*country).into());
        event
    });
    wait_for(system, record_all(system, events.collect()).await).await;
    if commit {
        machine.index.commit().unwrap();
    }
}

async fn compared(system: &System, limit: usize) -> ValueChanges {
    let range = |from, until| TimeRange { from: Some(second(from)), until: Some(second(until)) };
    let request = ComparisonRequest {
        scope: everything_of("acme"),
        periods: Periods { filter: Filter::All, current: range(100, 200), before: range(0, 100) },
        field: Field("labels.country".into()),
        limit,
    };
    system.queries.comparison(request).await.unwrap()
}

/// Value, count, and the seconds at which it was seen first and last.
fn told(values: &[ChangedValue]) -> Vec<(&str, u64, i64, i64)> {
    let told = |one: &ChangedValue| {
        let (first, last) = one.seen.unwrap();
        (first.as_second() - START_S, last.as_second() - START_S)
    };
    let told = values.iter().map(|one| (one, told(one)));
    told.map(|(one, (first, last))| (one.value.as_str(), one.count, first, last)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn new_and_vanished_values_are_told_wherever_memory_ends_and_the_index_begins() {
    for commits in 0..4 {
        let machine = Machine::default();
        let system = machine.start_with(committed_by_hand()).await;
        let old = [("nl", 10), ("be", 20), ("be", 90), ("de", 99)];
        record(&machine, &system, 1, &old, commits & 1 == 1).await;
        // Recorded later, and not in the order in which they happened.
        let new = [("fr", 150), ("nl", 100), ("fr", 120), ("es", 199), ("it", 200), ("be", 50)];
        record(&machine, &system, 11, &new, commits & 2 == 2).await;
        let changes = compared(&system, 10).await;
        assert_eq!(told(&changes.new.values), [("fr", 2, 120, 150), ("es", 1, 199, 199)]);
        assert_eq!(told(&changes.vanished.values), [("be", 3, 20, 90), ("de", 1, 99, 99)]);
        assert_eq!(changes.precision, Precision::Exact);
        let first = compared(&system, 1).await;
        assert_eq!(told(&first.new.values), [("fr", 2, 120, 150)]);
        assert_eq!((first.new.total, first.vanished.total), (2, 2));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_comparison_stays_within_the_tenant() {
    let machine = Machine::default();
    let system = machine.start_with(committed_by_hand()).await;
    let mut foreign = event_of("globex", 1, "eve", "signed in");
    foreign.occurred_at = DateTime::utc(second(150));
    foreign.labels.insert("country".into(), "xx".into());
    wait_for(&system, record_all(&system, vec![foreign]).await).await;
    let changes = compared(&system, 10).await;
    assert_eq!((changes.new.total, changes.vanished.total), (0, 0));
    assert!(changes.new.values.is_empty() && changes.vanished.values.is_empty());
}

fn counted() -> StatisticsRequest {
    StatisticsRequest {
        scope: everything_of("acme"),
        filter: Filter::All,
        fields: vec![Field("actor.id".into())],
        limit: 10,
        beginning: String::new(),
        numbers: Vec::new(),
        histogram: None,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn questions_of_one_state_do_not_see_what_is_recorded_meanwhile() {
    let machine = Machine::default();
    let system = machine.start_with(committed_by_hand()).await;
    wait_for(&system, record_all(&system, events(1, 7)).await).await;
    machine.index.commit().unwrap();
    wait_for(&system, record_all(&system, events(11, 4)).await).await;
    let then = system.queries.as_of(system.queries.visible());
    // What comes lies in memory, then in the index, and both are ahead of the state.
    for round in [21, 31, 41] {
        wait_for(&system, record_all(&system, events(round, 3)).await).await;
        if round == 31 {
            machine.index.commit().unwrap();
        }
        for order in [Order::RecordedNewest, Order::RecordedOldest, Order::OccurredNewest] {
            let page = then.page(request(order, 100)).await.unwrap();
            let seen: BTreeSet<u64> = numbers(&page.events).into_iter().collect();
            assert_eq!(seen, (1..=7).chain(11..=14).collect(), "{order:?}");
        }
        let scope = everything_of("acme");
        assert_eq!(then.count(&scope, Filter::All, 100).await.unwrap().value, 11);
        assert_eq!(then.statistics(counted()).await.unwrap().events, 11);
    }
    assert_eq!(system.queries.statistics(counted()).await.unwrap().events, 20);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_values_that_begin_so_are_counted() {
    let machine = Machine::default();
    let system = machine.start_with(committed_by_hand()).await;
    for (number, person) in [(1, "ann"), (2, "anton"), (3, "bob"), (4, "Ann")] {
        wait_for(&system, record_all(&system, vec![event(number, person, "x")]).await).await;
        if number == 2 {
            machine.index.commit().unwrap();
        }
    }
    let request = StatisticsRequest { beginning: "an".into(), ..counted() };
    let facet = system.queries.statistics(request).await.unwrap().facets.remove(0);
    let values: Vec<&str> = facet.values.iter().map(|one| one.value.as_str()).collect();
    assert_eq!(values, ["ann", "anton"], "identifiers keep their case");
    assert_eq!((facet.other, facet.missing), (0, 0));
}

/// Reads on from page to page while others record: whatever comes, what was there when the reading
/// began is read once and in order.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_hold_together_while_events_are_recorded_in_every_order_and_both_ways() {
    const ORDERS: [Order; 4] = [
        Order::RecordedNewest,
        Order::RecordedOldest,
        Order::OccurredNewest,
        Order::OccurredOldest,
    ];
    let machine = Machine::default();
    let system = machine.start_with(committed_by_hand()).await;
    // They happened in another order than they are recorded in, some at the same moment.
    let scattered = |first: u64, count: u64| -> Vec<_> {
        let mut chunk = events(first, count);
        for (number, event) in (first..).zip(&mut chunk) {
            event.occurred_at = DateTime::utc(second((number * 7 % 11) as i64));
        }
        chunk
    };
    wait_for(&system, record_all(&system, scattered(1, 60)).await).await;
    machine.index.commit().unwrap();
    wait_for(&system, record_all(&system, scattered(61, 31)).await).await;
    for (round, order) in (0_u64..).zip(ORDERS) {
        let there: Vec<u64> = {
            let page = system.queries.page(request(order, 10_000)).await.unwrap();
            numbers(&page.events)
        };
        let (mut read, mut after, mut fresh) = (Vec::new(), None, 1000 + round * 500);
        loop {
            let asked = PageRequest { after, ..request(order, 7) };
            let page = system.queries.page(asked).await.unwrap();
            after = page.events.last().map(page_key);
            read.extend(numbers(&page.events));
            if !page.more {
                break;
            }
            // A reader who is overtaken at every page would never come to an end: 20 pages do.
            if fresh < 1000 + round * 500 + 60 {
                wait_for(&system, record_all(&system, scattered(fresh, 3)).await).await;
                if fresh % 2 == 0 {
                    machine.index.commit().unwrap();
                }
                fresh += 3;
            }
        }
        let once: BTreeSet<u64> = read.iter().copied().collect();
        assert_eq!(once.len(), read.len(), "{order:?}: one was told twice");
        let known: BTreeSet<u64> = there.iter().copied().collect();
        let of_those: Vec<u64> = read.into_iter().filter(|one| known.contains(one)).collect();
        assert_eq!(of_those, there, "{order:?}");
        assert!(fresh > 1000 + round * 500, "nothing was recorded meanwhile");
    }
}

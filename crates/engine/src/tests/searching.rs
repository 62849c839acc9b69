use std::time::Duration;

use annals_domain::filter::{Filter, Order, PageKey, Scope};
use annals_domain::profile::PersonRef;
use annals_domain::time::DateTime;
use annals_domain::{Position, Recorded};
use annals_ports::SearchIndex;
use jiff::Timestamp;

use super::machine::{
    Machine, event, event_of, events, everything_of, id, numbers, record_all, request, settings,
    tenant, wait_for, wait_until_durable,
};
use super::memory_index::sort;
use crate::{PageRequest, ProjectionSettings, QueryError, Settings, System, page_key};

const ORDERS: [Order; 4] =
    [Order::RecordedNewest, Order::RecordedOldest, Order::OccurredNewest, Order::OccurredOldest];

/// The index commits only when the test does.
fn committed_by_hand() -> Settings {
    let projections = ProjectionSettings { index_commit_ms: 3_600_000, ..settings().projections };
    Settings { projections, ..settings() }
}

/// Numbers that look random and are the same in every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963);
        (self.0 >> 33) % bound
    }
}

/// All pages put together.
async fn pages(system: &System, order: Order, filter: &Filter, limit: usize) -> Vec<Recorded> {
    let mut all: Vec<Recorded> = Vec::new();
    loop {
        let after = all.last().map(page_key);
        let asked = PageRequest { filter: filter.clone(), after, ..request(order, limit) };
        let page = system.queries.page(asked).await.unwrap();
        assert!(page.events.len() <= limit);
        assert!(!page.more || page.events.len() == limit, "more is said of full pages only");
        all.extend(page.events);
        if !page.more {
            return all;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_are_the_whole_list_wherever_memory_ends_and_the_index_begins() {
    let machine = Machine::default();
    let system = machine.start_with(committed_by_hand()).await;
    let mut random = Numbers(1);
    let mut number = 0;
    for _ in 0..12 {
        let mut chunk = events(number, 1 + random.below(20));
        number += chunk.len() as u64;
        for event in &mut chunk {
            // Few different times, so that many are alike.
            let second = Timestamp::from_second(1_700_000_000 + random.below(15) as i64).unwrap();
            event.occurred_at = DateTime::utc(second);
        }
        let position = record_all(&system, chunk).await;
        wait_for(&system, position).await;
        if random.below(2) == 0 {
            // Whatever it was given by now.
            machine.index.commit().unwrap();
        }
        for filter in [Filter::All, Filter::equals("actor.id", "p3")] {
            for (order, limit) in ORDERS.into_iter().zip([1, 5, 7, 1000]) {
                let found = pages(&system, order, &filter, limit).await;
                let whole = pages(&system, Order::RecordedOldest, &filter, 1000).await;
                let mut expected: Vec<PageKey> = whole.iter().map(page_key).collect();
                sort(order, &mut expected);
                let found: Vec<PageKey> = found.iter().map(page_key).collect();
                assert_eq!(found, expected);
            }
        }
        let all = pages(&system, Order::RecordedOldest, &Filter::All, 1000).await;
        assert_eq!(all.len() as u64, number);
    }
    assert!(machine.index.position() > Position::START, "some were in the index");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn counts_are_exact_up_to_their_limit_and_told_to_be_more_beyond_it() {
    let machine = Machine::default();
    let system = machine.start_with(committed_by_hand()).await;
    let scope = everything_of("acme");
    for total in [0_u64, 8, 20] {
        let before = machine.log.memory.len() as u64;
        if total > before {
            let position = record_all(&system, events(before, total - before)).await;
            wait_for(&system, position).await;
        }
        for commit in [false, true] {
            if commit {
                machine.index.commit().unwrap();
            }
            for limit in [0, 1, 7, 8, 9, 12, 19, 20, 21, u64::MAX] {
                let count = system.queries.count(&scope, Filter::All, limit).await.unwrap();
                assert_eq!(count.value, total.min(limit), "{total} {limit}");
                assert_eq!(count.at_least, total > limit, "{total} {limit}");
            }
        }
    }
    let one = system.queries.count(&scope, Filter::equals("actor.id", "p3"), 100).await.unwrap();
    assert_eq!((one.value, one.at_least), (2, false));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_pages_while_others_write_sees_what_was_there_at_the_first_page() {
    let machine = Machine::default();
    let system = machine.start_with(committed_by_hand()).await;
    let position = record_all(&system, events(0, 50)).await;
    wait_for(&system, position).await;
    let before = numbers(&pages(&system, Order::RecordedNewest, &Filter::All, 1000).await);
    let mut seen: Vec<Recorded> = Vec::new();
    loop {
        let after = seen.last().map(page_key);
        let asked = PageRequest { after, ..request(Order::RecordedNewest, 10) };
        let page = system.queries.page(asked).await.unwrap();
        seen.extend(page.events);
        if !page.more {
            break;
        }
        let position = record_all(&system, events(1000 + seen.len() as u64, 7)).await;
        wait_for(&system, position).await;
        machine.index.commit().unwrap();
    }
    assert_eq!(numbers(&seen), before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_sees_what_they_did_and_what_was_done_to_them_and_no_other_tenant() {
    let machine = Machine::default();
    let system = machine.start_with(committed_by_hand()).await;
    let mut by_bob = event(2, "bob", "x");
    by_bob.subject = event(2, "ann", "x").subject;
    record_all(&system, vec![event(1, "ann", "x"), by_bob, event(3, "cem", "x")]).await;
    record_all(&system, vec![event_of("other", 4, "ann", "x")]).await;
    // The same id is another event in another tenant.
    let position = record_all(&system, vec![event_of("other", 1, "ann", "x")]).await;
    wait_for(&system, position).await;
    let person = |tenant, person: &str| Scope::person(everything_of(tenant).tenant, person);
    for committed in [false, true] {
        if committed {
            machine.index.commit().unwrap();
        }
        for (scope, seen) in [
            (everything_of("acme"), vec![1, 2, 3]),
            (everything_of("other"), vec![1, 4]),
            (everything_of("third"), vec![]),
            (person("acme", "ann"), vec![1, 2]),
            (person("acme", "bob"), vec![2]),
            (person("acme", "cem"), vec![3]),
            (person("acme", "nobody"), vec![]),
            (person("other", "ann"), vec![1, 4]),
            (person("other", "bob"), vec![]),
        ] {
            for order in ORDERS {
                let asked = PageRequest { scope: scope.clone(), ..request(order, 10) };
                let found = system.queries.page(asked).await.unwrap().events;
                assert!(found.iter().all(|recorded| recorded.event.tenant == scope.tenant));
                let mut found = numbers(&found);
                found.sort_unstable();
                assert_eq!(found, seen, "{scope:?}");
            }
            let count = system.queries.count(&scope, Filter::All, 100).await.unwrap();
            assert_eq!(count.value, seen.len() as u64);
            for number in 1..=5 {
                let found = system.queries.event(&scope, id(number)).await.unwrap();
                assert_eq!(found.is_some(), seen.contains(&number), "{scope:?} {number}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_persons_timeline_is_paged_newest_first() {
    let machine = Machine::default();
    let system = machine.start().await;
    record_all(&system, vec![event_of("other", 99, "p3", "x")]).await;
    let position = record_all(&system, events(0, 50)).await;
    wait_until_durable(&system, position).await;
    let person = PersonRef { tenant: tenant(), id: "p3".into() };
    let first = system.queries.timeline(person.clone(), None, 3).await.unwrap();
    assert_eq!(numbers(&first.events), [43, 33, 23]);
    assert!(first.more);
    let before = Some(first.events[2].position);
    let rest = system.queries.timeline(person, before, 3).await.unwrap();
    assert_eq!(numbers(&rest.events), [13, 3]);
    assert!(!rest.more);
}

#[tokio::test]
async fn who_waits_for_a_position_is_told_when_it_does_not_come() {
    let machine = Machine::default();
    let system = machine.start().await;
    let position = record_all(&system, events(0, 5)).await;
    wait_for(&system, position).await;
    let next = Position(position.0 + 1);
    let missing = system.queries.wait_for(next, Duration::from_millis(1)).await;
    assert!(matches!(missing, Err(QueryError::NotYetVisible(at)) if at == next));
    let (waited, _) = tokio::join!(wait_for(&system, next), record_all(&system, events(5, 1)));
    waited
}

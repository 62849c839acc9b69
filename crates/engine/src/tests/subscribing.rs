//! Many subscribers with filters of their own, told together: each is told everything once, in order.

use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use annals_domain::filter::{Field, Filter, Test, TextTest};
use annals_domain::{Event, Position, Recorded};
use proptest::prelude::*;

use super::machine::{
    Machine, PATIENCE, event, everything_of, numbers, record_all, settings, wait_until_durable,
};
use crate::{LiveBatch, LiveEvents, ProjectionSettings, Settings, System};

const WORDS: [&str; 3] = ["refund", "login", "refunds"];

/// With a ring, and queues, of so many events.
fn with_room(recent_events_max: usize) -> Settings {
    let projections = ProjectionSettings { recent_events_max, ..settings().projections };
    Settings { projections, ..settings() }
}

fn some_events(first: u64, count: u64) -> Vec<Event> {
    let word = |n: u64| WORDS[n as usize % WORDS.len()];
    (first..first + count).map(|n| event(n, &format!("p{}", n % 10), word(n))).collect()
}

/// Filters of every kind, again and again the same.
fn filter(number: usize) -> Filter {
    let actor = |n: usize| Filter::equals("actor.id", format!("p{}", n % 10));
    let word = |word: &str, prefix| Filter::Text(TextTest { words: vec![word.into()], prefix });
    match number % 8 {
        0 => Filter::All,
        1 => actor(number / 8),
        2 => word("refund", false),
        3 => word("refund", true),
        4 => Filter::Or(vec![actor(number / 8), actor(number / 8 + 3)]),
        5 => Filter::Not(Box::new(actor(number / 8))),
        6 => Filter::Field(Field("type".into()), Test::Like("user.sig*".into())).and(actor(number)),
        _ => Filter::equals("actor.id", "nobody"),
    }
}

/// A subscriber with all that they were told, across all their subscriptions.
struct Subscriber {
    filter: Filter,
    live: LiveEvents,
    cursor: Position,
    told: Vec<Recorded>,
}

impl Subscriber {
    fn new(system: &System, number: usize) -> Self {
        let (filter, cursor) = (filter(number), Position::START);
        Self { live: live(system, &filter, cursor), filter, cursor, told: Vec::new() }
    }

    fn take(&mut self, batch: LiveBatch) {
        assert!(batch.cursor >= self.cursor, "a cursor went back");
        self.cursor = batch.cursor;
        self.told.extend(batch.events);
    }

    /// Polls once and drops the future, as when the client says something meanwhile.
    fn glance(&mut self) {
        let polled = {
            let next = std::pin::pin!(self.live.next());
            next.poll(&mut Context::from_waker(Waker::noop()))
        };
        if let Poll::Ready(batch) = polled {
            self.take(batch.unwrap());
        }
    }

    /// Comes back with the last cursor.
    fn come_back(&mut self, system: &System) {
        self.live = live(system, &self.filter, self.cursor);
    }

    async fn read_to(&mut self, head: Position) {
        while self.cursor < head {
            let next = tokio::time::timeout(PATIENCE, self.live.next()).await;
            self.take(next.expect("the cursor goes on").unwrap());
        }
    }

    fn was_told_what_is_in(&self, log: &[Event]) {
        assert!(self.told.is_sorted_by(|a, b| a.position < b.position), "out of order, or twice");
        let wanted = log.iter().filter(|event| self.filter.matches(event));
        let wanted: Vec<u64> = wanted.map(|event| event.id.0.as_u128() as u64).collect();
        assert_eq!(numbers(&self.told), wanted, "{:?}", self.filter);
    }
}

fn live(system: &System, filter: &Filter, after: Position) -> LiveEvents {
    let live = system.queries.live(&everything_of("acme"), filter.clone(), Some(after), 7);
    live.with_heartbeat(std::time::Duration::from_millis(20))
}

#[derive(Debug, Clone)]
enum Step {
    Record(u64),
    Glance(usize),
    ComeBack(usize),
    LetOthers(usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        3 => (1_u64..12).prop_map(Step::Record),
        8 => (0_usize..16).prop_map(Step::Glance),
        1 => (0_usize..16).prop_map(Step::ComeBack),
        4 => (1_usize..12).prop_map(Step::LetOthers),
    ];
    prop::collection::vec(step, 1..120)
}

/// Small rings and queues, so that subscribers fall out of both and come back.
async fn runs(steps: &[Step], room: usize) {
    let machine = Machine::default();
    let system = machine.start_with(with_room(room)).await;
    let mut subscribers: Vec<Subscriber> =
        (0..16).map(|number| Subscriber::new(&system, number)).collect();
    let (mut log, mut head) = (Vec::new(), Position::START);
    for step in steps {
        match step {
            Step::Record(count) => {
                let events = some_events(log.len() as u64, *count);
                log.extend(events.clone());
                head = record_all(&system, events).await;
            }
            Step::Glance(number) => subscribers[*number].glance(),
            Step::ComeBack(number) => subscribers[*number].come_back(&system),
            Step::LetOthers(turns) => {
                for _ in 0..*turns {
                    tokio::task::yield_now().await;
                }
            }
        }
    }
    for subscriber in &mut subscribers {
        subscriber.read_to(head).await;
        subscriber.was_told_what_is_in(&log);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn however_things_interleave_each_is_told_everything_once_and_in_order(
        steps in steps(),
        room in 2_usize..40,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(runs(&steps, room));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_hundred_subscribers_beside_writers_are_told_everything_once_and_in_order() {
    const EVENTS: u64 = 1500;
    let machine = Machine::default();
    let system = Arc::new(machine.start_with(with_room(48)).await);
    let log = some_events(0, EVENTS);
    let mut reading = Vec::new();
    for number in 0..100 {
        let mut subscriber = Subscriber::new(&system, number);
        reading.push(tokio::spawn(async move {
            // Positions of the log in memory are numbered from 1 on.
            subscriber.read_to(Position(EVENTS)).await;
            subscriber
        }));
    }
    for part in log.chunks(7) {
        record_all(&system, part.to_vec()).await;
    }
    for subscriber in reading {
        subscriber.await.unwrap().was_told_what_is_in(&log);
    }
}

#[tokio::test]
async fn who_is_at_the_head_is_told_without_reading_and_whoever_is_too_slow_reads() {
    let machine = Machine::default();
    let system = machine.start_with(with_room(16)).await;
    let (mut quick, mut slow) = (Subscriber::new(&system, 0), Subscriber::new(&system, 0));
    slow.glance();
    let mut log = Vec::new();
    for round in 0..10 {
        let events = some_events(round * 8, 8);
        log.extend(events.clone());
        let head = record_all(&system, events).await;
        quick.read_to(head).await;
        // Projections that fell behind the ring would read the log as well.
        wait_until_durable(&system, head).await;
    }
    assert_eq!(*machine.log.reads.borrow(), 0);
    quick.was_told_what_is_in(&log);
    slow.read_to(Position(80)).await;
    slow.was_told_what_is_in(&log);
    assert!(*machine.log.reads.borrow() > 0, "the slow one's queue held no more than the ring");
}

#[tokio::test]
async fn a_log_that_cannot_be_read_for_a_while_takes_nothing_from_anyone() {
    let machine = Machine::default();
    let system = machine.start_with(with_room(16)).await;
    let mut subscriber = Subscriber::new(&system, 0);
    let first = some_events(0, 5);
    let head = record_all(&system, first.clone()).await;
    subscriber.read_to(head).await;
    let trouble = annals_ports::LogError::Unavailable { doing: "reading", source: None };
    machine.log.failing_follows.lock().unwrap().push(trouble);
    let second = some_events(5, 5);
    let head = record_all(&system, second.clone()).await;
    subscriber.read_to(head).await;
    subscriber.was_told_what_is_in(&[first, second].concat());
}

//! What every [`crate::Outbox`] keeps to.

mod replaying;

use annals_domain::notification::{
    OutboxChange, Outgoing, Queued, Route, Settled, TellingChange, TellingEntry, Told, Window,
};
use annals_domain::profile::PersonRef;
use annals_domain::time::DateTime;
use annals_domain::{EventId, Position, TenantId};
use jiff::Timestamp;
use uuid::Uuid;

use super::person;
use crate::inbox::InboxStore;
use crate::outbox::{
    Attempt, AttemptOutcome, GATHERED_MAX, HELD_GRACE_SECONDS, MessageState, MessagesAsked, Untold,
    lane_of,
};

/// Runs the whole suite; `make` gives an empty store.
pub fn run(make: impl Fn() -> Box<dyn InboxStore>) {
    what_is_due_comes_in_order_and_what_is_done_stays_done(&*make());
    a_lane_rests_as_a_whole_and_others_go_on(&*make());
    outcomes_of_the_log_settle_what_was_queued_before(&*make());
    what_the_log_was_not_told_is_known(&*make());
    a_digest_gathers_until_it_is_on_its_way(&*make());
    a_digest_lists_a_hundred_beside_the_first(&*make());
    what_is_kept_is_given_back(&*make());
    a_forgotten_person_takes_along_what_was_on_its_way(&*make());
    pages_hold_every_message_once(&*make());
    replaying::run(make);
}

/// Checks a store in which `limit` messages may wait for one receiver.
pub fn what_comes_on_top_is_to_be_given_up(store: &dyn InboxStore, limit: u64) {
    let beyond = |second: i64| -> Vec<(u64, bool)> {
        let due =
            store.due_of("syslog", Position(0), at(second), &[], 100).expect("the store works");
        due.iter().map(|pending| (pending.message.position.0, pending.beyond)).collect()
    };
    let (last, on_top) = (limit, limit + 1);
    queue(store, last, (1..=last).map(|number| queued(number, "ann")).collect());
    assert!(beyond(99).iter().all(|(_, beyond)| !beyond), "the last that has room waits");
    let mut elsewhere = queued(last + 2, "ann");
    elsewhere.message.route = Route::Email { address: "ann@example.org".into() };
    let mut others = queued(last, "ann");
    others.message.tenant = TenantId::new("globex").expect("it is a name");
    others.message.id = id(1_000_000);
    queue(store, last + 2, vec![queued(on_top, "ann"), others, elsewhere]);
    assert_eq!(beyond(99).last(), Some(&(on_top, true)));
    let of_others = store.due_of("syslog", Position(0), at(99), &[], 100).expect("the store works");
    let mut of_others = of_others.iter().filter(|one| one.message.tenant != tenant());
    let has_room = of_others.next().is_some_and(|one| !one.beyond);
    assert!(has_room, "another tenant has room of its own");
    attempt(store, 1_000_000, 99, AttemptOutcome::Delivered);
    let mail = store.due_of("email", Position(0), at(99), &[], 9).expect("the store works");
    assert!(!mail[0].beyond, "others have room of their own");
    // While its lane rests, it is given up all the same.
    attempt(store, 1, 90, AttemptOutcome::Again(at(500)));
    assert_eq!(beyond(99), [(on_top, true)]);
    attempt(store, on_top, 99, AttemptOutcome::GivenUp);
    queue(store, last + 3, vec![queued(last + 3, "ann")]);
    assert!(beyond(999).contains(&(last + 3, true)), "as many wait as before");
    attempt(store, last + 3, 99, AttemptOutcome::GivenUp);
    attempt(store, 1, 500, AttemptOutcome::Delivered);
    queue(store, last + 4, vec![queued(last + 4, "ann")]);
    assert!(beyond(999).contains(&(last + 4, false)), "there is room again");
}

fn what_is_due_comes_in_order_and_what_is_done_stays_done(store: &dyn InboxStore) {
    queue(store, 3, vec![queued(1, "ann"), queued(2, "bob"), queued(3, "ann")]);
    assert_eq!(due(store, 0, 99), [1, 2, 3]);
    assert_eq!(due(store, 1, 99), [2, 3], "what lies below the floor is not taken");
    assert_eq!(due(store, 0, 0), [1, 2, 3], "whatever a clock told");
    let but_for = |lanes: &[String]| {
        let due = store.due_of("syslog", Position(0), at(99), lanes, 9).expect("the store works");
        due.iter().map(|pending| pending.message.position.0).collect::<Vec<_>>()
    };
    let lanes = ["ann", "bob"].map(|who| lane_of(&queued(1, who)));
    assert_eq!((but_for(&lanes[..1]), but_for(&lanes)), (vec![2], vec![]));
    attempt(store, 1, 5, AttemptOutcome::Delivered);
    attempt(store, 2, 5, AttemptOutcome::GivenUp);
    queue(store, 4, vec![queued(1, "ann"), queued(2, "bob")]);
    assert_eq!(due(store, 0, 99), [3]);
    let oldest = |floor| store.oldest_waiting(Position(floor)).expect("the store works");
    assert_eq!((oldest(0), oldest(3)), (Some(Position(3)), None));
    let shown = store.page(&tenant(), &MessagesAsked::default(), 10).expect("the store works");
    let shown: Vec<_> =
        shown.iter().map(|one| (one.message.position.0, one.state, one.tries)).collect();
    let states = [MessageState::Waiting, MessageState::GivenUp, MessageState::Delivered];
    assert_eq!(shown, [(3, states[0], 0), (2, states[1], 1), (1, states[2], 1)]);
}

fn a_lane_rests_as_a_whole_and_others_go_on(store: &dyn InboxStore) {
    queue(store, 4, vec![queued(1, "ann"), queued(2, "bob"), queued(3, "ann")]);
    attempt(store, 1, 10, AttemptOutcome::Again(at(50)));
    let all = store.due(Position(0), at(49)).expect("the store works");
    assert_eq!((all.buckets, all.next), (vec!["syslog".into()], Some(at(50))));
    assert_eq!(due(store, 0, 49), [2]);
    queue(store, 5, vec![queued(5, "ann")]);
    assert_eq!(due(store, 0, 49), [2], "what comes behind it rests as well");
    assert_eq!(due(store, 0, 50), [1, 2, 3, 5]);
    let pending =
        store.due_of("syslog", Position(0), at(50), &[], 1).expect("the store works").remove(0);
    assert_eq!((pending.tries, pending.first_tried, pending.beyond), (1, Some(at(10)), false));
    attempt(store, 1, 60, AttemptOutcome::Delivered);
    let attempts = store.attempts_of(id(1)).expect("the store works");
    let outcomes: Vec<_> = attempts.iter().map(|one| (one.at, one.outcome)).collect();
    let again = AttemptOutcome::Again(at(50));
    assert_eq!(outcomes, [(at(10), again), (at(60), AttemptOutcome::Delivered)]);
    assert_eq!((attempts[0].code, attempts[0].cause.as_deref()), (Some(503), Some("busy")));
}

fn outcomes_of_the_log_settle_what_was_queued_before(store: &dyn InboxStore) {
    let settled = Settled { delivered: vec![id(1), id(77)], failed: vec![id(2)] };
    let mut changes: Vec<OutboxChange> =
        [1, 2, 3].map(|at| OutboxChange::Queued(Box::new(queued(at, "ann")))).to_vec();
    changes.push(OutboxChange::Settled(settled));
    let told = Told { outbox: changes, ..Told::default() };
    store.tell(&told, Position(4)).expect("the store works");
    store.tell(&told, Position(4)).expect("the store works");
    assert_eq!(due(store, 0, 99), [3]);
}

fn what_the_log_was_not_told_is_known(store: &dyn InboxStore) {
    queue(store, 4, vec![queued(1, "ann"), queued(2, "bob"), queued(3, "cid"), queued(4, "dan")]);
    attempt(store, 1, 10, AttemptOutcome::Delivered);
    attempt(store, 2, 10, AttemptOutcome::GivenUp);
    attempt(store, 3, 10, AttemptOutcome::Again(at(50)));
    let untold = |limit| store.untold(limit).expect("the store works");
    let of = |message, failed: Option<&str>| {
        let (tenant, failed) = (tenant(), failed.map(Into::into));
        Untold { tenant, message: id(message), failed }
    };
    assert_eq!(untold(9), [of(1, None), of(2, Some("busy"))]);
    assert_eq!(untold(1), [of(1, None)]);
    let settled = Settled { delivered: vec![id(1)], failed: vec![] };
    let outbox = vec![OutboxChange::Settled(settled)];
    store.tell(&Told { outbox, ..Told::default() }, Position(5)).expect("the store works");
    assert_eq!(untold(9), [of(2, Some("busy"))]);
    let took = |second| store.took_since("syslog", at(second)).expect("the store works");
    assert!(took(10) && !took(11), "the first was taken at 10");
    let settled = Settled { delivered: vec![id(4)], failed: vec![] };
    let outbox = vec![OutboxChange::Settled(settled)];
    store.tell(&Told { outbox, ..Told::default() }, Position(6)).expect("the store works");
    assert_eq!(untold(9), [of(2, Some("busy"))], "another node has told that");
}

fn a_digest_gathers_until_it_is_on_its_way(store: &dyn InboxStore) {
    let held = |number, by: Option<u64>| {
        let mut one = queued(number, "ann");
        (one.held, one.due, one.gathered_by) = (true, at(20), by.map(id));
        one
    };
    queue(store, 3, vec![held(1, None), held(2, Some(1)), queued(3, "ann")]);
    let grace = 20 + HELD_GRACE_SECONDS as i64;
    assert_eq!(due(store, 0, grace - 1), [3], "what waits holds up nothing else");
    let digest =
        store.due_of("syslog", Position(0), at(grace), &[], 9).expect("the store works").remove(0);
    assert_eq!(digest.message.more, [EventId(id(2))]);
    attempt(store, 1, 40, AttemptOutcome::Delivered);
    queue(store, 4, vec![held(4, Some(1))]);
    assert_eq!(due(store, 0, 99), [3, 4], "it came too late and goes alone");
}

fn a_digest_lists_a_hundred_beside_the_first(store: &dyn InboxStore) {
    let held = |number: u64| {
        let mut one = queued(number, "ann");
        (one.held, one.due) = (true, at(20));
        one.gathered_by = (number > 1).then(|| id(1));
        one
    };
    let listed = || {
        let mut due = store.due_of("syslog", Position(0), at(99), &[], 9).expect("the store works");
        assert_eq!(due.len(), 1, "all go as one");
        due.remove(0).message.more
    };
    queue(store, 101, (1..=101).map(held).collect());
    assert_eq!((listed().len(), listed().last()), (100, Some(&EventId(id(101)))));
    queue(store, 102, vec![held(102)]);
    assert_eq!((listed().len(), listed().last()), (100, Some(&EventId(id(101)))));
    assert_eq!(GATHERED_MAX, 100);
}

fn what_is_kept_is_given_back(store: &dyn InboxStore) {
    let window = |until| TellingEntry::Window {
        key: id(1),
        window: Window { until: at(until), count: 1, message: None },
    };
    let change = |entry: Option<TellingEntry>| {
        let kept = vec![TellingChange { tenant: tenant(), name: window(0).name(), entry }];
        Told { kept, ..Told::default() }
    };
    let kept = || store.kept().expect("the store works");
    store.tell(&change(Some(window(1))), Position(1)).expect("the store works");
    store.tell(&change(Some(window(2))), Position(2)).expect("the store works");
    assert_eq!(kept(), [(tenant(), window(2))]);
    store.tell(&change(None), Position(3)).expect("the store works");
    assert!(kept().is_empty());
}

fn a_forgotten_person_takes_along_what_was_on_its_way(store: &dyn InboxStore) {
    queue(store, 2, vec![queued(1, "ann"), queued(2, "bob")]);
    attempt(store, 1, 5, AttemptOutcome::Again(at(6)));
    store.forget(&ann()).expect("the store works");
    assert_eq!(due(store, 0, 99), [2]);
    assert!(
        store.page(&tenant(), &MessagesAsked::default(), 9).expect("the store works").len() == 1
    );
    // What was on its way when they were forgotten ends all the same.
    attempt(store, 1, 7, AttemptOutcome::Delivered);
    store.clear().expect("the store works");
    assert!(due(store, 0, 99).is_empty());
}

/// Also where one event tells many, and a page ends among them.
fn pages_hold_every_message_once(store: &dyn InboxStore) {
    let mut all: Vec<Queued> = (1..=9).map(|number| queued(number, "ann")).collect();
    for (number, one) in all.iter_mut().enumerate() {
        one.message.position = Position(1 + number as u64 / 5);
    }
    let endpoint = id(70);
    all[3].message.route = Route::Endpoint { id: endpoint };
    queue(store, 3, all);
    attempt(store, 2, 5, AttemptOutcome::Delivered);
    let page = |asked: &MessagesAsked, limit| {
        let page = store.page(&tenant(), asked, limit).expect("the store works");
        page.into_iter().map(|one| (one.message.position, one.message.id)).collect::<Vec<_>>()
    };
    let (mut asked, mut seen) = (MessagesAsked::default(), Vec::new());
    loop {
        let next = page(&asked, 2);
        let Some(last) = next.last() else { break };
        asked.before = Some(*last);
        seen.extend(next);
    }
    let ids: Vec<u64> = seen.iter().map(|(_, id)| id.as_u128() as u64).collect();
    assert_eq!(ids, [9, 8, 7, 6, 5, 4, 3, 2, 1]);
    let only = |endpoint, state| MessagesAsked { endpoint, state, before: None };
    assert_eq!(page(&only(Some(endpoint), None), 9), [(Position(1), id(4))]);
    assert_eq!(page(&only(None, Some(MessageState::Delivered)), 9), [(Position(1), id(2))]);
    assert_eq!(page(&only(Some(id(71)), None), 9), []);
    let other = person("globex", "ann").tenant;
    assert!(store.page(&other, &MessagesAsked::default(), 9).expect("the store works").is_empty());
    let one = store.message(&tenant(), id(2)).expect("the store works").expect("it is there");
    assert_eq!((one.state, one.tries), (MessageState::Delivered, 1));
    assert!(store.message(&other, id(2)).expect("the store works").is_none());
    assert!(store.message(&tenant(), id(99)).expect("the store works").is_none());
}

fn ann() -> PersonRef {
    person("acme", "ann")
}

fn tenant() -> TenantId {
    ann().tenant
}

fn id(number: u64) -> Uuid {
    Uuid::from_u128(u128::from(number))
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).expect("small numbers are times")
}

/// About the event at that position, due at a second of the same number.
fn queued(number: u64, recipient: &str) -> Queued {
    let now = at(number as i64);
    let message = Outgoing {
        id: id(number),
        tenant: tenant(),
        recipient: Some(recipient.into()),
        route: Route::Syslog,
        rule: "rule".into(),
        severity: "info".into(),
        template: "event".into(),
        locale: "en".into(),
        title: "Something".into(),
        body: "Something happened.".into(),
        event: EventId(id(number)),
        event_type: "a.b".into(),
        occurred_at: DateTime::utc(now),
        recorded_at: now,
        position: Position(number),
        more: Vec::new(),
        is_theirs: true,
    };
    Queued { message, due: now, held: false, gathered_by: None }
}

fn queue(store: &dyn InboxStore, end: u64, queued: Vec<Queued>) {
    let queued = queued.into_iter().map(|one| OutboxChange::Queued(Box::new(one)));
    let told = Told { outbox: queued.collect(), ..Told::default() };
    store.tell(&told, Position(end)).expect("the store works");
}

fn due(store: &dyn InboxStore, floor: u64, second: i64) -> Vec<u64> {
    let due =
        store.due_of("syslog", Position(floor), at(second), &[], 100).expect("the store works");
    due.iter().map(|pending| pending.message.position.0).collect()
}

fn attempt(store: &dyn InboxStore, number: u64, second: i64, outcome: AttemptOutcome) {
    let (code, cause) = (Some(503), Some("busy".to_owned()));
    let attempt = Attempt { message: id(number), at: at(second), outcome, code, cause };
    store.attempted(&[attempt]).expect("the store works");
}

//! What an outbox keeps to when messages are to be sent once more.

use annals_domain::notification::Replay;

use super::*;
use crate::outbox::REPLAY_MAX;

/// Where the event lies that asks for a replay, and when it was recorded.
const ASKED: u64 = 50;

pub(super) fn run(make: impl Fn() -> Box<dyn InboxStore>) {
    what_is_done_waits_again_in_order_and_nothing_else(&*make());
    a_replay_begins_the_retries_anew_and_keeps_the_attempts(&*make());
    a_replay_holds_the_progress_back(&*make());
    an_outcome_from_before_the_replay_does_not_count_for_it(&*make());
    what_is_read_from_the_log_anew_comes_to_the_same(&*make());
    a_replay_is_bounded(&*make());
}

fn what_is_done_waits_again_in_order_and_nothing_else(store: &dyn InboxStore) {
    let mut all: Vec<Queued> = (1..=8).map(to_shop).collect();
    all[5].message.route = Route::Endpoint { id: id(71) };
    all[6].message.tenant = person("globex", "ann").tenant;
    queue(store, 8, all);
    for number in [1, 2, 4, 5, 6, 7] {
        attempt(store, number, 20, AttemptOutcome::Delivered);
    }
    attempt(store, 3, 20, AttemptOutcome::GivenUp);
    attempt(store, 8, 20, AttemptOutcome::Again(at(90)));
    let asked = replay(2, 5);
    assert_eq!(store.replayable(&asked, 99).expect("the store works"), 3);
    assert_eq!(store.replayable(&asked, 2).expect("the store works"), 2);
    replayed(store, asked.clone());
    // The first of the lane that waits already rests it as a whole.
    assert!(due_of(store, ASKED - 1, 89).is_empty());
    assert_eq!(due_of(store, ASKED - 1, 90), [2, 3, 4]);
    assert_eq!(due_of(store, 0, 90), [2, 3, 4, 8], "with their ids, before what is newer");
    assert_eq!(store.replayable(&asked, 99).expect("the store works"), 0);
    // The same event again has what was delivered meanwhile not wait a third time.
    attempt(store, 2, 95, AttemptOutcome::Delivered);
    replayed(store, asked);
    assert_eq!(due_of(store, 0, 99), [3, 4, 8]);
}

fn a_replay_begins_the_retries_anew_and_keeps_the_attempts(store: &dyn InboxStore) {
    queue(store, 1, vec![to_shop(1)]);
    attempt(store, 1, 10, AttemptOutcome::Again(at(11)));
    attempt(store, 1, 12, AttemptOutcome::GivenUp);
    replayed(store, replay(1, 2));
    let pending =
        store.due_of(&shop(), Position(0), at(60), &[], 9).expect("the store works").remove(0);
    assert_eq!((pending.tries, pending.first_tried, pending.beyond), (0, None, false));
    attempt(store, 1, 61, AttemptOutcome::Delivered);
    let attempts = store.attempts_of(id(1)).expect("the store works");
    let times: Vec<Timestamp> = attempts.iter().map(|one| one.at).collect();
    assert_eq!(times, [at(10), at(12), at(61)]);
    let shown = store.message(&tenant(), id(1)).expect("the store works").expect("it is there");
    assert_eq!((shown.state, shown.tries), (MessageState::Delivered, 3));
}

fn a_replay_holds_the_progress_back(store: &dyn InboxStore) {
    queue(store, 2, vec![to_shop(1), to_shop(2)]);
    attempt(store, 1, 10, AttemptOutcome::Delivered);
    attempt(store, 2, 10, AttemptOutcome::Delivered);
    let oldest = |floor| store.oldest_waiting(Position(floor)).expect("the store works");
    assert_eq!(oldest(0), None);
    replayed(store, replay(1, 3));
    assert_eq!(oldest(40), Some(Position(ASKED)), "whatever was done before");
    assert_eq!(due_of(store, 40, 99), [1, 2]);
    let due = store.due(Position(40), at(99)).expect("the store works");
    assert_eq!(due.buckets, [shop()]);
    attempt(store, 1, 60, AttemptOutcome::Delivered);
    assert_eq!(oldest(40), Some(Position(ASKED)));
    attempt(store, 2, 61, AttemptOutcome::GivenUp);
    assert_eq!(oldest(40), None);
}

fn an_outcome_from_before_the_replay_does_not_count_for_it(store: &dyn InboxStore) {
    queue(store, 1, vec![to_shop(1)]);
    attempt(store, 1, 10, AttemptOutcome::Delivered);
    replayed(store, replay(1, 2));
    settled(store, ASKED + 1);
    assert_eq!(due_of(store, 0, 99), [1], "that was of the first time");
    attempt(store, 1, 60, AttemptOutcome::Delivered);
    settled(store, ASKED + 2);
    assert!(due_of(store, 0, 99).is_empty());
    // Now the log has told of it: the next outcome counts.
    replayed(store, Replay { position: Position(ASKED + 3), ..replay(1, 2) });
    assert_eq!(due_of(store, 0, 99), [1]);
    settled(store, ASKED + 4);
    assert!(due_of(store, 0, 99).is_empty(), "another node has delivered it");
}

/// A node that begins anew knows from the log alone what is done, what waits, and what waits again.
fn what_is_read_from_the_log_anew_comes_to_the_same(store: &dyn InboxStore) {
    let past = |number| OutboxChange::Past(Box::new(to_shop(number)));
    let settled = |ids: [u64; 1], failed: Vec<Uuid>| {
        OutboxChange::Settled(Settled { delivered: ids.map(id).to_vec(), failed })
    };
    let mut gathered = to_shop(4);
    gathered.gathered_by = Some(id(3));
    let outbox = vec![
        past(1),
        past(2),
        past(3),
        OutboxChange::Past(Box::new(gathered)),
        settled([1], vec![id(2)]),
        OutboxChange::Replayed(replay(1, 3)),
        settled([1], Vec::new()),
    ];
    let told = Told { outbox, ..Told::default() };
    store.tell(&told, Position(ASKED + 2)).expect("the store works");
    assert_eq!(due_of(store, ASKED - 1, 99), [2], "the first was delivered once more already");
    let states: Vec<_> = store
        .page(&tenant(), &MessagesAsked::default(), 9)
        .expect("the store works")
        .iter()
        .map(|one| (one.message.position.0, one.state))
        .collect();
    let done = MessageState::Delivered;
    assert_eq!(states, [(3, done), (2, MessageState::Waiting), (1, done)]);
}

fn a_replay_is_bounded(store: &dyn InboxStore) {
    let count = REPLAY_MAX as u64 + 1;
    let all = |number| {
        let mut one = to_shop(1);
        one.message.id = id(number);
        one.message.position = Position(number);
        OutboxChange::Past(Box::new(one))
    };
    let told = Told { outbox: (1..=count).map(all).collect(), ..Told::default() };
    store.tell(&told, Position(count)).expect("the store works");
    let position = Position(count + 1);
    let asked = Replay { position, ..replay(1, 2) };
    assert_eq!(store.replayable(&asked, usize::MAX).expect("the store works"), REPLAY_MAX + 1);
    let told = Told { outbox: vec![OutboxChange::Replayed(asked.clone())], ..Told::default() };
    store.tell(&told, position).expect("the store works");
    let due = store.due_of(&shop(), Position(0), at(99), &[], usize::MAX).expect("the store works");
    assert_eq!(due.len(), REPLAY_MAX);
    assert_eq!(due.last().map(|one| one.message.id), Some(id(count - 1)), "the newest stays");
    assert_eq!(store.replayable(&asked, usize::MAX).expect("the store works"), 1);
}

fn shop() -> String {
    crate::outbox::endpoint_bucket(&tenant(), id(70))
}

/// As [`queued`], to an endpoint.
fn to_shop(number: u64) -> Queued {
    let mut one = queued(number, "ann");
    one.message.route = Route::Endpoint { id: id(70) };
    one
}

fn replay(from: i64, to: i64) -> Replay {
    Replay {
        tenant: tenant(),
        endpoint: id(70),
        from: at(from),
        to: at(to),
        position: Position(ASKED),
        at: at(ASKED as i64),
    }
}

fn replayed(store: &dyn InboxStore, replay: Replay) {
    let position = replay.position;
    let told = Told { outbox: vec![OutboxChange::Replayed(replay)], ..Told::default() };
    store.tell(&told, position).expect("the store works");
}

/// The log tells that the first message was delivered.
fn settled(store: &dyn InboxStore, position: u64) {
    let settled = Settled { delivered: vec![id(1)], failed: Vec::new() };
    let told = Told { outbox: vec![OutboxChange::Settled(settled)], ..Told::default() };
    store.tell(&told, Position(position)).expect("the store works");
}

fn due_of(store: &dyn InboxStore, floor: u64, second: i64) -> Vec<u64> {
    let due =
        store.due_of(&shop(), Position(floor), at(second), &[], 100).expect("the store works");
    due.iter().map(|pending| pending.message.position.0).collect()
}

//! Events for tests, from a small vocabulary so that filters match, and indexes to put them in.

use std::collections::BTreeMap;
use std::sync::Arc;

use annals_domain::event::{
    Actor, ActorType, Change, ChangeOperation, Client, Event, Operation, Outcome, OutcomeStatus,
    Request, Severity, Subject, Target,
};
use annals_domain::filter::{Order, PageKey};
use annals_domain::time::DateTime;
use annals_domain::{EventId, Filter, Position, Recorded, Revision, StreamName, TenantId};
use annals_ports::{Hit, SearchIndex, SearchRequest};
use jiff::Timestamp;
use jiff::tz::Offset;
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::{Settings, TantivyIndex};

/// Words that differ in case, accent, script and length of their small letters.
pub(super) const WORDS: &[&str] = &[
    "ann",
    "Ann",
    "ANNA",
    "Émile",
    "E\u{301}mile",
    "emile",
    "Straße",
    "STRASSE",
    "refund",
    "refunds",
    "refnud",
    "ΟΔΟΣ",
    "οδός",
    "İz",
    "東京",
    "東京都の",
    "ログイン",
    "か\u{3099}",
    "รหัสผ่าน",
    "서울",
    "a.b",
    "x=y",
    "né",
    "100",
    "1e2",
    "true",
    "10.0.0.7",
    "re",
    "",
];
/// Keys that could be mistaken for parts of a term.
pub(super) const KEYS: &[&str] =
    &["a", "a-x", "b", "a.b", "amount", "k=v", "k?", "k#1", "é", "tag"];
pub(super) const TYPES: &[&str] =
    &["user.login", "user.password.changed", "user.account.locked", "Invoice.Paid"];
pub(super) const ADDRESSES: &[&str] =
    &["10.0.0.7", "10.1.2.3", "192.168.0.1", "::ffff:10.0.0.7", "2001:db8::1", "2001:db8:1::2"];
pub(super) const NUMBERS: &[f64] =
    &[0.0, -0.0, 1.0, -1.0, 100.0, 0.5, -2.5, 1e300, -1e300, 9_007_199_254_740_993.0];

/// 2026-11-21, the middle of the times in tests.
pub(super) const NOW_S: i64 = 1_795_219_200;
/// Zones in which events happen.
const OFFSETS_S: &[i32] = &[0, 3600, -43_200, 20_700];
const MONTH_S: i64 = 31 * 24 * 3600;

pub(super) fn instant(seconds: i64) -> DateTime {
    DateTime::utc(Timestamp::from_second(seconds).unwrap())
}

pub(super) fn pick(list: &'static [&'static str]) -> impl Strategy<Value = String> {
    prop::sample::select(list).prop_map(str::to_owned)
}

fn maybe_word() -> impl Strategy<Value = Option<String>> {
    prop::option::weighted(0.6, pick(WORDS))
}

fn text() -> impl Strategy<Value = String> {
    prop::collection::vec(pick(WORDS), 0..4).prop_map(|words| words.join(" "))
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        pick(WORDS).prop_map(Value::from),
        prop::sample::select(NUMBERS).prop_map(Value::from),
        (-2_i64..200).prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        Just(Value::Null),
        Just(json!({})),
        Just(json!([])),
    ];
    leaf.prop_recursive(2, 8, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::btree_map(pick(KEYS), inner, 0..3)
                .prop_map(|map| Value::Object(Map::from_iter(map))),
        ]
    })
}

fn actor() -> impl Strategy<Value = Actor> {
    let types = prop::sample::select(ActorType::ALL);
    let roles = prop::collection::vec(pick(WORDS), 0..3);
    let alt_ids = prop::collection::btree_map(pick(KEYS), pick(WORDS), 0..2);
    (types, maybe_word(), prop::option::of(text()), maybe_word(), roles, alt_ids).prop_map(
        |(actor_type, id, name, email, roles, alt_ids)| Actor {
            actor_type,
            id,
            name,
            email,
            roles,
            alt_ids,
        },
    )
}

fn target() -> impl Strategy<Value = Target> {
    (pick(WORDS), maybe_word(), maybe_word(), maybe_word())
        .prop_map(|(target_type, id, name, owner)| Target { target_type, id, name, owner })
}

fn change() -> impl Strategy<Value = Change> {
    (prop::sample::select(ChangeOperation::ALL), pick(WORDS), value(), value()).prop_map(
        |(op, path, before, after)| Change { path: format!("/{path}"), op, before, after },
    )
}

/// Any event; which id and position it has is of no matter here.
pub(super) fn event() -> impl Strategy<Value = Event> {
    let kind = (
        pick(TYPES),
        prop::sample::select(Operation::ALL),
        prop::sample::select(Severity::ALL),
        prop::sample::select(OutcomeStatus::ALL),
        prop::sample::select(&["acme", "globex"][..]),
    );
    let people = (
        actor(),
        prop::collection::vec(actor(), 0..2),
        prop::option::of((pick(WORDS), maybe_word())),
        prop::collection::vec(target(), 0..3),
        prop::collection::vec(change(), 0..2),
    );
    let rest = (
        prop::option::of(pick(ADDRESSES)),
        maybe_word(),
        prop::option::of(text()),
        prop::collection::btree_map(pick(KEYS), value(), 0..4),
        prop::collection::btree_map(pick(KEYS), pick(WORDS), 0..2),
        (-MONTH_S..MONTH_S, any::<u16>(), prop::sample::select(OFFSETS_S)),
    );
    (kind, people, rest).prop_map(|(kind, people, rest)| {
        let (event_type, operation, severity, status, tenant) = kind;
        let (actor, on_behalf_of, subject, targets, changes) = people;
        let (ip, request_id, description, metadata, labels, (second, micros, zone)) = rest;
        let offset = Offset::from_seconds(zone).unwrap();
        let occurred = (NOW_S + second) * 1_000_000 + i64::from(micros);
        let mut event = plain_event(NOW_S);
        event.event_type = event_type;
        event.operation = operation;
        event.severity = severity;
        event.outcome = Outcome { status, code: request_id.clone(), reason: description.clone() };
        event.tenant = TenantId::new(tenant).unwrap();
        event.actor = actor;
        event.on_behalf_of = on_behalf_of;
        event.subject = subject.map(|(id, name)| Subject { id, name, alt_ids: BTreeMap::new() });
        event.targets = targets;
        event.changes = changes;
        event.client.ip = ip.map(|ip| ip.parse().unwrap());
        event.request.id = request_id;
        event.description = description;
        event.metadata = Map::from_iter(metadata);
        event.labels = labels;
        let timestamp = Timestamp::from_microsecond(occurred).unwrap();
        event.occurred_at = DateTime { timestamp, offset };
        event
    })
}

/// An event of which nothing is told but when it was recorded.
pub(super) fn plain_event(received_s: i64) -> Event {
    Event {
        id: EventId(Uuid::nil()),
        event_type: "user.login".into(),
        schema_version: 1,
        tenant: TenantId::new("acme").unwrap(),
        source: "https://app.example".into(),
        environment: None,
        app_version: None,
        occurred_at: instant(received_s),
        received_at: instant(received_s),
        producer: None,
        operation: Operation::Login,
        severity: Severity::Info,
        outcome: Outcome { status: OutcomeStatus::Success, code: None, reason: None },
        description: None,
        actor: Actor::annals(),
        on_behalf_of: Vec::new(),
        subject: None,
        targets: Vec::new(),
        changes: Vec::new(),
        client: Client::default(),
        session: None,
        request: Request::default(),
        justification: None,
        metadata: Map::new(),
        labels: BTreeMap::new(),
    }
}

pub(super) fn recorded(position: u64, mut event: Event) -> Recorded {
    event.id = EventId(Uuid::from_u128(u128::from(position)));
    Recorded {
        position: Position(position),
        stream: StreamName::from_stored("person-acme.x"),
        revision: Revision(position),
        event: Arc::new(event),
        header_digest: [0; 32],
        erased: Vec::new(),
        stored_schema_version: None,
    }
}

/// Events at rising positions with gaps, recorded over three months.
pub(super) fn log(events: Vec<Event>) -> Vec<Recorded> {
    let step = 3 * MONTH_S / i64::try_from(events.len().max(1)).unwrap();
    (0_u32..)
        .zip(events)
        .map(|(number, mut event)| {
            event.received_at = instant(NOW_S - MONTH_S + i64::from(number) * step);
            recorded(u64::from(number) * 3 + 1, event)
        })
        .collect()
}

pub(super) fn settings() -> Settings {
    Settings { writer_heap_bytes: 15_000_000, files: super::files(), shape: String::new() }
}

/// An empty index, with the directory it goes away with.
pub(super) fn empty_index() -> (tempfile::TempDir, TantivyIndex) {
    let dir = tempfile::tempdir().unwrap();
    let index = TantivyIndex::open(dir.path(), settings()).unwrap();
    (dir, index)
}

/// An index of the log, committed after each part.
pub(super) fn filled_index(parts: &[&[Recorded]]) -> (tempfile::TempDir, TantivyIndex) {
    let (dir, index) = empty_index();
    for part in parts {
        index.add(part).unwrap();
        index.commit().unwrap();
    }
    (dir, index)
}

/// One page after `after`, up to `until`.
pub(super) fn page(
    index: &dyn SearchIndex,
    filter: &Filter,
    order: Order,
    after: Option<PageKey>,
    until: u64,
    limit: usize,
) -> Vec<Hit> {
    let until = Position(until);
    index.search(&SearchRequest { filter, order, after, until, limit }).unwrap()
}

/// Positions of all matches, newest first.
pub(super) fn found(index: &dyn SearchIndex, filter: &Filter) -> Vec<u64> {
    let hits = page(index, filter, Order::RecordedNewest, None, u64::MAX, usize::MAX);
    hits.iter().map(|hit| hit.position.0).collect()
}

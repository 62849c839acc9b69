//! What is sealed comes back.

use annals_domain::event::{ActorType, ChangeOperation, Event, Operation, OutcomeStatus, Severity};
use annals_domain::{EventId, TenantId};
use proptest::collection::{btree_map, vec};
use proptest::option::of;
use proptest::prelude::*;
use serde_json::{Map, Value};

use super::{Ring, events, samples};
use crate::{PartName, Record, disclose, owners, stream_owner};

/// Seals, encodes, decodes, opens; checks everything that holds of any record.
fn through_the_log(event: &Event) {
    let ring = Ring::new();
    let record = ring.seal(event);
    let encoded = record.encode();
    let decoded = Record::decode(&encoded).unwrap();
    assert_eq!(decoded, record);

    let opened = ring.open(&decoded, event).unwrap();
    assert_eq!(opened.event, *event);
    assert_eq!(opened.erased, Vec::<String>::new());

    let header: Value = serde_json::from_slice(&record.header).unwrap();
    assert_eq!(
        String::from_utf8(serde_json_canonicalizer::to_vec(&header).unwrap()).unwrap(),
        String::from_utf8(record.header.clone()).unwrap(),
        "the header is not in canonical form"
    );
    let header = record.header().unwrap();
    assert_eq!(serde_json::to_vec(&header).unwrap(), record.header);
    assert_eq!(record.groups.len(), owners(event).len());

    let disclosures = disclose(&record, &|id| ring.of(event, id)).unwrap();
    assert_eq!(disclosures.len(), header.parts.iter().len());
    assert!(disclosures.iter().all(|disclosure| disclosure.is_part_of(&header)));
}

#[test]
fn events_of_every_kind_come_back_as_they_were() {
    through_the_log(&events::typical());
    through_the_log(&events::with_everything());
    through_the_log(&events::small());
    samples::events(99, 600).iter().for_each(through_the_log);
}

#[test]
fn a_subject_that_follows_from_the_actor_is_not_stored_twice() {
    let ring = Ring::new();
    let mut event = events::typical();
    let has_subject =
        |event: &Event| ring.seal(event).header().unwrap().parts.get(PartName::Subject).is_some();
    assert!(!has_subject(&event), "it is the actor");
    event.subject.as_mut().unwrap().name = None;
    assert!(has_subject(&event), "it differs from the actor");
    through_the_log(&event);
    event.subject = None;
    assert!(has_subject(&event), "that there is none differs from the actor, too");
    through_the_log(&event);
    event.actor.actor_type = ActorType::Service;
    assert!(!has_subject(&event), "a service has no account");
    through_the_log(&event);
}

#[test]
fn more_than_ten_principals_keep_their_order() {
    let mut event = events::small();
    let principal = event.actor.clone();
    event.on_behalf_of = (0..255)
        .map(|n| annals_domain::event::Actor { id: Some(format!("p{n}")), ..principal.clone() })
        .collect();
    through_the_log(&event);
}

#[test]
fn times_are_kept_as_far_as_the_header_can_tell_them() {
    let ring = Ring::new();
    let mut event = events::small();
    event.received_at.timestamp = "2026-11-21T00:00:00.123987Z".parse().unwrap();
    event.received_at.offset = jiff::tz::offset(2);
    event.occurred_at.offset = jiff::tz::Offset::from_seconds(-5_025).unwrap();
    let opened = ring.open(&ring.seal(&event), &event).unwrap().event;
    assert_eq!(opened.received_at.to_string(), "2026-11-21T00:00:00.123Z");
    assert_eq!(opened.occurred_at.timestamp, event.occurred_at.timestamp, "the same instant");
    assert_eq!(opened.occurred_at.offset.seconds(), -4_980);
    event.occurred_at.offset = jiff::tz::offset(25);
    let opened = ring.open(&ring.seal(&event), &event).unwrap().event;
    assert_eq!(opened.occurred_at.to_string(), "2026-11-21T00:00:00Z");
}

#[test]
fn annals_own_facts_lie_in_the_tenants_stream() {
    let mut event = events::small();
    event.event_type = "annals.policy.changed".into();
    event.actor = annals_domain::event::Actor::annals();
    event.subject = None;
    assert_eq!(stream_owner(&event), crate::Owner::Tenant);
    assert_eq!(Ring::new().seal(&event).stream.as_str(), "system-t");
    through_the_log(&event);
}

#[test]
fn what_was_decided_for_the_tenant_is_the_tenants_and_who_decided_is_their_own() {
    let mut event = events::typical();
    event.subject = None;
    let person = event.actor.id.clone().unwrap();
    for (event_type, source, owner) in [
        ("annals.hold.placed", "annals", crate::Owner::Tenant),
        ("annals.retention.policy_approved", "annals", crate::Owner::Tenant),
        ("annals.notification.rule_set", "annals", crate::Owner::Tenant),
        ("annals.hold.placed", "shop", crate::Owner::Person(&person)),
        ("annals.view.saved", "annals", crate::Owner::Person(&person)),
    ] {
        (event.event_type, event.source) = (event_type.into(), source.into());
        assert_eq!(stream_owner(&event), owner, "{event_type} of {source}");
        through_the_log(&event);
    }
    event.subject = events::typical().subject;
    event.source = "annals".into();
    assert!(matches!(stream_owner(&event), crate::Owner::Person(_)), "it is the subject's");
}

#[test]
fn what_was_decided_outlasts_the_key_of_who_decided() {
    let mut event = events::typical();
    (event.subject, event.source) = (None, "annals".into());
    event.event_type = "annals.hold.placed".into();
    let mut ring = Ring::new();
    let record = ring.seal(&event);
    let person = event.actor.id.clone().unwrap();
    ring.destroy(&crate::Owner::Person(&person));
    let opened = ring.open(&record, &event).unwrap();
    assert_eq!(opened.event.metadata, event.metadata);
    assert_eq!((opened.event.actor.id, opened.event.subject), (None, None));
    assert!(opened.erased.contains(&"actor".to_owned()), "{:?}", opened.erased);
    assert!(!opened.erased.contains(&"subject".to_owned()), "there was none: {:?}", opened.erased);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_event_comes_back_as_it_was(event in any_event()) {
        through_the_log(&event);
    }

    #[test]
    fn decoding_never_panics(bytes in vec(any::<u8>(), 0..300), event in any_event(), cut in any::<usize>()) {
        drop(Record::decode(&bytes));
        let mut versioned = vec![1, 1];
        versioned.extend_from_slice(&bytes);
        let checksum = crate::digest::sha256(&versioned);
        versioned.extend_from_slice(&checksum[..4]);
        drop(Record::decode(&versioned));
        let encoded = Ring::new().seal(&event).encode();
        prop_assert!(Record::decode(&encoded[..cut % encoded.len()]).is_err());
    }
}

/// Any text, and texts that look like what packing takes out.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "\\PC{0,24}",
        2 => any::<String>(),
        1 => "[A-Za-z0-9_-]{43}",
        1 => any::<u128>().prop_map(|n| uuid::Uuid::from_u128(n).to_string()),
        1 => any::<u128>().prop_map(|n| uuid::Uuid::from_u128(n).to_string().to_uppercase()),
        1 => "[0-9a-f-]{36}",
        1 => "person-t\\.[a-z2-7]{32}",
        1 => "[\\x00-\\x20\"\\\\]{0,12}",
        1 => "(ab\u{3}){0,90}",
    ]
}

fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        proptest::num::f64::NORMAL.prop_map(Value::from),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 40, 6, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..6).prop_map(Value::from),
            btree_map(text(), inner, 0..6).prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn object(
    name: &'static str,
    value: impl Strategy<Value = Value> + 'static,
) -> BoxedStrategy<(String, Option<Value>)> {
    of(value).prop_map(move |value| (name.to_owned(), value)).boxed()
}

/// An object that has some of the fields.
fn some_of(fields: Vec<BoxedStrategy<(String, Option<Value>)>>) -> impl Strategy<Value = Value> {
    fields.prop_map(|fields| {
        let present = fields.into_iter().filter_map(|(name, value)| Some((name, value?)));
        Value::Object(present.collect::<Map<_, _>>())
    })
}

fn texts() -> impl Strategy<Value = Value> {
    text().prop_map(Value::from)
}

fn text_map() -> impl Strategy<Value = Value> {
    btree_map(text(), text(), 0..4)
        .prop_map(|map| map.into_iter().map(|(key, value)| (key, Value::from(value))).collect())
}

fn word<T: Copy + serde::Serialize + std::fmt::Debug + 'static>(
    all: &'static [T],
) -> impl Strategy<Value = Value> {
    proptest::sample::select(all).prop_map(|word| serde_json::to_value(word).unwrap())
}

fn with(mut object: Value, name: &str, value: impl Into<Value>) -> Value {
    object[name] = value.into();
    object
}

fn any_actor() -> impl Strategy<Value = Value> {
    // Few ids, so that actor, subject and principals are often the same.
    let id =
        prop_oneof![Just("ann".to_owned()), Just("s".to_owned()), text()].prop_map(Value::from);
    let rest = some_of(vec![
        object("id", id),
        object("name", texts()),
        object("email", texts()),
        object("roles", vec(text(), 0..3).prop_map(Value::from)),
        object("alt_ids", text_map()),
    ]);
    (rest, word(ActorType::ALL)).prop_map(|(rest, kind)| with(rest, "type", kind))
}

fn any_subject() -> impl Strategy<Value = Value> {
    let rest = some_of(vec![object("name", texts()), object("alt_ids", text_map())]);
    (rest, prop_oneof![Just("ann".to_owned()), text()]).prop_map(|(rest, id)| with(rest, "id", id))
}

fn any_target() -> impl Strategy<Value = Value> {
    let rest =
        some_of(vec![object("id", texts()), object("name", texts()), object("owner", texts())]);
    (rest, text()).prop_map(|(rest, kind)| with(rest, "type", kind))
}

fn any_change() -> impl Strategy<Value = Value> {
    let rest = some_of(vec![object("before", json()), object("after", json())]);
    (rest, text(), word(ChangeOperation::ALL))
        .prop_map(|(rest, path, op)| with(with(rest, "path", path), "op", op))
}

fn any_client() -> impl Strategy<Value = Value> {
    let device =
        some_of(vec![object("name", texts()), object("type", texts()), object("os", texts())]);
    let geo = some_of(vec![object("country", texts()), object("city", texts())]);
    let ip = any::<std::net::IpAddr>().prop_map(|ip| Value::from(ip.to_string()));
    some_of(vec![
        object("ip", ip),
        object("user_agent", texts()),
        object("device", device),
        object("geo", geo),
    ])
}

fn any_time() -> impl Strategy<Value = Value> {
    (0i64..7_000_000_000, 0i32..1_000_000_000, -1_439i32..1_440).prop_map(
        |(second, nanosecond, minutes)| {
            let time = annals_domain::time::DateTime {
                timestamp: jiff::Timestamp::new(second, nanosecond).unwrap(),
                offset: jiff::tz::Offset::from_seconds(minutes * 60).unwrap(),
            };
            serde_json::to_value(time).unwrap()
        },
    )
}

fn any_event() -> impl Strategy<Value = Event> {
    let outcome = (
        some_of(vec![object("code", texts()), object("reason", texts())]),
        word(OutcomeStatus::ALL),
    )
        .prop_map(|(rest, status)| with(rest, "status", status));
    let producer =
        (text(), any::<u64>()).prop_map(|(id, seq)| serde_json::json!({"id": id, "seq": seq}));
    let optional = some_of(vec![
        object("environment", texts()),
        object("app_version", texts()),
        object("producer", producer),
        object("description", texts()),
        object("on_behalf_of", vec(any_actor(), 0..4).prop_map(Value::from)),
        object("subject", any_subject()),
        object("targets", vec(any_target(), 0..4).prop_map(Value::from)),
        object("changes", vec(any_change(), 0..4).prop_map(Value::from)),
        object("client", any_client()),
        object(
            "session",
            some_of(vec![
                object("id", texts()),
                object("auth_method", texts()),
                object("mfa", any::<bool>().prop_map(Value::from)),
            ]),
        ),
        object(
            "request",
            some_of(vec![
                object("id", texts()),
                object("correlation_id", texts()),
                object("causation_id", texts()),
                object("traceparent", texts()),
            ]),
        ),
        object(
            "justification",
            some_of(vec![object("reason", texts()), object("ticket", texts())]),
        ),
        object(
            "metadata",
            btree_map(text(), json(), 0..8)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ),
        object("labels", text_map()),
    ]);
    let required = (
        outcome,
        any_actor(),
        any_time(),
        word(Operation::ALL),
        word(Severity::ALL),
        prop_oneof![Just("annals.x".to_owned()), text()],
        text(),
        (any::<u128>(), any::<u32>(), 0i64..7_000_000_000_000),
    );
    (optional, required).prop_map(|(event, required)| {
        let (outcome, actor, time, operation, severity, kind, source, (id, version, received)) =
            required;
        let mut event = event;
        for (name, value) in [
            ("outcome", outcome),
            ("actor", actor),
            ("occurred_at", time),
            ("operation", operation),
            ("severity", severity),
            ("type", kind.into()),
            ("source", source.into()),
            ("schema_version", version.into()),
            (
                "received_at",
                jiff::Timestamp::from_millisecond(received).unwrap().to_string().into(),
            ),
            ("id", serde_json::to_value(EventId(uuid::Uuid::from_u128(id))).unwrap()),
            ("tenant", serde_json::to_value(TenantId::new("t").unwrap()).unwrap()),
        ] {
            event[name] = value;
        }
        serde_json::from_value(event).unwrap()
    })
}

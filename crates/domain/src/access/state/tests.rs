//! What events do to access, in every order that nodes can record them in.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use uuid::Uuid;

use super::*;
use crate::event::Subject;
use crate::examples::{full_event, tenant};
use crate::identifiers::{EventId, Position, Revision, StreamName};
use crate::record::Recorded;

/// Seconds after the beginning of this story.
fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).unwrap()
}

/// An own fact of Annals.
fn fact(number: u64, seconds: i64, event_type: &str, metadata: Value) -> Recorded {
    let mut event = full_event();
    event.id = EventId(Uuid::from_u128(number.into()));
    event.event_type = event_type.into();
    event.source = "annals".into();
    event.subject = None;
    event.actor.id = Some("root".into());
    event.received_at.timestamp = at(seconds);
    event.metadata = metadata.as_object().unwrap().clone();
    Recorded {
        position: Position(number),
        stream: StreamName::tenant(&event.tenant),
        revision: Revision(number),
        event: Arc::new(event),
        header_digest: [0; 32],
        erased: Vec::new(),
        stored_schema_version: None,
    }
}

fn with(mut recorded: Recorded, change: impl FnOnce(&mut Event)) -> Recorded {
    change(Arc::make_mut(&mut recorded.event));
    recorded
}

fn created(number: u64, seconds: i64, key: &str) -> Recorded {
    let metadata = json!({ "key": key, "name": "Shop", "roles": ["writer"], "digest": "first",
        "expires_at": at(seconds + 1000).to_string() });
    fact(number, seconds, KEY_CREATED, metadata)
}

fn opened(number: u64, seconds: i64, minutes: i64) -> Recorded {
    let until = at(seconds + 60 * minutes).to_string();
    let opened = fact(number, seconds, BREAK_GLASS_OPENED, json!({ "until": until }));
    with(opened, |event| {
        event.subject = Some(Subject { id: "wim".into(), name: None, alt_ids: Default::default() });
    })
}

/// Takes them in; also checks that what is kept of it is the same state.
fn folded(events: &[Recorded]) -> AccessState {
    let (mut state, mut kept) = (AccessState::default(), BTreeMap::new());
    for event in events {
        for change in state.apply(event, AccessRules::default()) {
            match change.entry {
                Some(entry) if entry.name() != change.name => panic!("{}", change.name),
                Some(entry) => kept.insert((change.tenant, change.name), entry),
                None => kept.remove(&(change.tenant, change.name)),
            };
        }
    }
    let again =
        AccessState::restored(kept.into_iter().map(|((tenant, _), entry)| {
            (tenant, AccessEntry::from_json(&entry.to_json()).unwrap())
        }));
    for tenant in again.tenants.keys() {
        let (now, then) = (&state.tenants[tenant], &again.tenants[tenant]);
        assert!(now.keys().eq(then.keys()));
        assert!(now.revocations().eq(then.revocations()));
        assert!(now.break_glasses().eq(then.break_glasses()));
    }
    assert_eq!(state.key_owners, again.key_owners);
    assert_eq!(state.configuration(), again.configuration());
    again
}

fn is_revoked(state: &AccessState, id: &str, subject: &str, issued_at: Option<i64>) -> bool {
    let token = RevokedToken { id: Some(id), subject, issued_at };
    state.tenant(&tenant()).is_some_and(|tenant| tenant.is_revoked(&token))
}

#[test]
fn a_key_holds_from_its_event_until_it_ends_or_is_revoked() {
    let state = folded(&[created(1, 0, "k1")]);
    let (owner, key) = state.key("k1").unwrap();
    assert_eq!(*owner, tenant());
    assert_eq!(key.good_digests(at(999)).collect::<Vec<_>>(), [("first", at(1000))]);
    assert_eq!(key.good_digests(at(1000)).count(), 0);
    let state = folded(&[created(1, 0, "k1"), fact(2, 5, KEY_REVOKED, json!({ "key": "k1" }))]);
    assert_eq!(state.key("k1").unwrap().1.good_digests(at(6)).count(), 0);
}

#[test]
fn a_former_secret_is_good_until_its_grace_ends_and_no_further_back() {
    let rotated = |number, seconds, digest: &str, grace: i64| {
        let until = at(seconds + grace).to_string();
        let metadata = json!({ "key": "k1", "digest": digest, "grace_until": until });
        fact(number, seconds, KEY_ROTATED, metadata)
    };
    let once = [created(1, 0, "k1"), rotated(2, 10, "second", 60)];
    let good = |events: &[Recorded], seconds| {
        let state = folded(events);
        let key = state.key("k1").unwrap().1;
        key.good_digests(at(seconds)).map(|(digest, _)| digest.to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(good(&once, 69), ["second", "first"]);
    assert_eq!(good(&once, 70), ["second"]);
    let twice = [&once[..], &[rotated(3, 20, "third", 60)]].concat();
    assert_eq!(good(&twice, 21), ["third", "second"]);
    let at_once = [created(1, 0, "k1"), rotated(2, 10, "second", 0)];
    assert_eq!(good(&at_once, 10), ["second"]);
    let ended = [created(1, 0, "k1"), rotated(2, 2000, "second", 60)];
    assert_eq!(good(&ended, 2001), [""; 0], "what has ended does not come back");
}

#[test]
fn a_tenant_has_no_more_keys_than_allowed_also_when_nodes_record_at_once() {
    let many: Vec<Recorded> =
        (0..KEYS_MAX as u64 + 1).map(|n| created(n + 1, 0, &format!("k{n}"))).collect();
    let state = folded(&many);
    assert!(state.key(&format!("k{}", KEYS_MAX - 1)).is_some());
    assert!(state.key(&format!("k{KEYS_MAX}")).is_none());
    // After those have ended there is room, and of the ended ones only so many are kept.
    let later: Vec<Recorded> =
        (0..2).map(|n| created(n + 1000, 2000, &format!("later{n}"))).collect();
    let state = folded(&[many, later].concat());
    assert!(state.key("later1").is_some());
    assert_eq!(state.tenant(&tenant()).unwrap().live_keys(at(2001)), 2);
    assert!(state.tenant(&tenant()).unwrap().keys().count() <= KEYS_MAX + 2);
}

#[test]
fn an_id_that_is_taken_stays_with_its_tenant() {
    let theirs = with(created(2, 1, "k1"), |event| {
        event.tenant = TenantId::new("other").unwrap();
    });
    let revoked = with(fact(3, 2, KEY_REVOKED, json!({ "key": "k1" })), |event| {
        event.tenant = TenantId::new("other").unwrap();
    });
    let state = folded(&[created(1, 0, "k1"), theirs, revoked]);
    let (owner, key) = state.key("k1").unwrap();
    assert_eq!(*owner, tenant());
    assert!(key.is_live(at(3)), "another tenant cannot revoke it");
}

#[test]
fn only_annals_changes_access() {
    let foreign = with(created(1, 0, "k1"), |event| event.source = "shop".into());
    assert!(folded(&[foreign]).key("k1").is_none());
}

#[test]
fn a_revoked_token_is_refused_and_others_are_not() {
    let state = folded(&[fact(1, 100, ACCESS_REVOKED, json!({ "token_id": "t1" }))]);
    let before = Some(at(50).as_second());
    assert!(is_revoked(&state, "t1", "ann", before));
    assert!(
        is_revoked(&state, "t1", "ann", Some(at(500).as_second())),
        "its id is revoked for ever"
    );
    assert!(!is_revoked(&state, "t2", "ann", before));
    assert!(!is_revoked(&state, "t2", "t1", before));
}

#[test]
fn tokens_of_a_subject_are_refused_that_were_issued_before_or_do_not_say_when() {
    let state = folded(&[fact(1, 100, ACCESS_REVOKED, json!({ "subject": "ann" }))]);
    for (issued_at, refused) in [
        (None, true),
        (Some(at(99).as_second()), true),
        (Some(at(100).as_second()), true),
        (Some(at(101).as_second()), false),
    ] {
        assert_eq!(is_revoked(&state, "t", "ann", issued_at), refused, "{issued_at:?}");
        assert!(!is_revoked(&state, "t", "bob", issued_at));
    }
}

#[test]
fn revoking_all_refuses_everybody_of_the_tenant_and_nobody_else() {
    let state = folded(&[fact(1, 100, ACCESS_REVOKED, json!({ "all": true }))]);
    assert!(is_revoked(&state, "t", "bob", Some(at(10).as_second())));
    assert!(!is_revoked(&state, "t", "bob", Some(at(200).as_second())));
    assert!(state.tenant(&TenantId::new("other").unwrap()).is_none());
}

#[test]
fn a_revocation_that_can_no_longer_be_read_is_taken_as_one_of_all() {
    let state = folded(&[fact(1, 100, ACCESS_REVOKED, json!({}))]);
    assert!(is_revoked(&state, "t", "bob", Some(at(10).as_second())));
}

#[test]
fn the_newest_revocation_of_a_subject_counts_and_one_of_all_takes_their_place() {
    let again = [
        fact(1, 100, ACCESS_REVOKED, json!({ "subject": "ann" })),
        fact(2, 200, ACCESS_REVOKED, json!({ "subject": "ann" })),
    ];
    let state = folded(&again);
    assert!(is_revoked(&state, "t", "ann", Some(at(150).as_second())));
    assert_eq!(state.tenant(&tenant()).unwrap().revocations().count(), 1);
    let all = fact(3, 300, ACCESS_REVOKED, json!({ "all": true }));
    let state = folded(&[&again[..], &[all]].concat());
    assert!(is_revoked(&state, "t", "ann", Some(at(250).as_second())));
    assert_eq!(state.tenant(&tenant()).unwrap().revocations().count(), 1);
}

#[test]
fn revocations_are_forgotten_only_when_no_token_can_be_left() {
    let rules = AccessRules { token_lifetime_max: Some(SignedDuration::from_hours(1)) };
    let revoked = |number, seconds, id: &str| {
        fact(number, seconds, ACCESS_REVOKED, json!({ "token_id": id }))
    };
    let mut state = AccessState::default();
    state.apply(&revoked(1, 0, "a"), rules);
    state.apply(&revoked(2, 4000, "b"), rules);
    assert!(is_revoked(&state, "a", "x", None), "an hour and a bit is not over");
    let changes = state.apply(&revoked(3, 4300, "c"), rules);
    assert_eq!(changes.iter().filter(|change| change.entry.is_none()).count(), 1);
    assert!(!is_revoked(&state, "a", "x", None));
    assert!(is_revoked(&state, "b", "x", None));
}

#[test]
fn there_is_always_room_to_revoke_everything() {
    let mut state = AccessState::default();
    let one = fact(1, 0, ACCESS_REVOKED, json!({}));
    for number in 0..REVOCATIONS_MAX as u64 {
        let revoked = with(one.clone(), |event| {
            event.id = EventId(Uuid::from_u128(number.into()));
            event.metadata.insert("token_id".into(), number.to_string().into());
        });
        state.apply(&revoked, AccessRules::default());
    }
    let next = fact(1_000_000, 1, ACCESS_REVOKED, json!({ "token_id": "one more" }));
    assert_eq!(state.apply(&next, AccessRules::default()), []);
    let access = state.tenant(&tenant()).unwrap();
    let takes = |what: Revoked| access.takes_revocation(&what, at(1), AccessRules::default());
    assert!(!takes(Revoked::Subject("ann".into())) && takes(Revoked::All));
    assert!(takes(Revoked::Token("7".into())), "what is revoked may be revoked again");
    let all = fact(1_000_001, 1, ACCESS_REVOKED, json!({ "all": true }));
    assert_eq!(state.apply(&all, AccessRules::default()).len(), 1);
}

#[test]
fn emergency_access_is_open_until_its_time_or_until_it_is_closed() {
    let first = opened(1, 0, 30);
    let open = |events: &[Recorded], seconds| {
        let state = folded(events);
        state.tenant(&tenant()).unwrap().open_break_glass("root", at(seconds)).is_some()
    };
    assert!(open(std::slice::from_ref(&first), 1799));
    assert!(!open(std::slice::from_ref(&first), 1800));
    let id = first.event.id.to_string();
    let closed = fact(2, 60, BREAK_GLASS_CLOSED, json!({ "break_glass": id }));
    assert!(!open(&[first, closed], 61));
}

#[test]
fn emergency_access_needs_somebody_else_and_is_short() {
    let alone = with(opened(1, 0, 10), |event| event.subject = None);
    let own = with(opened(2, 0, 10), |event| event.actor.id = Some("wim".into()));
    let state = folded(&[alone, own, opened(3, 0, 600)]);
    let access = state.tenant(&tenant()).unwrap();
    assert!(access.open_break_glass("wim", at(1)).is_none());
    let only: Vec<Timestamp> = access.break_glasses().map(|opened| opened.until).collect();
    assert_eq!(only, [at(3600)], "an hour at most");
}

#[test]
fn emergency_access_is_opened_once_at_a_time_and_five_times_a_day() {
    let state = folded(&[opened(1, 0, 10), opened(2, 60, 10)]);
    let access = state.tenant(&tenant()).unwrap();
    assert_eq!(access.break_glasses().count(), 1);
    assert_eq!(access.may_break_glass("root", at(61)), Err(BreakGlassRefused::IsOpen));
    let six: Vec<Recorded> = (0..6).map(|n| opened(n + 1, 3600 * n as i64, 10)).collect();
    let state = folded(&six);
    let access = state.tenant(&tenant()).unwrap();
    assert_eq!(access.break_glasses().count(), BREAK_GLASS_A_DAY_MAX);
    assert_eq!(access.may_break_glass("root", at(86_399)), Err(BreakGlassRefused::TooOften));
    assert_eq!(access.may_break_glass("root", at(86_401)), Ok(()));
    assert_eq!(access.may_break_glass("zoe", at(86_399)), Ok(()));
}

#[test]
fn a_changed_configuration_is_told_by_names() {
    let part = |name: &str, digest: &str| BTreeMap::from([(name.to_owned(), digest.to_owned())]);
    let before = ConfigurationDigests {
        version: "1".into(),
        settings: part("auth", "a"),
        roles: part("admin", "a"),
        types: part("x.y", "a"),
    };
    let parts = serde_json::to_string(&before).unwrap();
    let state = folded(&[fact(1, 0, CONFIGURATION_LOADED, json!({ "parts": parts }))]);
    assert_eq!(state.configuration().unwrap().digests, before);
    let now = ConfigurationDigests {
        settings: part("auth", "b"),
        roles: part("new", "a"),
        ..before.clone()
    };
    let differences = now.differences_from(&before);
    assert_eq!(differences.settings, ["auth"]);
    assert_eq!(differences.roles, ["admin", "new"]);
    assert_eq!(differences.types, [""; 0]);
}

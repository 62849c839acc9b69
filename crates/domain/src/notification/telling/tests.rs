//! Who is told of what, and that the same events always make the same messages.

use proptest::prelude::*;
use serde_json::{Value, json};

mod bounds;
mod requests;

use super::*;
use crate::examples::{event, now, recorded, shipped_limits};
use crate::identifiers::EventId;
use crate::notification::outgoing::Route;
use crate::notification::state::{
    ADDRESS_ADDED, ADDRESS_REMOVED, ADDRESS_VERIFIED, DISPUTE_RAISED, ENDPOINT_SET,
    PREFERENCES_SET, RULE_SET,
};
use crate::notification::windows::after;
use crate::time::DateTime;

/// A log that is told of as it grows.
struct Story {
    telling: Telling,
    kept: BTreeMap<(TenantId, String), TellingEntry>,
    number: u64,
}

impl Story {
    fn new() -> Self {
        let channels = [Channel::Email, Channel::Webhook, Channel::Slack, Channel::Syslog].into();
        let carried = Carried { channels, standing: Vec::new() };
        Self::carrying(carried)
    }

    fn carrying(carried: Carried) -> Self {
        let limits = shipped_limits().query.clone();
        let telling = Telling::new(Arc::new(Catalogue::shipped()), limits, carried);
        Self { telling, kept: BTreeMap::new(), number: 0 }
    }

    fn take(&mut self, seconds: u64, change: impl FnOnce(&mut Event)) -> Told {
        self.number += 1;
        let mut event = event(json!({
            "type": "user.password.changed", "actor": {"id": "eve"}, "subject": {"id": "ann"},
            "metadata": {"method": "self"},
        }));
        event.id = EventId(Uuid::from_u128(self.number.into()));
        event.metadata.clear();
        event.received_at = DateTime::utc(after(now(), seconds));
        change(&mut event);
        let told = self.telling.tell(&recorded(self.number, event));
        for change in &told.kept {
            let place = (change.tenant.clone(), change.name.clone());
            match &change.entry {
                Some(entry) => {
                    assert_eq!(entry.name(), change.name);
                    assert_eq!(&TellingEntry::from_json(&entry.to_json()).unwrap(), entry);
                    self.kept.insert(place, entry.clone())
                }
                None => self.kept.remove(&place),
            };
        }
        told
    }

    /// Something that only Annals writes, about Ann.
    fn fact(&mut self, event_type: &str, metadata: Value) -> Told {
        self.take(0, |event| {
            event.event_type = event_type.into();
            event.source = "annals".into();
            event.metadata = metadata.as_object().unwrap().clone();
        })
    }

    fn happens(&mut self, event_type: &str, seconds: u64) -> Told {
        self.take(seconds, |event| event.event_type = event_type.into())
    }

    fn verified(&mut self, number: u64, address: &str) {
        let id = Uuid::from_u128(number.into());
        self.fact(ADDRESS_ADDED, json!({"address_id": id, "address": address}));
        self.fact(ADDRESS_VERIFIED, json!({"address_id": id}));
    }

    fn rule(&mut self, change: Value) {
        let mut rule = json!({"id": "mine", "name": "Mine", "filter": "type:invoice.viewed",
            "audience": ["subject"], "channels": ["email"]});
        rule.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        self.fact(RULE_SET, json!({ "rule": rule }));
    }

    /// What goes on after a restart from what was kept.
    fn restarted(&self) -> Self {
        let mut fresh = Self::carrying(self.telling.carried.clone());
        let kept = self.kept.iter().map(|((tenant, _), entry)| (tenant.clone(), entry.clone()));
        fresh.telling.restore(kept);
        Self { kept: self.kept.clone(), number: self.number, ..fresh }
    }
}

fn queued(told: &Told) -> Vec<Queued> {
    let each = told.outbox.iter().filter_map(|change| match change {
        OutboxChange::Queued(queued) => Some((**queued).clone()),
        _ => None,
    });
    each.collect()
}

fn routes(told: &Told) -> Vec<String> {
    queued(told).iter().map(|queued| queued.message.route.key()).collect()
}

fn inboxes(told: &Told) -> Vec<String> {
    let each = told.inbox.iter().filter_map(|change| match change {
        InboxChange::Arrived(arrived) => Some(arrived.recipient.id.clone()),
        _ => None,
    });
    each.collect()
}

#[test]
fn only_whom_an_event_is_about_or_names_as_actor_can_say_that_it_was_not_them() {
    let mut story = Story::new();
    for (number, person) in (1_u128..).zip(["ann", "eve", "bob"]) {
        let id = Uuid::from_u128(number);
        let address = format!("{person}@example.org");
        for (event_type, metadata) in [
            (ADDRESS_ADDED, json!({"address_id": id, "address": address})),
            (ADDRESS_VERIFIED, json!({"address_id": id})),
        ] {
            story.take(0, |event| {
                event.event_type = event_type.into();
                event.source = "annals".into();
                event.metadata = metadata.as_object().unwrap().clone();
                event.subject.as_mut().unwrap().id = person.into();
            });
        }
    }
    let audience = json!({"audience": ["subject", "actor", "person:bob"]});
    story.rule(audience);
    let told = queued(&story.happens("invoice.viewed", 0));
    let theirs = told.iter().map(|one| (one.message.recipient.as_deref(), one.message.is_theirs));
    let expected = [(Some("ann"), true), (Some("bob"), false), (Some("eve"), true)];
    assert_eq!(theirs.collect::<BTreeSet<_>>(), expected.into());
    let mut before = serde_json::to_value(&told[0].message).unwrap();
    before.as_object_mut().unwrap().remove("is_theirs");
    let read: Outgoing = serde_json::from_value(before).unwrap();
    assert!(read.is_theirs, "what was queued before has its link");
}

#[test]
fn a_person_hears_of_a_changed_password_where_they_proved_to_be() {
    let mut story = Story::new();
    let told = story.happens("user.password.changed", 1);
    assert_eq!((inboxes(&told), routes(&told)), (vec!["ann".into()], vec![]));
    let unproven = json!({"address_id": Uuid::from_u128(8), "address": "not@example.org"});
    story.fact(ADDRESS_ADDED, unproven);
    story.verified(9, "ann@example.org");
    let told = story.happens("user.password.changed", 2);
    assert_eq!(routes(&told), ["email:ann@example.org"]);
    assert_eq!(inboxes(&told), ["ann"], "the inbox has it once");
}

#[test]
fn the_old_address_and_the_new_one_hear_of_the_change() {
    let mut story = Story::new();
    let told = story.take(1, |event| {
        event.event_type = "user.email.changed".into();
        event.changes = serde_json::from_value(json!([
            {"path": "/email", "op": "replace", "before": "Old@example.org", "after": "new@example.org"}
        ]))
        .unwrap();
        event.metadata.insert("old_email".into(), "old@example.org".into());
    });
    assert_eq!(routes(&told), ["email:old@example.org", "email:new@example.org"]);
}

#[test]
fn an_address_that_is_named_gets_its_code_and_not_too_many() {
    let mut story = Story::new();
    story.fact(PREFERENCES_SET, json!({"preferences": {"language": "de"}}));
    let name = |story: &mut Story, number: u64, address: &str| {
        let id = Uuid::from_u128(number.into());
        let added = json!({"address_id": id, "address": address, "code_digest": "00"});
        let told = story.fact(ADDRESS_ADDED, added);
        story.fact(ADDRESS_REMOVED, json!({"address_id": id}));
        told
    };
    let told = name(&mut story, 1, "ann@example.org");
    let first = queued(&told).remove(0).message;
    assert_eq!((first.rule.as_str(), first.locale.as_str()), (VERIFICATION_RULE, "de"));
    assert_eq!(first.template, "address-verification");
    assert_eq!(routes(&told), ["email:ann@example.org"], "nobody else gets it");
    for number in 2..=VERIFICATIONS_MAX.into() {
        assert_eq!(routes(&name(&mut story, number, "ann@example.org")).len(), 1);
    }
    assert!(routes(&name(&mut story, 100, "ann@example.org")).is_empty());
    assert_eq!(routes(&name(&mut story, 101, "bob@example.org")).len(), 1);
    let mut silent = Story::carrying(Carried::default());
    assert!(routes(&name(&mut silent, 1, "ann@example.org")).is_empty(), "there is no mail");
}

#[test]
fn wishes_are_heard_but_for_what_must_be_told() {
    let mut story = Story::new();
    story.verified(9, "ann@example.org");
    let off =
        |kind: &str| json!({"preferences": {"language": "de", "kinds": {kind: {"email": false}}}});
    assert_eq!(routes(&story.happens("user.role.granted", 1)).len(), 1);
    story.fact(PREFERENCES_SET, off("role-granted"));
    assert_eq!(routes(&story.happens("user.role.granted", 2)).len(), 0);
    story.fact(PREFERENCES_SET, off("password-changed"));
    let told = story.happens("user.password.changed", 3);
    assert_eq!(queued(&told)[0].message.locale, "de");
    // A tenant's rule in the place of one that is mandatory may not be less.
    story.rule(
        json!({"id": "password-changed", "filter": "type:user.password.changed", "enabled": false}),
    );
    assert_eq!(routes(&story.happens("user.password.changed", 4)).len(), 1);
}

#[test]
fn endpoints_and_the_installations_own_hear_of_what_is_significant_each_once() {
    let standing = Uuid::from_u128(99);
    let mut story =
        Story::carrying(Carried { channels: [Channel::Webhook].into(), standing: vec![standing] });
    story.fact(ENDPOINT_SET, crate::notification::state::tests::endpoint(7));
    let told = story.happens("user.password.changed", 1);
    let own = Route::Endpoint { id: Uuid::from_u128(7) }.key();
    assert_eq!(routes(&told), [Route::Endpoint { id: standing }.key(), own]);
    assert!(queued(&told).iter().all(|one| one.message.recipient.as_deref() == Some("ann")));
    assert!(routes(&story.happens("invoice.viewed", 2)).is_empty());
}

#[test]
fn a_dispute_alerts_security_and_outcomes_tell_nobody() {
    let mut story = Story::new();
    let told = story.fact(DISPUTE_RAISED, json!({"about": Uuid::from_u128(1)}));
    assert_eq!(inboxes(&told), ["role:security"]);
    story.rule(json!({"filter": "type:annals.*", "channels": ["syslog"]}));
    let id = Uuid::from_u128(5);
    let told = story.fact(DELIVERED, json!({"deliveries": [id, "nonsense"]}));
    let settled = Settled { delivered: vec![id], failed: vec![] };
    assert_eq!(told.outbox, [OutboxChange::Settled(settled)]);
    let told = story.fact(FAILED, json!({"deliveries": [id], "causes": ["gone"]}));
    assert_eq!(
        told.outbox,
        [OutboxChange::Settled(Settled { delivered: vec![], failed: vec![id] })]
    );
    assert!(queued(&story.fact(READ_TYPE, json!({"notifications": [id]}))).is_empty());
    // Who is not Annals settles nothing.
    let told = story.happens(DELIVERED, 1);
    assert!(!told.outbox.iter().any(|change| matches!(change, OutboxChange::Settled(_))));
}

#[test]
fn what_is_alike_is_told_once_in_a_window() {
    let mut story = Story::new();
    story.verified(9, "ann@example.org");
    story.rule(json!({"dedupe": {"key": ["actor.id"], "window_seconds": 60}}));
    let mut by = |actor: &str, seconds| {
        let told = story.take(seconds, |event| {
            event.event_type = "invoice.viewed".into();
            event.actor.id = Some(actor.into());
        });
        routes(&told).len()
    };
    assert_eq!([by("eve", 0), by("eve", 59), by("mal", 59), by("eve", 60)], [1, 0, 1, 1]);
}

#[test]
fn nobody_gets_more_than_a_rule_lets_through() {
    let mut story = Story::new();
    story.verified(9, "ann@example.org");
    story.rule(json!({"throttle": {"messages": 2, "window_seconds": 60}}));
    let sent = [0, 1, 2, 59, 60].map(|at| routes(&story.happens("invoice.viewed", at)).len());
    assert_eq!(sent, [1, 1, 0, 0, 1]);
}

#[test]
fn a_digest_gathers_and_quiet_hours_hold_back_what_can_wait() {
    let mut story = Story::new();
    story.verified(9, "ann@example.org");
    story.rule(json!({"digest": {"every_seconds": 3600}}));
    let first = queued(&story.happens("invoice.viewed", 0)).remove(0);
    assert_eq!((first.held, first.due, first.gathered_by), (true, after(now(), 3600), None));
    let second = queued(&story.happens("invoice.viewed", 3599)).remove(0);
    assert_eq!((second.due, second.gathered_by), (first.due, Some(first.message.id)));
    let third = queued(&story.happens("invoice.viewed", 3600)).remove(0);
    assert_eq!((third.due, third.gathered_by), (after(now(), 7200), None));

    // It is half past nine in the morning.
    let quiet = json!({"from": "09:00", "to": "11:00", "zone": "UTC"});
    story.fact(PREFERENCES_SET, json!({"preferences": {"quiet": quiet}}));
    let calm = queued(&story.happens("user.role.granted", 0)).remove(0);
    assert_eq!((calm.held, calm.due), (true, "2026-11-21T11:00:00Z".parse().unwrap()));
    let urgent = queued(&story.happens("user.password.changed", 0)).remove(0);
    assert_eq!((urgent.held, urgent.due), (false, now()));
}

#[test]
fn a_hundred_rules_are_looked_at_quickly_enough_to_be_tried_and_only_those_that_fit_tell() {
    let mut story = Story::new();
    for number in 0..100 {
        story.rule(json!({"id": format!("r{number}"), "filter": format!("type:made.up.n{number}"),
            "channels": ["syslog"]}));
    }
    assert_eq!(routes(&story.happens("made.up.n7", 1)), ["syslog"]);
    assert!(routes(&story.happens("made.up.other", 2)).is_empty());
}

/// A few kinds of events, of which some tell and some change what is told.
fn step(story: &mut Story, kind: u8, seconds: u64) -> Told {
    match kind {
        0 => story.happens("user.password.changed", seconds),
        1 => story.happens("user.device.added", seconds),
        2 => story.happens("sensitive_record.viewed", seconds),
        3 => story.fact(PREFERENCES_SET, json!({"preferences": {"digest_seconds": 600}})),
        4 => {
            story.rule(json!({"filter": "is:significant", "throttle": {"messages": 1, "window_seconds": 99}}));
            Told::default()
        }
        _ => story.fact(ENDPOINT_SET, crate::notification::state::tests::endpoint(seconds % 3 + 1)),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// However often it is restarted, and however often the log is read again.
    #[test]
    fn a_replay_tells_the_same_and_nobody_twice(
        steps in prop::collection::vec((0..6u8, 0..5000u64, any::<bool>()), 1..40)
    ) {
        let run = |restarts: bool| {
            let mut story = Story::new();
            story.verified(9, "ann@example.org");
            let mut all = Vec::new();
            for (kind, seconds, restart) in &steps {
                if restarts && *restart {
                    story = story.restarted();
                }
                all.push(step(&mut story, *kind, *seconds));
            }
            all
        };
        let once = run(false);
        prop_assert_eq!(&once, &run(true));
        let ids: Vec<Uuid> = once.iter().flat_map(queued).map(|one| one.message.id).collect();
        let different: BTreeSet<&Uuid> = ids.iter().collect();
        prop_assert_eq!(ids.len(), different.len());
    }
}

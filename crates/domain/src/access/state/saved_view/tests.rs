//! What events do to saved views, in every order that nodes can record them in.

use serde_json::{Value, json};
use uuid::Uuid;

use super::*;
use crate::access::state::{AccessRules, AccessState, TenantAccess};
use crate::examples::{full_event, recorded, tenant};

/// A log of events about views.
#[derive(Default)]
struct Story {
    state: AccessState,
    kept: BTreeMap<String, AccessEntry>,
    events: u64,
}

impl Story {
    /// Takes an event in, and keeps what a store would.
    fn by(&mut self, person: &str, event_type: &str, metadata: Value) {
        self.events += 1;
        let mut event = full_event();
        event.id = EventId(Uuid::from_u128(self.events.into()));
        event.event_type = event_type.into();
        event.source = "annals".into();
        event.actor.id = Some(person.into());
        event.metadata = metadata.as_object().unwrap().clone();
        let recorded = recorded(self.events, event);
        for change in self.state.apply(&recorded, AccessRules::default()) {
            match change.entry {
                Some(entry) => {
                    assert_eq!(entry.name(), change.name);
                    self.kept.insert(change.name, entry)
                }
                None => self.kept.remove(&change.name),
            };
        }
    }

    fn saves(&mut self, person: &str, id: &str, version: u64, shared: bool) {
        let metadata = json!({ "view": id, "version": version, "name": format!("{id} {version}"),
            "query": "outcome:failure", "order": "occurred_newest", "from": "-P7D",
            "fields": ["actor.id"], "shared": shared });
        self.by(person, VIEW_SAVED, metadata);
    }

    fn begins_with(&mut self, person: &str, view: Option<&str>, of_tenant: bool) {
        self.by(person, VIEW_DEFAULT_SET, json!({ "view": view, "tenant": of_tenant }));
    }

    fn tenant(&self) -> &TenantAccess {
        self.state.tenant(&tenant()).unwrap()
    }

    fn version(&self, id: &str) -> Option<u64> {
        self.tenant().views.find(id).map(|view| view.version)
    }

    /// What a store has kept is the same.
    fn is_kept(&self) {
        let entries = self
            .kept
            .values()
            .map(|entry| (tenant(), AccessEntry::from_json(&entry.to_json()).unwrap()));
        let again = AccessState::restored(entries);
        let again = again.tenant(&tenant()).cloned().unwrap_or_default();
        assert!(again.views.iter().eq(self.tenant().views.iter()));
        assert_eq!(again.views.defaults, self.tenant().views.defaults);
    }
}

#[test]
fn a_private_view_is_seen_by_its_owner_alone_and_a_shared_one_by_all() {
    let mut story = Story::default();
    story.saves("ann", "mine", 1, false);
    story.saves("ann", "ours", 1, true);
    let seen = |person: &str| -> Vec<&str> {
        story.tenant().views_of(person).map(|view| view.id.as_str()).collect()
    };
    assert_eq!(seen("ann"), ["mine", "ours"]);
    assert_eq!(seen("bob"), ["ours"]);
    assert!(story.tenant().view("mine", "bob").is_none());
    let view = story.tenant().view("mine", "ann").unwrap();
    assert_eq!(
        (view.order, view.fields.as_slice()),
        (ViewOrder::OccurredNewest, &["actor.id".to_owned()][..])
    );
    assert_eq!(view.whole_query(), "(outcome:failure) after:-P7D");
    story.is_kept();
}

#[test]
fn of_two_changes_of_one_version_the_first_is_heard() {
    let mut story = Story::default();
    story.saves("ann", "ours", 1, true);
    story.saves("bob", "ours", 2, true);
    story.saves("ann", "ours", 2, true);
    let view = story.tenant().view("ours", "ann").unwrap();
    assert_eq!(view.event, EventId(Uuid::from_u128(2)));
    assert_eq!((view.owner.as_str(), view.version), ("ann", 2));
    story.saves("ann", "ours", 4, true);
    assert_eq!(story.version("ours"), Some(2), "a version is not passed over");
    story.is_kept();
}

#[test]
fn nobody_changes_a_private_view_of_another_or_takes_a_shared_one_for_themselves() {
    let mut story = Story::default();
    story.saves("ann", "mine", 1, false);
    story.saves("bob", "mine", 2, false);
    story.saves("bob", "mine", 2, true);
    assert_eq!(story.version("mine"), Some(1));
    story.saves("ann", "mine", 2, true);
    story.saves("bob", "mine", 3, false);
    assert_eq!(story.version("mine"), Some(2));
    story.is_kept();
}

#[test]
fn a_view_that_is_gone_is_nobodys_beginning() {
    let mut story = Story::default();
    story.saves("ann", "ours", 1, true);
    story.begins_with("ann", Some("ours"), false);
    story.begins_with("bob", Some("ours"), false);
    story.begins_with("ann", Some("ours"), true);
    assert_eq!(story.tenant().default_view(Some("bob")), Some("ours"));
    assert_eq!(story.tenant().default_view(None), Some("ours"));
    story.is_kept();
    // No longer shared: only its owner goes on beginning with it.
    story.saves("ann", "ours", 2, false);
    assert_eq!(story.tenant().default_view(Some("ann")), Some("ours"));
    assert_eq!(story.tenant().default_view(Some("bob")), None);
    assert_eq!(story.tenant().default_view(None), None);
    story.is_kept();
    story.by("ann", VIEW_DELETED, json!({ "view": "ours" }));
    assert_eq!(story.tenant().default_view(Some("ann")), None);
    assert_eq!(story.version("ours"), None);
    story.is_kept();
}

#[test]
fn who_chooses_no_view_has_none_again() {
    let mut story = Story::default();
    story.saves("ann", "mine", 1, false);
    story.begins_with("ann", Some("mine"), false);
    story.begins_with("bob", Some("mine"), false);
    story.begins_with("ann", Some("mine"), true);
    assert_eq!(story.tenant().default_view(Some("bob")), None, "they do not see it");
    assert_eq!(story.tenant().default_view(None), None, "not everybody sees it");
    story.begins_with("ann", None, false);
    assert_eq!(story.tenant().default_view(Some("ann")), None);
    story.is_kept();
}

#[test]
fn views_are_bounded_for_a_person_and_for_a_tenant() {
    let mut story = Story::default();
    for number in 0..=VIEWS_OF_PERSON_MAX {
        assert_eq!(
            story.state.tenant(&tenant()).is_none_or(|t| t.takes_view("ann", false)),
            number < VIEWS_OF_PERSON_MAX
        );
        story.saves("ann", &format!("v{number}"), 1, false);
    }
    assert_eq!(story.tenant().views_of("ann").count(), VIEWS_OF_PERSON_MAX);
    story.saves("bob", "his", 1, false);
    assert_eq!(story.version("his"), Some(1), "another person has room");
    for number in 0..=VIEWS_SHARED_MAX {
        story.saves(&format!("p{number}"), &format!("s{number}"), 1, true);
    }
    assert_eq!(story.tenant().views_of("nobody").count(), VIEWS_SHARED_MAX);
    story.saves("bob", "his", 2, true);
    assert_eq!(story.version("his"), Some(1), "there is no room to share one more");
    story.saves("ann", "v0", 2, false);
    assert_eq!(story.version("v0"), Some(2), "what is there can be changed");
    story.is_kept();
}

#[test]
fn conditions_and_times_come_to_one_query() {
    assert_eq!(whole_query("", None, None), "");
    assert_eq!(whole_query(" a OR b ", None, None), "a OR b");
    assert_eq!(whole_query("a OR b", None, Some("-P1D")), "(a OR b) before:-P1D");
    assert_eq!(whole_query("", Some("2026-01-01"), None), "after:2026-01-01");
}

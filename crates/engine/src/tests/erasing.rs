//! A person is erased: nothing of theirs is found, shown or kept, everything else is, and what is left is
//! what a rebuild from the log gives.

use std::collections::BTreeMap;
use std::sync::Arc;

use annals_domain::access::state::{VIEW_DEFAULT_SET, VIEW_SAVED};
use annals_domain::filter::{Filter, Order};
use annals_domain::notification::InboxItem;
use annals_domain::profile::{Concern, PersonRef, Profile, Viewer, Views};
use annals_domain::{Event, Position, Recorded};
use annals_ports::memory::MemorySpool;
use annals_ports::{AccessStore, LogEntry, LogReader, RefusalReason};
use async_trait::async_trait;
use serde_json::json;

use super::inbox::catalogue;
use super::machine::{
    Machine, PATIENCE, admitted, event, id, record_all, request, settings, tenant,
    wait_until_durable,
};
use crate::erasing::faults::Step;
use crate::{EraseError, Erasure, Offered, PERSONS_MAX, RefusalFacts, RefusedEvent, Sweep, System};

mod deciding;
mod files;
mod last_look;
mod load;
mod other_node;
mod unknown;

/// Everybody who may be looked at in these tests.
const PERSONS: &[&str] = &["ann", "bob", "cem", "dot", "eve"];

pub(super) fn names(persons: &[&str]) -> Vec<String> {
    persons.iter().map(|person| (*person).to_owned()).collect()
}

/// Somebody acts on their own account, on a device and from a place of their own.
pub(super) fn own(number: u64, person: &str) -> Event {
    let mut event = event(number, person, &format!("canary of {person}"));
    event.actor.name = Some(format!("Name{person}"));
    event.client.ip = Some("10.0.0.7".parse().unwrap());
    event.metadata.insert("word".into(), format!("secret{person}").into());
    event
}

/// Somebody acts on somebody else, who is told of it.
pub(super) fn acts(number: u64, actor: &str, subject: &str) -> Event {
    let mut event = own(number, actor);
    event.event_type = "user.password.changed".into();
    event.description = Some(format!("canary of {subject}"));
    event.metadata.insert("word".into(), format!("secret{subject}").into());
    event.subject = own(0, subject).subject;
    event.subject.as_mut().unwrap().name = Some(format!("Name{subject}"));
    event
}

/// Somebody looks at what is somebody's, and about somebody else.
fn looks(number: u64, viewer: &str, subject: &str, owner: &str) -> Event {
    let mut event = acts(number, viewer, subject);
    event.event_type = "record.read".into();
    event.operation = annals_domain::event::Operation::Read;
    event.targets = serde_json::from_value(json!([{"type": "file", "owner": owner}])).unwrap();
    event.justification = serde_json::from_value(json!({"reason": "treatment"})).unwrap();
    event
}

/// An agent acts on behalf of somebody.
fn on_behalf_of(number: u64, person: &str, subject: &str) -> Event {
    let mut event = acts(number, "bot", subject);
    event.actor = serde_json::from_value(json!({"type": "agent", "id": "bot"})).unwrap();
    event.on_behalf_of = vec![own(0, person).actor];
    event
}

/// A view that somebody saved, and begins with.
fn views(number: u64, person: &str, view: &str) -> [Event; 2] {
    let mut saved = own(number, person);
    (saved.event_type, saved.source) = (VIEW_SAVED.into(), "annals".into());
    saved.subject = None;
    let facts = json!({"view": view, "version": 1, "shared": true, "name": "Mine", "query": ""});
    saved.metadata = facts.as_object().unwrap().clone();
    let mut chosen = own(number + 1, person);
    (chosen.event_type, chosen.source) = (VIEW_DEFAULT_SET.into(), "annals".into());
    chosen.subject = None;
    chosen.metadata = json!({"view": view}).as_object().unwrap().clone();
    [saved, chosen]
}

/// Some of everything.
fn everything() -> Vec<Event> {
    let mut events = vec![
        own(1, "ann"),
        own(2, "bob"),
        acts(3, "ann", "bob"),
        acts(4, "bob", "ann"),
        acts(5, "cem", "bob"),
        on_behalf_of(6, "ann", "dot"),
        on_behalf_of(7, "dot", "ann"),
        looks(8, "ann", "bob", "dot"),
        looks(9, "bob", "ann", "dot"),
        looks(10, "cem", "dot", "ann"),
        looks(11, "bob", "cem", "dot"),
        looks(12, "ann", "cem", "ann"),
        acts(13, "ann", "ann"),
    ];
    events.extend(views(20, "ann", "v1"));
    events.extend(views(22, "bob", "v2"));
    events
}

/// A profile, its timeline, and where others looked.
type ProfileLeft = (Option<Profile>, Vec<Position>, Vec<Position>);

#[derive(Debug, PartialEq)]
struct Left {
    events: Vec<Recorded>,
    found: BTreeMap<String, Vec<Position>>,
    profiles: BTreeMap<String, ProfileLeft>,
    viewers: BTreeMap<String, Vec<(Viewer, Views)>>,
    inboxes: BTreeMap<String, Vec<InboxItem>>,
    access: String,
}

async fn found(system: &System, filter: Filter) -> Vec<Recorded> {
    let request = crate::PageRequest { filter, ..request(Order::RecordedOldest, 10_000) };
    system.queries.page(request).await.unwrap().events
}

/// Everything that the stores say.
async fn left(system: &System, access: &dyn AccessStore) -> Left {
    let queries = &system.queries;
    let (profiles, inbox) = (&queries.profiles, &queries.inbox);
    let of = |person: &&str| PersonRef { tenant: tenant(), id: (*person).into() };
    let each = |person: &&str| (person.to_string(), of(person));
    let persons: Vec<(String, PersonRef)> = PERSONS.iter().map(each).collect();
    let mut searched = BTreeMap::new();
    for (name, person) in &persons {
        for field in ["actor.id", "subject.id", "on_behalf_of.id", "target.owner"] {
            let hits = found(system, Filter::equals(field, person.id.clone())).await;
            let positions = hits.iter().map(|hit| hit.position).collect();
            searched.insert(format!("{field} {name}"), positions);
        }
    }
    let profile = |(name, person): &(String, PersonRef)| {
        let held = profiles.profile(person, 100).unwrap();
        let timeline = profiles.timeline(person, None, 1000).unwrap();
        let accesses = profiles.accesses(person, Concern::ALL, None, 1000).unwrap();
        (name.clone(), (held, timeline, accesses))
    };
    let (_, mut entries) = access.load().unwrap();
    entries.sort_by_key(|(_, entry)| entry.name());
    let state = system.access.now();
    let mut known = state.entries_of(&tenant());
    known.extend(state.lifecycle_of(&tenant()));
    known.sort_by_key(annals_domain::access::state::AccessEntry::name);
    assert_eq!(known, entries.into_iter().map(|(_, entry)| entry).collect::<Vec<_>>());
    Left {
        events: found(system, Filter::All).await,
        found: searched,
        profiles: persons.iter().map(profile).collect(),
        viewers: persons
            .iter()
            .map(|(name, person)| (name.clone(), profiles.viewers(person, 100).unwrap()))
            .collect(),
        inboxes: persons
            .iter()
            .map(|(name, person)| (name.clone(), inbox.newest(person, None, None, 1000).unwrap()))
            .collect(),
        access: format!("{known:?}"),
    }
}

/// What is there is what a rebuild of everything gives.
async fn is_as_rebuilt(machine: &Machine, system: &System) {
    let head = machine.log.head().await.unwrap();
    wait_until_durable(system, head).await;
    assert!(system.access.wait_for(head, PATIENCE).await);
    let there = left(system, &*machine.access).await;
    let (log, keys) = (Arc::clone(&machine.log), Arc::clone(&machine.keys));
    let fresh = Machine { log, keys, ..Machine::default() };
    let rebuilt = fresh.start_knowing(catalogue(), settings()).await;
    wait_until_durable(&rebuilt, head).await;
    assert!(rebuilt.access.wait_for(head, PATIENCE).await);
    let anew = left(&rebuilt, &*fresh.access).await;
    rebuilt.stop().await;
    // One by one, so that a difference can be read.
    assert_eq!(there.found, anew.found);
    assert_eq!(there.profiles, anew.profiles);
    assert_eq!(there.viewers, anew.viewers);
    assert_eq!(there.inboxes, anew.inboxes);
    assert_eq!(there.access, anew.access);
    assert_eq!(there.events, anew.events);
}

/// No answer has a word of theirs.
async fn nothing_is_left_of(system: &System, person: &str) {
    let events = found(system, Filter::All).await;
    for word in [format!("Name{person}"), format!("secret{person}"), format!("canary of {person}")]
    {
        let told = events.iter().find(|event| format!("{:?}", event.event).contains(&word));
        assert!(told.is_none(), "`{word}` is told by {told:?}");
        let inboxes = PERSONS.iter().flat_map(|one| {
            let one = PersonRef { tenant: tenant(), id: (*one).into() };
            system.queries.inbox.newest(&one, None, None, 1000).unwrap()
        });
        let told = inboxes.into_iter().find(|item| format!("{item:?}").contains(&word));
        assert!(told.is_none(), "`{word}` is told by {told:?}");
    }
}

async fn filled(machine: &Machine) -> System {
    let system = machine.start_knowing(catalogue(), settings()).await;
    let position = record_all(&system, everything()).await;
    wait_until_durable(&system, position).await;
    system
}

async fn stored(machine: &Machine) -> Vec<LogEntry> {
    machine.log.read_all(Position::START, 10_000).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_erased_person_is_gone_and_what_is_left_is_what_a_rebuild_gives() {
    let machine = Machine::default();
    let system = filled(&machine).await;
    let before = stored(&machine).await;
    let named = system.eraser.name(&tenant(), &names(&["ann"])).await.unwrap();
    let Erasure { persons, keys, events, indexed, .. } =
        system.eraser.erase_persons(&tenant(), &names(&["ann"])).await.unwrap();
    assert_eq!((persons[0].pseudonym.as_str(), keys), (named[0].pseudonym.as_str(), 1));
    assert!(persons[0].key_check.as_ref().is_some_and(|check| check.len() == 32));
    assert_eq!(persons[0].key_check, named[0].key_check);
    // Numbers 1, 3, 4, 6, 7, 8, 9, 12, 13, 20 and 21.
    assert_eq!((persons[0].events, events, indexed), (11, 11, 11));
    nothing_is_left_of(&system, "ann").await;
    assert_eq!(stored(&machine).await, before, "the log stays as it is");
    let bobs = found(&system, Filter::equals("actor.id", "bob")).await;
    assert_eq!(bobs.len(), 6, "others are found as ever");
    is_as_rebuilt(&machine, &system).await;
    system.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_at_once_twice_and_who_never_was() {
    let machine = Machine::default();
    let system = filled(&machine).await;
    let persons = names(&["bob", "nobody", "dot"]);
    let first = system.eraser.erase_persons(&tenant(), &persons).await.unwrap();
    assert_eq!(first.keys, 2);
    let events: Vec<u64> = first.persons.iter().map(|person| person.events).collect();
    assert_eq!((events[1], first.persons[1].key_check.clone()), (0, None));
    is_as_rebuilt(&machine, &system).await;
    let again = system.eraser.erase_persons(&tenant(), &persons).await.unwrap();
    assert_eq!((again.keys, again.events), (0, first.events), "they are found by their keys");
    assert!(again.persons.iter().all(|person| person.key_check.is_none()));
    for person in ["bob", "dot"] {
        nothing_is_left_of(&system, person).await;
    }
    is_as_rebuilt(&machine, &system).await;
    assert_eq!(system.eraser.erase_persons(&tenant(), &[]).await.unwrap(), Erasure::default());
    system.stop().await;
}

#[tokio::test]
async fn no_more_persons_than_the_limit_are_taken_at_once() {
    let system = Machine::default().start().await;
    let persons = |count: usize| (0..count).map(|n| format!("p{n}")).collect::<Vec<_>>();
    let refused =
        system.eraser.erase_persons(&tenant(), &persons(PERSONS_MAX + 1)).await.unwrap_err();
    assert!(matches!(refused, EraseError::TooMany(1001)), "{refused}");
    let erased = system.eraser.erase_persons(&tenant(), &persons(PERSONS_MAX)).await.unwrap();
    assert_eq!((erased.persons.len(), erased.keys), (PERSONS_MAX, 0));
    system.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stopped_after_any_step_it_is_finished_after_the_next_start() {
    for step in [
        Step::Looked,
        Step::WaitingForgotten,
        Step::KeysDestroyed,
        Step::MemoryReplaced,
        Step::ModelsRetold,
        Step::IndexRewritten,
    ] {
        let machine = Machine::default();
        let system = filled(&machine).await;
        let persons = names(&["ann", "cem"]);
        let named = system.eraser.name(&tenant(), &persons).await.unwrap();
        let begun: Vec<_> =
            persons.iter().cloned().zip(named.into_iter().map(|one| one.key_check)).collect();
        system.eraser.0.faults.stop_after(Some(step));
        let stopped = system.eraser.erase_persons(&tenant(), &persons).await.unwrap_err();
        assert!(matches!(stopped, EraseError::Stopped(_)), "{stopped}");
        system.kill().await;
        let system = machine.start_knowing(catalogue(), settings()).await;
        wait_until_durable(&system, machine.log.head().await.unwrap()).await;
        system.eraser.resume_persons(&tenant(), &begun).await.unwrap();
        nothing_is_left_of(&system, "ann").await;
        nothing_is_left_of(&system, "cem").await;
        is_as_rebuilt(&machine, &system).await;
        system.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_comes_back_has_another_key_and_resuming_leaves_it() {
    let machine = Machine::default();
    let system = filled(&machine).await;
    let persons = names(&["ann"]);
    let named = system.eraser.name(&tenant(), &persons).await.unwrap();
    system.eraser.erase_persons(&tenant(), &persons).await.unwrap();
    let back = record_all(&system, vec![own(101, "ann"), looks(102, "ann", "bob", "cem")]).await;
    wait_until_durable(&system, back).await;
    let readable = found(&system, Filter::equals("actor.id", "ann")).await;
    assert_eq!(readable.len(), 2, "what comes later is recorded as ever");
    let all = found(&system, Filter::All).await;
    assert_eq!(all.len(), everything().len() + 2, "what was erased is erased, and not damaged");
    is_as_rebuilt(&machine, &system).await;

    let begun = [("ann".to_owned(), named[0].key_check.clone())];
    let resumed = system.eraser.resume_persons(&tenant(), &begun).await.unwrap();
    assert_eq!(resumed.keys, 0);
    assert_eq!(found(&system, Filter::equals("actor.id", "ann")).await, readable);
    is_as_rebuilt(&machine, &system).await;

    let again = system.eraser.erase_persons(&tenant(), &persons).await.unwrap();
    assert_eq!(again.keys, 1);
    assert_ne!(again.persons[0].key_check, named[0].key_check);
    nothing_is_left_of(&system, "ann").await;
    is_as_rebuilt(&machine, &system).await;
    system.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_follows_is_shown_the_erased_form_and_not_what_was() {
    let machine = Machine::default();
    let system = filled(&machine).await;
    let mut follower = system.queries.follow(Some(Position::START));
    system.eraser.erase_persons(&tenant(), &names(&["ann"])).await.unwrap();
    let seen = follower.next(1000).await.unwrap();
    assert_eq!(seen.len(), everything().len());
    assert!(seen.iter().all(|event| !format!("{:?}", event.event).contains("Nameann")));
    system.stop().await;
}

fn refused(sender: &str, content: &str) -> RefusedEvent {
    let facts = RefusalFacts {
        sender: sender.into(),
        event: None,
        message: "not understood".into(),
        errors: Vec::new(),
    };
    let content = content.to_owned().into();
    RefusedEvent { reason: RefusalReason::Malformed, facts, content }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_waits_in_spool_and_quarantine_goes_too() {
    let spool = Some(Arc::new(MemorySpool::default()));
    let machine = Machine { spool, ..Machine::default() };
    let system = machine.start().await;
    let entries = (0..250).map(|n| match n % 10 {
        0 => refused("app", &format!("{{\"actor\": {{\"id\": \"ann\"}}, \"n\": {n}}}")),
        1 => refused("ann", &format!("{n}")),
        _ => refused("app", &format!("anna, {n}")),
    });
    let now = jiff::Timestamp::now();
    let kept = settings().quarantine.entries_max;
    system.quarantine.keep(&tenant(), entries.collect(), now).await.unwrap();
    machine.log.away(true);
    let waiting = [own(1, "ann"), own(2, "bob"), acts(3, "ann", "bob"), acts(4, "bob", "cem")];
    let ingest = annals_domain::catalogue::IngestMode::Spool;
    let offered = waiting.map(|event| Offered { admitted: admitted(event), ingest });
    let permit = system.recorder.permits.take_bytes(1).unwrap();
    system.recorder.take_on(&tenant(), offered.into(), permit).await;
    assert_eq!(system.recorder.spooled(), 4);
    let erased = system.eraser.erase_persons(&tenant(), &names(&["ann"])).await.unwrap();
    assert_eq!((erased.spooled, erased.quarantined), (2, kept / 5));
    assert_eq!(system.recorder.spooled(), 2);
    assert_eq!(system.quarantine.count().await.unwrap(), kept - kept / 5);
    machine.log.away(false);
    let began = std::time::Instant::now();
    while system.recorder.spooled() > 0 {
        assert!(began.elapsed() < PATIENCE);
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    }
    let ids: Vec<_> = stored(&machine).await.iter().map(|entry| entry.record.id).collect();
    assert!(ids.contains(&id(2)) && ids.contains(&id(4)) && ids.len() == 2, "{ids:?}");
    system.stop().await;
}

struct Cupboard(std::sync::Mutex<u64>);

#[async_trait]
impl Sweep for Cupboard {
    fn name(&self) -> &'static str {
        "cupboard"
    }

    async fn sweep(
        &self,
        _: &annals_domain::TenantId,
        persons: &[String],
    ) -> Result<u64, Box<dyn std::error::Error + Send + Sync>> {
        let mut failures = self.0.lock().unwrap();
        match failures.checked_sub(1) {
            Some(fewer) => {
                *failures = fewer;
                Err("a test wanted it".into())
            }
            None => Ok(persons.len() as u64),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_places_are_swept_and_a_failure_there_is_told() {
    let machine = Machine::default();
    let system = filled(&machine).await;
    system.eraser.add_sweep(Arc::new(Cupboard(std::sync::Mutex::new(1))));
    let persons = names(&["ann", "bob"]);
    let failed = system.eraser.erase_persons(&tenant(), &persons).await.unwrap_err();
    assert!(matches!(failed, EraseError::Sweep { name: "cupboard", .. }), "{failed}");
    let erased = system.eraser.erase_persons(&tenant(), &persons).await.unwrap();
    assert_eq!(erased.swept, BTreeMap::from([("cupboard".to_owned(), 2)]));
    system.stop().await;
}

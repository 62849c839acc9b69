//! Random histories of events, policies, holds, erasures and clocks, compared with a plain model of what must
//! and must not go.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp, ToSpan, tz::TimeZone};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::access::state::{self, AccessRules, AccessState, TenantLifecycle};
use crate::event::{Actor, ActorType, Event, JsonObject, Subject};
use crate::examples::{catalogue, shipped_limits, tenant};
use crate::identifiers::{EventId, Position, Revision, StreamName};
use crate::query::QueryContext;
use crate::record::Recorded;
use crate::time::DateTime;

/// How long after its time something may be there still.
const LATE_MAX: SignedDuration = SignedDuration::from_hours(30 * 24);
const TYPES: [&str; 3] = ["app.one", "app.two", "user.three"];
const PERSONS: [&str; 3] = ["ann", "bob", "cat"];
const SPANS: [&str; 4] = ["P20D", "P2M", "P1Y", "forever"];

#[derive(Debug, Clone)]
enum Step {
    /// An event of a type about a person.
    Record(usize, usize),
    /// A person wants a rule for a type; the next may agree.
    Propose(usize, usize, usize),
    Approve(usize),
    /// A hold on a person or a type.
    Hold(usize, bool, usize),
    AskRelease(usize),
    Release(usize),
    Request(usize, usize),
    Agree(usize),
    /// So many days pass, on each of which the job runs.
    Days(u16),
    /// The wall clock is wrong by so many days from now on.
    SetClock(i16),
    /// The service is away for some hours.
    Restart(u8),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => (0..3usize, 0..3usize).prop_map(|(t, p)| Step::Record(t, p)),
        2 => (0..3usize, 0..3usize, 0..4usize).prop_map(|(w, t, s)| Step::Propose(w, t, s)),
        2 => (0..3usize).prop_map(Step::Approve),
        1 => (0..3usize, any::<bool>(), 0..3usize).prop_map(|(w, p, n)| Step::Hold(w, p, n)),
        1 => (0..3usize).prop_map(Step::AskRelease),
        1 => (0..3usize).prop_map(Step::Release),
        1 => (0..3usize, 0..3usize).prop_map(|(w, p)| Step::Request(w, p)),
        1 => (0..3usize).prop_map(Step::Agree),
        5 => (1..90u16).prop_map(Step::Days),
        1 => (-4000..4000i16).prop_map(Step::SetClock),
        1 => (0..12u8).prop_map(Step::Restart),
    ];
    proptest::collection::vec(step, 1..40)
}

/// The world as it is, with what the service knows of it.
struct World {
    truth: Timestamp,
    wall_off: SignedDuration,
    trusted: TrustedTime,
    state: AccessState,
    events: Vec<Recorded>,
    removed: BTreeSet<Position>,
    erased: BTreeSet<String>,
    ids: u128,
    /// When something was told last: the time of records never falls.
    told_at: Timestamp,
    down: SignedDuration,
    /// For each event since when nothing has spoken against its going, in true time.
    overdue: BTreeMap<Position, Timestamp>,
}

impl World {
    fn new() -> Self {
        let truth = super::at("2024-01-31T12:00:00Z");
        Self {
            truth,
            wall_off: SignedDuration::ZERO,
            trusted: TrustedTime::confirmed(truth),
            state: AccessState::default(),
            events: Vec::new(),
            removed: BTreeSet::new(),
            erased: BTreeSet::new(),
            ids: 0,
            told_at: truth,
            down: SignedDuration::ZERO,
            overdue: BTreeMap::new(),
        }
    }

    fn lifecycle(&self) -> TenantLifecycle {
        self.state.tenant(&tenant()).map(|tenant| tenant.lifecycle().clone()).unwrap_or_default()
    }

    /// Something Annals itself tells, done by one of the persons.
    fn tell(&mut self, event_type: &str, by: usize, metadata: Value, subject: Option<&str>) {
        let mut recorded = self.recorded(event_type, subject, self.now().expiry.max(self.told_at));
        self.told_at = recorded.event.received_at.timestamp;
        let event = std::sync::Arc::make_mut(&mut recorded.event);
        event.actor = Actor {
            actor_type: ActorType::User,
            id: Some(PERSONS[by].into()),
            ..event.actor.clone()
        };
        let Value::Object(metadata) = metadata else { panic!("metadata is an object") };
        event.metadata = JsonObject::from_iter(metadata);
        self.state.apply(&recorded, AccessRules::default());
    }

    fn recorded(&mut self, event_type: &str, person: Option<&str>, at: Timestamp) -> Recorded {
        self.ids += 1;
        let id = EventId(uuid::Uuid::from_u128(self.ids));
        let mut event = Event::of_annals(catalogue(), event_type, tenant(), id, DateTime::utc(at));
        event.subject =
            person.map(|id| Subject { id: id.into(), name: None, alt_ids: Default::default() });
        Recorded {
            position: Position(self.ids as u64),
            stream: StreamName::tenant(&tenant()),
            revision: Revision(0),
            event: std::sync::Arc::new(event),
            header_digest: [0; 32],
            erased: Vec::new(),
            stored_schema_version: None,
        }
    }

    fn take(&mut self, step: &Step) {
        let lifecycle = self.lifecycle();
        match *step {
            Step::Record(t, person) => {
                // What is received carries the true time here: expiry counts from what is in the record.
                let event = self.recorded(TYPES[t], Some(PERSONS[person]), self.truth);
                self.events.push(event);
            }
            Step::Propose(by, t, span) => self.propose(&lifecycle, by, t, span),
            Step::Approve(by) => {
                let open = lifecycle.proposals().iter().find(|one| one.effective_at.is_none());
                let Some(about) = open.map(|one| one.event.to_string()) else { return };
                let effective = self.now().policy + SignedDuration::from_hours(7 * 24);
                let metadata = json!({ "about": about, "effective_at": effective.to_string() });
                self.tell(state::POLICY_APPROVED, by, metadata, None);
            }
            Step::Hold(by, person, n) => {
                let query = match person {
                    true => format!("subject:{}", PERSONS[n]),
                    false => format!("type:{}", TYPES[n]),
                };
                let metadata = json!({ "matter": "M", "query": query });
                self.tell(state::HOLD_PLACED, by, metadata, None);
            }
            Step::AskRelease(by) => self.about_hold(&lifecycle, state::HOLD_RELEASE_ASKED, by),
            Step::Release(by) => self.about_hold(&lifecycle, state::HOLD_RELEASED, by),
            Step::Request(by, person) => {
                self.tell(state::ERASURE_REQUESTED, by, json!({}), Some(PERSONS[person]));
            }
            Step::Agree(by) => self.agree(by),
            Step::Days(days) => (0..days).for_each(|_| self.day()),
            Step::SetClock(days) => {
                self.wall_off = SignedDuration::from_hours(24 * i64::from(days))
            }
            Step::Restart(hours) => {
                let away = SignedDuration::from_hours(hours.into());
                // More would be for an operator who confirms the clock.
                if self.down + away <= SignedDuration::from_hours(20 * 24) {
                    self.down += away;
                    self.truth += away;
                    self.trusted = self.trusted.advanced(SignedDuration::ZERO);
                }
            }
        }
    }

    fn propose(&mut self, lifecycle: &TenantLifecycle, by: usize, t: usize, span: usize) {
        let now = self.now().policy;
        let policy = super::rules(json!([{ "type": TYPES[t], "keep": SPANS[span] }]));
        let in_force = lifecycle.proposals().policy(now);
        let shortens = in_force.is_shortened_by(&policy, &RetentionPolicy::default(), []);
        let metadata = match shortens {
            true => json!({ "rules": policy, "shortens": true }),
            false => {
                json!({ "rules": policy, "shortens": false, "effective_at": now.to_string() })
            }
        };
        self.tell(state::POLICY_PROPOSED, by, metadata, None);
    }

    fn about_hold(&mut self, lifecycle: &TenantLifecycle, event_type: &str, by: usize) {
        let Some(hold) = lifecycle.holds().find(|hold| hold.is_in_force()) else { return };
        let metadata = json!({ "about": hold.event.to_string() });
        self.tell(event_type, by, metadata, None);
    }

    /// A second person agrees to an erasure, which is done at once when nothing stands in the way.
    fn agree(&mut self, by: usize) {
        let lifecycle = self.lifecycle();
        let Some(erasure) = lifecycle.erasures().find(|one| one.is_open()) else { return };
        let (request, person) = (erasure.event, erasure.person.clone().unwrap());
        let asked_by = erasure.requested.by.clone();
        self.tell(state::ERASURE_APPROVED, by, json!({ "about": request.to_string() }), None);
        let lifecycle = self.lifecycle();
        let events: Vec<&Recorded> = self.there().filter(|one| about(one, &person)).collect();
        let covered = |hold: &Hold| {
            let holds = Holds::of([hold], &context());
            Ok::<_, ()>(events.iter().any(|event| holds.covering(event).is_some()))
        };
        let is_covered =
            lifecycle.holds().filter(|hold| hold.is_in_force()).any(|hold| covered(hold).unwrap());
        let cleared = lifecycle
            .no_hold(&person, covered)
            .unwrap()
            .and_then(|no_hold| lifecycle.clear_erasure(&tenant(), request, &no_hold));
        let approved = lifecycle.erasure(request).unwrap().status() == ErasureStatus::Approved;
        assert_eq!(cleared.is_ok(), approved && !is_covered, "{cleared:?}");
        assert!(
            !approved
                || asked_by != lifecycle.erasure(request).unwrap().approved.as_ref().unwrap().by
        );
        if let Ok(clearance) = cleared {
            assert_eq!(clearance.person(), person);
            self.erased.insert(person);
            let metadata = json!({ "about": request.to_string(), "person": "p", "key_check": "c" });
            self.tell(state::ERASURE_COMPLETED, by, metadata, None);
            assert_eq!(self.lifecycle().erasure(request).unwrap().person, None);
        }
    }

    fn there(&self) -> impl Iterator<Item = &Recorded> {
        self.events.iter().filter(|event| !self.removed.contains(&event.position))
    }

    /// The time as the service trusts it.
    fn now(&self) -> RetentionNow {
        self.trusted.now(self.wall())
    }

    fn wall(&self) -> Timestamp {
        self.truth.checked_add(self.wall_off).unwrap()
    }

    /// A day passes, and the job runs.
    fn day(&mut self) {
        let day = SignedDuration::from_hours(24);
        self.truth += day;
        self.trusted = self.trusted.advanced(day);
        let RetentionNow { expiry, policy } = self.now();
        assert!(expiry <= policy && policy <= self.truth, "what is trusted is never ahead");
        let lifecycle = self.lifecycle();
        let installation = RetentionPolicy::default();
        let judge = lifecycle.judge(&installation, self.now(), &context());
        let mut gone = Vec::new();
        for event in self.there() {
            let Event { event_type, received_at, .. } = &*event.event;
            let due = judge.due(event.position, event_type, "standard", received_at.timestamp);
            let cleared = due.and_then(|due| judge.clear(&due, Some(event)));
            let must_stay = self.must_stay(&lifecycle, event);
            if let Ok(removable) = cleared {
                assert_eq!(must_stay, None, "{event_type} of {}", received_at.timestamp);
                assert_eq!(removable.position(), event.position);
                gone.push(event.position);
            }
        }
        self.removed.extend(gone);
        self.nothing_is_late(&lifecycle);
    }

    /// What speaks against an event's going, by the model: plain words about true time.
    fn must_stay(&self, lifecycle: &TenantLifecycle, event: &Recorded) -> Option<&'static str> {
        let held = lifecycle.holds().filter(|hold| hold.is_in_force()).any(|hold| {
            let (field, value) = hold.query.split_once(':').unwrap();
            match field {
                "subject" => about(event, value),
                _ => event.event.event_type == value,
            }
        });
        if held {
            return Some("a hold covers it");
        }
        let span = self.span_in_force(lifecycle, &event.event.event_type);
        let received = event.event.received_at.timestamp.to_zoned(TimeZone::UTC);
        let end = match span {
            "forever" => return Some("it is kept for ever"),
            "P20D" => received.checked_add(20.days()),
            "P2M" => received.checked_add(2.months()),
            "P1Y" => received.checked_add(1.year()),
            _ => received.checked_add(7.years()),
        };
        // The model may be a day too early at the end of months, but never too late.
        (end.unwrap().timestamp() > self.truth).then_some("its time is not over")
    }

    fn span_in_force(&self, lifecycle: &TenantLifecycle, event_type: &str) -> &'static str {
        // By what was measured, whatever the wall clock tells: it is behind by the hours away, and no more.
        let in_force = lifecycle.proposals().in_force(self.trusted.now(Timestamp::MAX).policy);
        let rule = in_force.and_then(|one| one.policy.rules().first().cloned());
        let rule = rule.filter(|rule| rule.types.as_deref() == Some(event_type));
        let keep: Option<String> = rule.map(|rule| rule.keep.into());
        SPANS.into_iter().find(|span| keep.as_deref() == Some(span)).unwrap_or("P7Y")
    }

    fn nothing_is_late(&mut self, lifecycle: &TenantLifecycle) {
        // With a clock that is behind nobody can know that the time has come.
        let clock_is_right = self.wall_off >= SignedDuration::ZERO;
        for event in self.events.iter().filter(|event| !self.removed.contains(&event.position)) {
            if self.must_stay(lifecycle, event).is_some() || !clock_is_right {
                self.overdue.remove(&event.position);
                continue;
            }
            let since = *self.overdue.entry(event.position).or_insert(self.truth);
            let late = self.truth.duration_since(since);
            assert!(late <= LATE_MAX, "{} is {late:?} late", event.event.event_type);
        }
    }
}

fn about(event: &Recorded, person: &str) -> bool {
    event.event.subject.as_ref().is_some_and(|subject| subject.id == person)
}

fn context() -> QueryContext<'static> {
    QueryContext {
        limits: &shipped_limits().query,
        now: super::at("2024-01-31T12:00:00Z"),
        catalogue: catalogue(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10_000, ..ProptestConfig::default() })]

    #[test]
    fn nothing_held_or_early_goes_and_nothing_whose_time_is_over_stays(steps in steps()) {
        let mut world = World::new();
        for step in &steps {
            world.take(step);
        }
    }
}

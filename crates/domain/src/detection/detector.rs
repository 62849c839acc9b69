//! The detector: rules, and what they remember.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::finding::{Finding, Hit};
use super::hashing::{self, Hasher};
use super::kinds::{Ended, Seen, State};
use super::parts::{self, Part};
use super::routes::Routes;
use super::rule::{DetectionRule, Kind};
use super::{FINDINGS_AN_HOUR_MAX, moment};
use crate::event::Event;
use crate::filter::EventView;
use crate::identifiers::TenantId;

const HOUR_MS: i64 = 3_600_000;
/// Tenants of which it is counted how much a rule told.
const TENANTS_MAX: usize = 4_096;

/// Finds what looks suspicious. The same events in the same order give the same findings.
#[derive(Debug)]
pub struct Detector {
    rules: Vec<DetectionRule>,
    memories: Vec<Memory>,
    routes: Routes,
    /// Places of the rules whose time goes on with every event of a tenant.
    ticking: Vec<usize>,
}

/// What one rule remembers.
#[derive(Debug, Serialize, Deserialize)]
struct Memory {
    /// Of the rule that it belongs to: another rule of the same id begins anew.
    fingerprint: u64,
    state: State,
    /// The newest hour of each tenant in which it told something, and how often.
    told: BTreeMap<u64, (i64, u32)>,
    /// Whether it changed since it was saved.
    #[serde(skip)]
    is_fresh: bool,
}

/// What one rule remembers, in a form to be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedRule {
    /// Id of the rule.
    pub rule: String,
    /// JSON.
    pub state: Vec<u8>,
}

/// A saved state cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("the saved state of the detection rule `{rule}` cannot be read")]
pub struct InvalidState {
    /// Which rule.
    pub rule: String,
    /// Why.
    #[source]
    pub source: serde_json::Error,
}

impl Detector {
    /// A detector that has seen nothing.
    pub fn new(rules: Vec<DetectionRule>) -> Self {
        let memories = rules.iter().map(Memory::of).collect();
        let is_ticking = |place: &usize| matches!(rules[*place].kind, Kind::Vanished { .. });
        let ticking = (0..rules.len()).filter(is_ticking).collect();
        Self { memories, routes: Routes::default(), ticking, rules }
    }

    /// A detector that goes on where another one was when it was saved. Rules that were not there, or
    /// have changed since, begin anew.
    pub fn restored(rules: Vec<DetectionRule>, saved: &[SavedRule]) -> Result<Self, InvalidState> {
        let mut detector = Self::new(rules);
        for SavedRule { rule, state } in saved {
            let Some(place) = detector.rules.iter().position(|held| held.id == *rule) else {
                continue;
            };
            let memory: Memory = serde_json::from_slice(state)
                .map_err(|source| InvalidState { rule: rule.clone(), source })?;
            if memory.fingerprint == detector.memories[place].fingerprint {
                detector.memories[place] = memory;
            }
        }
        Ok(detector)
    }

    /// What changed since it was saved last, to be kept together with the position in the log.
    pub fn save(&mut self) -> Result<Vec<SavedRule>, InvalidState> {
        let mut saved = Vec::new();
        for (rule, memory) in self.rules.iter().zip(&self.memories) {
            if memory.is_fresh {
                let state = serde_json::to_vec(memory)
                    .map_err(|source| InvalidState { rule: rule.id.clone(), source })?;
                saved.push(SavedRule { rule: rule.id.clone(), state });
            }
        }
        self.memories.iter_mut().for_each(|memory| memory.is_fresh = false);
        Ok(saved)
    }

    /// The rules.
    pub fn rules(&self) -> &[DetectionRule] {
        &self.rules
    }

    /// Cells in use by each rule, in their order; none has more than [`super::CELLS_MAX`] and those of
    /// one key.
    pub fn cells(&self) -> Vec<usize> {
        self.memories.iter().map(|memory| memory.state.cells()).collect()
    }

    /// Event types whose rules are remembered.
    pub fn types(&self) -> usize {
        self.routes.len()
    }

    /// Takes in the next event of the log; tells what it makes suspicious.
    pub fn take(&mut self, event: &Event) -> Vec<Finding> {
        let mut findings = Vec::new();
        let Self { rules, memories, routes, ticking } = self;
        let candidates = routes.of(&event.event_type, rules);
        if candidates.is_empty() && ticking.is_empty() {
            return findings;
        }
        let at = moment(event);
        let tenant = hashing::of_text(event.tenant.as_str());
        let view = EventView::of(event);
        for candidate in candidates {
            let rule = &rules[candidate.rule];
            if !candidate.test.holds(event, &view) {
                continue;
            }
            let Some(key) = key(rule, tenant, event) else { continue };
            let memory = &mut memories[candidate.rule];
            memory.is_fresh = true;
            let seen = Seen { event, at, tenant, key, then: candidate.then };
            if let Some(hit) = memory.state.take(rule, seen)
                && memory.may_tell(tenant, hit.at)
            {
                findings.push(found(rule, event, key, hit));
            }
        }
        for &place in ticking.iter() {
            let memory = &mut memories[place];
            for ended in memory.state.tick(&rules[place], tenant, at) {
                memory.is_fresh = true;
                if memory.may_tell(tenant, ended.hit.at) {
                    findings.push(silent(&rules[place], &event.tenant, ended));
                }
            }
        }
        findings
    }
}

impl Memory {
    fn of(rule: &DetectionRule) -> Self {
        let DetectionRule { filter, key, cooldown, kind, .. } = rule;
        let written = format!("{filter:?} {key:?} {cooldown:?} {kind:?}");
        Self {
            fingerprint: hashing::of_text(&written),
            state: State::of(kind),
            told: BTreeMap::new(),
            is_fresh: true,
        }
    }

    /// Whether the rule has something left to say in this hour. One attack on many is not a thousand
    /// findings.
    fn may_tell(&mut self, tenant: u64, at: i64) -> bool {
        let hour = at.div_euclid(HOUR_MS);
        if self.told.len() >= TENANTS_MAX && !self.told.contains_key(&tenant) {
            self.told.pop_first();
        }
        let (newest, count) = self.told.entry(tenant).or_insert((hour, 0));
        if hour > *newest {
            (*newest, *count) = (hour, 0);
        }
        *count = count.saturating_add(1);
        *count <= FINDINGS_AN_HOUR_MAX
    }
}

/// What the rule counts by, as a number; nothing when the event lacks a part of it.
fn key(rule: &DetectionRule, tenant: u64, event: &Event) -> Option<u64> {
    let hasher = Hasher::new().number(tenant);
    Some(rule.key.iter().try_fold(hasher, |hasher, part| part.add(event, hasher))?.end())
}

fn found(rule: &DetectionRule, event: &Event, hash: u64, hit: Hit) -> Finding {
    let mut told = rule.key.clone();
    if let Kind::FirstSeen { of, .. } = &rule.kind {
        told.extend(of);
    }
    let named = |part: Part| Some((part.as_str().to_owned(), part.told(event)?));
    let key = told.into_iter().filter_map(named).collect();
    Finding::of(rule, (&event.tenant, hash), key, concerned(rule, event), hit)
}

fn silent(rule: &DetectionRule, tenant: &TenantId, ended: Ended) -> Finding {
    let Ended { hash, key, hit } = ended;
    Finding::of(rule, (tenant, hash), key, None, hit)
}

/// Whom a finding is about: who acted, where it is counted by that, or else whose account it is, where
/// it is counted by that. Of a burst over many accounts no one alone is.
fn concerned(rule: &DetectionRule, event: &Event) -> Option<String> {
    let is_key = |part| rule.key.contains(&part);
    let actor = || event.actor.id.as_deref().filter(|_| event.actor.is_person());
    let person = match () {
        () if is_key(Part::Actor) => actor(),
        () if is_key(Part::Subject) => parts::person(event),
        () => None,
    };
    person.map(str::to_owned)
}

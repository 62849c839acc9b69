//! What a rule found, and the event that tells of it.

use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use super::rule::DetectionRule;
use crate::catalogue::Catalogue;
use crate::event::{Event, JsonObject, Outcome, OutcomeStatus, Severity, Subject};
use crate::identifiers::{EventId, TenantId};
use crate::time::DateTime;

/// Type of the event that tells of a finding.
const RAISED: &str = "annals.detection.raised";
/// The ids of findings are made under this name, in every version.
const NAMESPACE: Uuid = Uuid::from_u128(0x9c1e_55f2_6d0b_4f2a_a3d7_0e6b_51c8_2f41);
/// A value of a key is told up to so many characters.
const VALUE_CHARS_MAX: usize = 200;

/// Something that looks suspicious.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Follows from the rule, what it watched and the first event, so that it is the same whenever the
    /// same events come again.
    pub id: EventId,
    /// Which rule.
    pub rule: String,
    /// What it is, for people.
    pub title: String,
    /// Why it deserves a look.
    pub why: String,
    /// How much attention it deserves.
    pub severity: Severity,
    /// Whose log.
    pub tenant: TenantId,
    /// When the first of its events happened.
    pub since: Timestamp,
    /// When the last of its events happened.
    pub at: Timestamp,
    /// What was watched: names and values.
    pub key: Vec<(String, String)>,
    /// The person concerned.
    pub person: Option<String>,
    /// The events that made it, the first ones and the last.
    pub events: Vec<EventId>,
    /// How many there were.
    pub count: u64,
}

/// What of a finding a kind of rule tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Hit {
    /// Milliseconds since 1970.
    pub(super) since: i64,
    pub(super) at: i64,
    /// Never empty.
    pub(super) events: Vec<Uuid>,
    pub(super) count: u64,
}

impl Finding {
    /// Makes the finding of a hit on `key`, whose hash is `hash`.
    pub(super) fn of(
        rule: &DetectionRule,
        (tenant, hash): (&TenantId, u64),
        key: Vec<(String, String)>,
        person: Option<String>,
        hit: Hit,
    ) -> Self {
        let first = hit.events.first().copied().unwrap_or_default();
        let name = format!("{}/{tenant}/{hash:016x}/{first}", rule.id);
        let time = |ms| Timestamp::from_millisecond(ms).unwrap_or(Timestamp::UNIX_EPOCH);
        let shortened = |text: String| match text.char_indices().nth(VALUE_CHARS_MAX) {
            Some((end, _)) => format!("{}…", &text[..end]),
            None => text,
        };
        Self {
            id: EventId(Uuid::new_v5(&NAMESPACE, name.as_bytes())),
            rule: rule.id.clone(),
            title: rule.title.clone(),
            why: rule.why.clone(),
            severity: rule.severity,
            tenant: tenant.clone(),
            since: time(hit.since),
            at: time(hit.at),
            key: key.into_iter().map(|(name, value)| (name, shortened(value))).collect(),
            person,
            events: hit.events.into_iter().map(EventId).collect(),
            count: hit.count,
        }
    }

    /// The event that tells of it. All but `now` follows from the finding.
    pub fn event(&self, catalogue: &Catalogue, now: DateTime) -> Event {
        let events = self.events.iter().map(|id| Value::from(id.to_string())).collect::<Vec<_>>();
        let key: JsonObject =
            self.key.iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect();
        let metadata = json!({
            "rule": self.rule,
            "title": self.title,
            "why": self.why,
            "severity": self.severity,
            "since": self.since.to_string(),
            "count": self.count,
            "events": events,
            "key": key,
        });
        let metadata = match metadata {
            Value::Object(metadata) => metadata,
            _ => JsonObject::new(),
        };
        let subject = |id: &String| Subject {
            id: id.clone(),
            name: None,
            alt_ids: std::collections::BTreeMap::new(),
        };
        Event {
            occurred_at: DateTime::utc(self.at),
            severity: self.severity,
            outcome: Outcome { status: OutcomeStatus::Unknown, code: None, reason: None },
            subject: self.person.as_ref().map(subject),
            metadata,
            ..Event::of_annals(catalogue, RAISED, self.tenant.clone(), self.id, now)
        }
    }
}

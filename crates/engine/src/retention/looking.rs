//! Looking for what is due: headers first, and only what is due and might be held is opened.

use std::collections::BTreeMap;
use std::time::Duration;

use annals_domain::lifecycle::{
    Due as TimeIsOver, Judge, Kept, Removable, RetentionNow, TenantPolicy,
};
use annals_domain::query::QueryContext;
use annals_domain::retention::is_always_kept;
use annals_domain::{Position, Recorded, Revision, StreamName, TenantId};
use annals_ports::{Direction, LogEntry, LogError, Removal};
use jiff::Timestamp;

use super::beginnings::{Beginnings, Gate};
use super::{Due, EVENTS_MAX, Retention, RetentionError, STEP};
use crate::reading::{entries_after, open_whole};

/// How fast the log is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pacing {
    /// As fast as it goes: somebody waits.
    AtOnce,
    /// About so many records a second.
    PerSecond(u64),
}

impl Pacing {
    /// Waits until it is time for more.
    async fn keep(self, read: usize) {
        if let Self::PerSecond(records) = self {
            let pause = read as f64 / records.max(1) as f64;
            tokio::time::sleep(Duration::from_secs_f64(pause)).await;
        }
    }
}

/// Judges of the tenants that were met so far.
struct Judges<'a> {
    parts: &'a Retention,
    now: RetentionNow,
    of: BTreeMap<TenantId, Judge<'a>>,
    /// Of all tenants that have rules of their own.
    policies: Vec<TenantPolicy>,
}

impl<'a> Judges<'a> {
    fn new(parts: &'a Retention, now: RetentionNow) -> Result<Self, RetentionError> {
        if !parts.access.is_current() {
            // A hold may be among what is not known yet.
            return Err(RetentionError::NotCurrent);
        }
        let state = parts.access.now();
        let policies = state.tenants().filter_map(|tenant| {
            Some(state.tenant(tenant)?.lifecycle().proposals().policy(now.policy))
        });
        let policies = policies.filter(|policy| !policy.rules().is_empty()).collect();
        Ok(Self { parts, now, of: BTreeMap::new(), policies })
    }

    /// Whether an event received then, or later, could be due: of one tenant, or of any.
    fn any_due(&mut self, tenant: Option<&TenantId>, received_at: Timestamp) -> bool {
        if let Some(tenant) = tenant {
            return self.of(tenant).any_due(received_at);
        }
        let (installation, now) = (&self.parts.rules.installation, self.now.expiry);
        installation.any_due(received_at, now)
            || self.policies.iter().any(|policy| policy.any_due(installation, received_at, now))
    }

    fn of(&mut self, tenant: &TenantId) -> &Judge<'a> {
        if !self.of.contains_key(tenant) {
            self.of.insert(tenant.clone(), judge(self.parts, tenant, self.now));
        }
        &self.of[tenant]
    }
}

/// Judges the events of a tenant, by what is known of it here.
pub(super) fn judge<'a>(parts: &'a Retention, tenant: &TenantId, now: RetentionNow) -> Judge<'a> {
    let rules = &*parts.rules;
    let (limits, catalogue) = (&rules.limits, &*rules.catalogue);
    let context = QueryContext { limits, now: now.expiry, catalogue };
    let state = parts.access.now();
    let lifecycle = state.tenant(tenant).map(|tenant| tenant.lifecycle());
    let lifecycle = lifecycle.cloned().unwrap_or_default();
    lifecycle.judge(&rules.installation, now, &context)
}

/// One whose time is over.
struct Candidate {
    entry: LogEntry,
    over: TimeIsOver,
    class: String,
    received_at: Timestamp,
}

/// What is due of one tenant, or of all.
pub(super) async fn look(
    parts: &Retention,
    tenant: Option<&TenantId>,
    now: RetentionNow,
    pacing: Pacing,
) -> Result<BTreeMap<TenantId, Due>, RetentionError> {
    let mut judges = Judges::new(parts, now)?;
    let until = parts.settled();
    let mut found = BTreeMap::<TenantId, Due>::new();
    let mut gate = Gate::of(parts.log.removal());
    let mut position = Position::START;
    loop {
        let stretch = entries_after(&*parts.log, position, STEP).await?;
        let is_last = stretch.end == position || stretch.end >= until;
        position = stretch.end;
        let read = stretch.entries.len();
        let entries = stretch.entries.into_iter().filter(|entry| entry.position <= until);
        let wanted = entries.filter(|entry| tenant.is_none_or(|one| entry.record.tenant == *one));
        let (candidates, oldest) = candidates(&mut judges, wanted, &mut gate);
        // What follows was received later, by whatever tenant: another one may keep for a shorter time than
        // those that were met here.
        let any_left = oldest.is_none_or(|oldest| judges.any_due(tenant, oldest));
        clear(parts, &mut judges, candidates, &mut gate, &mut found).await?;
        gate.end_stretch();
        let is_enough = tenant.is_some_and(|one| found.get(one).is_some_and(|due| due.more));
        if is_last || is_enough || (!any_left && read > 0) || parts.stopping.is_cancelled() {
            return Ok(found);
        }
        pacing.keep(read).await;
    }
}

/// Those whose time is over, and when the oldest of all was received. The header tells all that is needed; a
/// record whose header cannot be read is kept.
fn candidates(
    judges: &mut Judges<'_>,
    entries: impl Iterator<Item = LogEntry>,
    gate: &mut Gate,
) -> (Vec<Candidate>, Option<Timestamp>) {
    let (mut candidates, mut oldest) = (Vec::new(), None::<Timestamp>);
    for entry in entries {
        let judge = judges.of(&entry.record.tenant);
        let Ok(header) = entry.record.header() else {
            gate.note_kept(&entry);
            continue;
        };
        let received_at = header.recorded_at;
        oldest = Some(oldest.map_or(received_at, |oldest| oldest.min(received_at)));
        // Shards append a moment later than they receive. What lies behind and is older is due next time.
        if !judge.any_due(received_at) {
            gate.note_kept(&entry);
            continue;
        }
        let class = header.retention.clone().into_owned();
        let due = judge.due(entry.position, &header.event_type, &class, received_at);
        drop(header);
        match due {
            Ok(over) => candidates.push(Candidate { entry, over, class, received_at }),
            Err(_) => gate.note_kept(&entry),
        }
    }
    (candidates, oldest)
}

/// Sorts out what is held, and what the log cannot remove yet.
async fn clear(
    parts: &Retention,
    judges: &mut Judges<'_>,
    candidates: Vec<Candidate>,
    gate: &mut Gate,
    found: &mut BTreeMap<TenantId, Due>,
) -> Result<(), RetentionError> {
    let might_be_held =
        |judges: &mut Judges<'_>, one: &Candidate| judges.of(&one.entry.record.tenant).holds_any();
    let mut to_open = Vec::new();
    for one in &candidates {
        if might_be_held(judges, one) {
            to_open.push(one.entry.clone());
        }
    }
    let opened = open_by_position(parts, to_open).await?;
    let mut ends = BTreeMap::new();
    for Candidate { entry, over, class, received_at } in candidates {
        let LogEntry { position, record, .. } = entry;
        let lets_go = gate.may_go(position, &record.stream)
            && !(gate.asks_for_streams()
                && is_last(parts, &mut ends, position, &record.stream).await?);
        let due = found.entry(record.tenant.clone()).or_default();
        match judges.of(&record.tenant).clear(&over, opened.get(&position)) {
            Err(kept) => {
                due.held += u64::from(matches!(kept, Kept::Held(_)));
                gate.keep(&record.stream);
            }
            Ok(_) if !lets_go => due.waiting += 1,
            Ok(_) if due.events.len() == EVENTS_MAX => due.more = true,
            Ok(event) => due.add(event, &class, received_at),
        }
    }
    Ok(())
}

/// Whether nothing follows in the stream. What follows later is seen with the next look.
async fn is_last(
    parts: &Retention,
    ends: &mut BTreeMap<StreamName, Position>,
    position: Position,
    stream: &StreamName,
) -> Result<bool, LogError> {
    if let Some(end) = ends.get(stream) {
        return Ok(*end == position);
    }
    let (from, backwards) = (Revision(u64::MAX), Direction::Backwards);
    let last = parts.log.read_stream(stream, from, backwards, 1).await?;
    let end = last.first().map_or(position, |last| last.position);
    ends.insert(stream.clone(), end);
    Ok(end == position)
}

/// What would go under another policy.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Simulated {
    /// How many events would be due.
    pub due: u64,
    /// How many of them a hold covers.
    pub held: u64,
    /// How many of each type.
    pub by_type: BTreeMap<String, u64>,
    /// When the oldest of them was received.
    pub oldest: Option<Timestamp>,
    /// When the newest of them was received.
    pub newest: Option<Timestamp>,
}

/// Looks through the whole log for what would be due of a tenant.
pub(super) async fn simulate(
    parts: &Retention,
    tenant: &TenantId,
    policy: &TenantPolicy,
    now: RetentionNow,
    pacing: Pacing,
) -> Result<Simulated, RetentionError> {
    let mut judges = Judges::new(parts, now)?;
    let mut simulated = Simulated::default();
    let (until, mut position) = (parts.settled(), Position::START);
    loop {
        let stretch = entries_after(&*parts.log, position, STEP).await?;
        let is_last = stretch.end == position || stretch.end >= until;
        position = stretch.end;
        let read = stretch.entries.len();
        let theirs = stretch.entries.into_iter().filter(|entry| entry.record.tenant == *tenant);
        let due: Vec<LogEntry> =
            theirs.filter(|entry| simulated.note(parts, policy, entry, now.expiry)).collect();
        if judges.of(tenant).holds_any() {
            let opened = open_by_position(parts, due.clone()).await?;
            let judge = judges.of(tenant);
            // What cannot be opened may be held.
            let is_held = |entry: &&LogEntry| {
                opened.get(&entry.position).is_none_or(|event| judge.hold_on(event).is_some())
            };
            simulated.held += due.iter().filter(is_held).count() as u64;
        }
        if is_last || parts.stopping.is_cancelled() {
            return Ok(simulated);
        }
        pacing.keep(read).await;
    }
}

impl Simulated {
    /// Counts an entry when it would be due.
    fn note(
        &mut self,
        parts: &Retention,
        policy: &TenantPolicy,
        entry: &LogEntry,
        now: Timestamp,
    ) -> bool {
        let Ok(header) = entry.record.header() else { return false };
        let received_at = header.recorded_at;
        let keep = policy.keep(&parts.rules.installation, &header.event_type, &header.retention);
        let is_due = !is_always_kept(&header.event_type)
            && keep.end(received_at).is_some_and(|end| end <= now);
        if is_due {
            self.due += 1;
            *self.by_type.entry(header.event_type.clone().into_owned()).or_default() += 1;
            self.oldest = Some(self.oldest.map_or(received_at, |oldest| oldest.min(received_at)));
            self.newest = self.newest.max(Some(received_at));
        }
        is_due
    }
}

pub(super) async fn open_by_position(
    parts: &Retention,
    entries: Vec<LogEntry>,
) -> Result<BTreeMap<Position, Recorded>, RetentionError> {
    if entries.is_empty() {
        return Ok(BTreeMap::new());
    }
    let opened = open_whole(&parts.opener, entries).await?;
    Ok(opened.into_iter().map(|event| (event.position, event)).collect())
}

/// An event that goes, and what is told of it.
pub(super) struct Going {
    pub(super) event: Removable,
    pub(super) class: String,
    pub(super) received_at: Timestamp,
}

/// Of what may go, what still may: holds may have been placed since it was looked for, and policies may have
/// come into force.
pub(super) async fn still_removable(
    parts: &Retention,
    tenant: &TenantId,
    events: &[Removable],
    now: RetentionNow,
) -> Result<Vec<Going>, RetentionError> {
    let mut judges = Judges::new(parts, now)?;
    let positions: Vec<Position> = events.iter().map(|event| event.position()).collect();
    let entries = parts.log.read_at(&positions).await?;
    let entries = entries.into_iter().flatten().filter(|entry| entry.record.tenant == *tenant);
    let mut gate = Gate::of(Removal::Each);
    let (candidates, _) = candidates(&mut judges, entries, &mut gate);
    let about = |one: &Candidate| (one.entry.position, (one.class.clone(), one.received_at));
    let mut about: BTreeMap<Position, _> = candidates.iter().map(about).collect();
    let mut found = BTreeMap::new();
    clear(parts, &mut judges, candidates, &mut gate, &mut found).await?;
    let left = found.remove(tenant).unwrap_or_default().events;
    let going = left.into_iter().filter_map(|event| {
        let (class, received_at) = about.remove(&event.position())?;
        Some(Going { event, class, received_at })
    });
    Ok(going.collect())
}

/// Of what still may go, what a log can remove that removes beginnings of streams: `all` are in the order of the
/// log, and what of them is not `left` stays.
pub(super) async fn beginnings(
    parts: &Retention,
    beginnings: &mut Beginnings,
    all: &[Removable],
    left: Vec<Going>,
) -> Result<Vec<Going>, RetentionError> {
    if left.len() == all.len() && beginnings.is_empty() {
        return Ok(left);
    }
    let mut left: BTreeMap<Removable, Going> =
        left.into_iter().map(|going| (going.event, going)).collect();
    let positions: Vec<Position> = all.iter().map(|event| event.position()).collect();
    let entries = parts.log.read_at(&positions).await?;
    let mut going = Vec::with_capacity(left.len());
    for (event, entry) in all.iter().zip(entries) {
        let Some(entry) = entry else { continue };
        let stream = &entry.record.stream;
        match left.remove(event) {
            None => beginnings.keep(stream),
            Some(one) if beginnings.may_go(stream) => going.push(one),
            Some(_) => {}
        }
    }
    Ok(going)
}

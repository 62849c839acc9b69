//! What forbids that a person is erased: legal holds, and laws by which their events are to be kept.

use std::collections::BTreeMap;
use std::time::Duration;

use annals_domain::access::state::TenantLifecycle;
use annals_domain::filter::{Filter, Order, Scope};
use annals_domain::lifecycle::{
    ErasureRefused, Hold, NoHold, RetentionRule, TenantPolicy, concerning,
};
use annals_domain::query::{QueryContext, parse};
use annals_domain::retention::is_always_kept;
use annals_domain::{Position, Recorded, TenantId};
use annals_engine::{LastLook, PageRequest, ReadError, page_key};
use annals_ports::LogEntry;
use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};

use crate::context::ApiParts;
use crate::error::ApiError;
use crate::lifecycle::REASON_MAX;

/// Events that are looked at for one law. Where there are more, the law is taken to have them kept.
const LOOKED_AT_MAX: usize = 10_000;
/// Events of one law that are counted; beyond it "or more" is told.
const COUNTED_MAX: usize = 1000;
/// Events on a page of those that are looked at.
const PAGE: usize = 250;
/// So far apart the clocks of nodes may be: what was recorded before an event was received no later than this
/// after it.
const CLOCKS_APART: SignedDuration = SignedDuration::from_hours(24);
/// Persons that are looked for at once.
const ASKED_AT_ONCE: usize = 100;
/// How long is waited until searches see what was recorded last.
const SEARCH_PATIENCE: Duration = Duration::from_secs(10);

/// That no hold in force covers anything of a person.
pub(super) async fn no_hold(
    api: &ApiParts,
    tenant: &TenantId,
    lifecycle: &TenantLifecycle,
    person: &str,
) -> Result<Result<NoHold, ErasureRefused>, ApiError> {
    let mut covered = BTreeMap::new();
    for hold in lifecycle.holds().filter(|hold| hold.is_in_force()) {
        covered.insert(hold.event, covers(api, tenant, hold, concerning(person)).await?);
    }
    lifecycle.no_hold(person, |hold| Ok(covered.get(&hold.event).copied().unwrap_or(true)))
}

/// Whether a hold covers any event that concerns whom it is about.
async fn covers(
    api: &ApiParts,
    tenant: &TenantId,
    hold: &Hold,
    whom: Filter,
) -> Result<bool, ApiError> {
    let context =
        QueryContext { limits: &api.limits.query, now: api.clock.now(), catalogue: &api.catalogue };
    // What is not understood any more covers everything.
    let Ok(filter) = parse(&hold.query, &context) else { return Ok(true) };
    see_all(api).await?;
    let scope = Scope::tenant(tenant.clone());
    Ok(api.queries.count(&scope, filter.and(whom), 1).await?.value > 0)
}

/// Looks for holds once more just before keys are destroyed: for those that were placed since, and for what was
/// recorded since of the persons under the others.
pub(super) struct StillFree<'a>(pub(super) &'a ApiParts);

#[async_trait]
impl LastLook for StillFree<'_> {
    async fn may_go(
        &self,
        tenant: &TenantId,
        persons: &[String],
    ) -> Result<bool, Box<dyn std::error::Error + Send + Sync>> {
        let state = self.0.credentials.view().now();
        let Some(access) = state.tenant(tenant) else { return Ok(true) };
        for hold in access.lifecycle().holds().filter(|hold| hold.is_in_force()) {
            for some in persons.chunks(ASKED_AT_ONCE) {
                let any = Filter::Or(some.iter().map(|person| concerning(person)).collect());
                if covers(self.0, tenant, hold, any).await.map_err(|error| error.message)? {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }
}

/// Waits until searches see everything that is in the log.
async fn see_all(api: &ApiParts) -> Result<(), ApiError> {
    let head = api.log.head().await.map_err(ReadError::from)?;
    Ok(api.queries.wait_for(head, SEARCH_PATIENCE).await?)
}

/// Laws by which events of a person are to be kept still (GDPR article 17(3)(b)), each as a sentence.
pub(super) async fn obligations(
    api: &ApiParts,
    tenant: &TenantId,
    lifecycle: &TenantLifecycle,
    person: &str,
) -> Result<Vec<String>, ApiError> {
    let now = api.retention_now().await;
    let policy = lifecycle.proposals().policy(now.policy);
    let mut reasons = Vec::new();
    for (rule, law) in policy.obliging() {
        see_all(api).await?;
        let looking = Looking { api, tenant, person, policy: &policy, rule, now: now.expiry };
        let told = match looking.look().await? {
            Found::None => continue,
            Found::Kept(count) => format!("{count} events are to be kept by law ({law})"),
            Found::KeptOrMore(count) => {
                format!("{count} events or more are to be kept by law ({law})")
            }
            Found::Unknown => format!(
                "more than {LOOKED_AT_MAX} events may have to be kept by law ({law}), which are too many to \
                 look at; name the types it is about more closely in the policy"
            ),
        };
        reasons.push(told);
    }
    Ok(reasons)
}

/// Looks for events that one rule of a policy has kept.
struct Looking<'a> {
    api: &'a ApiParts,
    tenant: &'a TenantId,
    person: &'a str,
    policy: &'a TenantPolicy,
    rule: &'a RetentionRule,
    now: Timestamp,
}

/// What was found.
#[derive(Debug, PartialEq, Eq)]
enum Found {
    /// Nothing is kept.
    None,
    /// So many events, and no more.
    Kept(usize),
    /// So many events, and perhaps more.
    KeptOrMore(usize),
    /// Nobody knows: there are too many to look at.
    Unknown,
}

impl Looking<'_> {
    async fn look(&self) -> Result<Found, ApiError> {
        let filter = concerning(self.person).and(self.rule.possible());
        let (mut after, mut looked_at, mut kept) = (None, 0, 0);
        loop {
            let (scope, filter) = (Scope::tenant(self.tenant.clone()), filter.clone());
            let order = Order::RecordedNewest;
            let request = PageRequest { scope, filter, order, after, limit: PAGE };
            let page = self.api.queries.page(request).await?;
            let classes = self.classes_of(&page.events).await?;
            for (event, class) in page.events.iter().zip(classes) {
                let (event, class) = (&event.event, class.as_deref());
                match self.stands(&event.event_type, class, event.received_at.timestamp) {
                    Stands::Kept => kept += 1,
                    Stands::Not => {}
                    // So are all that were recorded before.
                    Stands::LongOver => return Ok(Found::of(kept)),
                }
            }
            looked_at += page.events.len();
            after = page.events.last().map(page_key).filter(|_| page.more);
            match (after, kept) {
                (None, _) => return Ok(Found::of(kept)),
                (Some(_), COUNTED_MAX..) => return Ok(Found::KeptOrMore(kept)),
                (Some(_), 0) if looked_at >= LOOKED_AT_MAX => return Ok(Found::Unknown),
                (Some(_), _) if looked_at >= LOOKED_AT_MAX => return Ok(Found::KeptOrMore(kept)),
                (Some(_), _) => {}
            }
        }
    }

    /// The classes of events as they were said when they were recorded, whatever the catalogue says of their types
    /// since, in the same order; none: it was removed meanwhile, and nothing keeps it.
    async fn classes_of(&self, events: &[Recorded]) -> Result<Vec<Option<String>>, ApiError> {
        let positions: Vec<Position> = events.iter().map(|event| event.position).collect();
        let entries = self.api.log.read_at(&positions).await.map_err(ReadError::from)?;
        let class = |entry: LogEntry| {
            let header = entry.record.header();
            let header = header.map_err(|source| ReadError::Damaged {
                position: entry.position,
                source: source.into(),
            })?;
            Ok(header.retention.into_owned())
        };
        let classes = entries.into_iter().map(|entry| entry.map(class).transpose());
        Ok(classes.collect::<Result<_, ReadError>>()?)
    }

    fn stands(&self, event_type: &str, class: Option<&str>, received_at: Timestamp) -> Stands {
        let Some(class) = class else { return Stands::Not };
        // What Annals keeps by itself, such as the request to erase them, no law has it keep.
        let is_kept_anyway = is_always_kept(event_type);
        if is_kept_anyway || self.policy.obligation(event_type, class) != Some(self.rule) {
            return Stands::Not;
        }
        match self.rule.keep.end(received_at) {
            Some(end) if end.saturating_add(CLOCKS_APART).is_ok_and(|end| end <= self.now) => {
                Stands::LongOver
            }
            Some(end) if end <= self.now => Stands::Not,
            _ => Stands::Kept,
        }
    }
}

/// How an event stands to a rule.
enum Stands {
    /// It is to be kept.
    Kept,
    /// It is not, by this rule.
    Not,
    /// Its time has been over for longer than clocks are apart.
    LongOver,
}

impl Found {
    fn of(kept: usize) -> Self {
        match kept {
            0 => Self::None,
            kept => Self::Kept(kept),
        }
    }
}

/// All reasons as one, no longer than a reason may be; what has no room is counted.
pub(super) fn joined(reasons: &[String]) -> String {
    let whole = reasons.join("; ");
    if whole.chars().count() <= REASON_MAX {
        return whole;
    }
    let mut told = String::new();
    for (index, reason) in reasons.iter().enumerate() {
        let rest = format!("; and {} more reasons", reasons.len() - index);
        let separator = if told.is_empty() { "" } else { "; " };
        let length = told.chars().count() + separator.len() + reason.chars().count();
        // The longest rest has to fit behind it.
        if length + rest.len() > REASON_MAX {
            return match told.is_empty() {
                true => reason.chars().take(REASON_MAX).collect(),
                false => told + &rest,
            };
        }
        told = told + separator + reason;
    }
    told
}

#[cfg(test)]
mod tests;

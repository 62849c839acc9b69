//! What the interface needs to speak of notifications: which channels leave this installation, how
//! messages read, and what links and codes are made of.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use annals_domain::TenantId;
use annals_domain::catalogue::Catalogue;
use annals_domain::event::Subject;
use annals_domain::notification::{Channel, Rule, TenantNotifications, shipped_rules};
use annals_ports::Wording;
use moka::sync::Cache;
use uuid::Uuid;

use crate::auth::Credential;
use crate::caller::Caller;
use crate::context::ApiParts;
use crate::error::{ApiError, Code};
use crate::links::LinkTokens;

/// Wrong codes for one address; after them it must be added anew. Counted by each node.
pub(crate) const TRIES_MAX: u32 = 5;
/// Addresses that one person may add in a day, whatever becomes of them. Counted by each node.
pub(crate) const ADDED_A_DAY_MAX: u32 = 20;
/// Addresses and people of whom is remembered what they tried.
const REMEMBERED_MAX: u64 = 100_000;
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// What the interface needs to speak of notifications.
pub struct NotifyingParts {
    /// Through which channels messages leave this installation.
    pub channels: BTreeSet<Channel>,
    /// Words messages for previews; none: they show title and sentence only.
    pub wording: Option<Arc<dyn Wording>>,
    /// Makes and reads what links and mail hold.
    pub links: LinkTokens,
    pub(crate) shipped: Vec<Rule>,
    pub(crate) wrong_codes: Counts<Uuid>,
    pub(crate) added: Counts<(TenantId, String)>,
}

impl NotifyingParts {
    /// With nothing counted yet.
    pub fn new(
        channels: BTreeSet<Channel>,
        wording: Option<Arc<dyn Wording>>,
        links: LinkTokens,
        catalogue: &Catalogue,
    ) -> Self {
        Self {
            channels,
            wording,
            links,
            shipped: shipped_rules(catalogue),
            wrong_codes: Counts::new(TRIES_MAX),
            added: Counts::new(ADDED_A_DAY_MAX),
        }
    }
}

/// Counts to a limit, each thing for a day.
pub(crate) struct Counts<K> {
    counted: Cache<K, u32>,
    max: u32,
}

impl<K: std::hash::Hash + Eq + Send + Sync + 'static> Counts<K> {
    fn new(max: u32) -> Self {
        let counted = Cache::builder().max_capacity(REMEMBERED_MAX).time_to_live(DAY).build();
        Self { counted, max }
    }

    /// Whether there is room for one more.
    pub(crate) fn has_room(&self, key: &K) -> bool {
        self.counted.get(key).unwrap_or_default() < self.max
    }

    /// One more.
    pub(crate) fn count(&self, key: K) {
        let counted = self.counted.get(&key).unwrap_or_default();
        self.counted.insert(key, counted.saturating_add(1));
    }
}

/// Looks at what a tenant said about telling people.
pub(crate) fn said<T>(
    api: &ApiParts,
    tenant: &TenantId,
    look: impl FnOnce(&TenantNotifications) -> T,
) -> Result<T, ApiError> {
    let state = api.access_state()?;
    let nothing = TenantNotifications::default();
    Ok(look(state.tenant(tenant).map_or(&nothing, |tenant| tenant.notifications())))
}

/// The caller as the person whose preferences and addresses these are. A key is no person.
pub(crate) fn person(caller: &Caller) -> Result<Subject, ApiError> {
    match caller.principal.credential {
        Credential::ApiKey { .. } => {
            let message =
                "an API key is no person: it has no addresses, and nobody tells it anything";
            Err(ApiError::forbidden(message))
        }
        _ => Ok(subject(&caller.principal.id)),
    }
}

pub(crate) fn subject(person: &str) -> Subject {
    Subject { id: person.to_owned(), name: None, alt_ids: BTreeMap::new() }
}

/// It is recorded, and this node does not know it yet.
pub(crate) fn not_yet(what: &str) -> ApiError {
    let message =
        format!("{what} is recorded and not in effect on this node yet; look again shortly");
    ApiError { retry_after: Some(1), ..ApiError::new(Code::Unavailable, message) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_lets_through_as_many_as_it_says_of_each() {
        let counts = Counts::new(2);
        for left in [true, true, false] {
            assert_eq!(counts.has_room(&"one"), left);
            counts.count("one");
        }
        assert!(counts.has_room(&"another"));
    }
}

//! What somebody wants to see of what they may see, ready for many events in memory.

use annals_domain::filter::{EventView, Filter, Matcher, Scope};
use annals_domain::{Event, TenantId};

/// A filter within a scope.
pub(crate) struct Wanted {
    tenant: TenantId,
    matcher: Matcher,
    /// Whether every event of the tenant is wanted.
    everything: bool,
    /// Scope and filter in one, for the index.
    pub(crate) filter: Filter,
}

impl Wanted {
    pub(crate) fn new(scope: &Scope, filter: Filter) -> Self {
        Self::of(scope.tenant.clone(), scope.filter().and(filter))
    }

    /// A filter that holds a scope already.
    pub(crate) fn of(tenant: TenantId, filter: Filter) -> Self {
        let everything = filter == Filter::equals("tenant", tenant.as_str());
        Self { tenant, matcher: Matcher::new(&filter), everything, filter }
    }

    /// Whose events.
    pub(crate) fn tenant(&self) -> &TenantId {
        &self.tenant
    }

    /// Whether the event is wanted.
    pub(crate) fn holds(&self, event: &Event) -> bool {
        // The filter asks for the tenant too, but has to lay the event out first.
        event.tenant == self.tenant
            && (self.everything || self.matcher.matches(&EventView::of(event)))
    }
}

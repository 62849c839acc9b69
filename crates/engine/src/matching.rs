//! What somebody wants to see of what they may see, ready for many events in memory.

use annals_domain::filter::{EventView, Filter, Matcher, Scope};
use annals_domain::{Event, TenantId};

/// A filter within a scope.
pub(crate) struct Wanted {
    tenant: TenantId,
    matcher: Matcher,
    /// Scope and filter in one, for the index.
    pub(crate) filter: Filter,
}

impl Wanted {
    pub(crate) fn new(scope: &Scope, filter: Filter) -> Self {
        let filter = scope.filter().and(filter);
        Self { tenant: scope.tenant.clone(), matcher: Matcher::new(&filter), filter }
    }

    /// Whether the event is wanted.
    pub(crate) fn holds(&self, event: &Event) -> bool {
        // The filter asks for the tenant too, but has to lay the event out first.
        event.tenant == self.tenant && self.matcher.matches(&EventView::of(event))
    }
}

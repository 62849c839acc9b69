//! What somebody wants to see of what they may see, ready for many events in memory.

use annals_domain::filter::{EventView, Filter, Glance, Matcher, Scope};
use annals_domain::{Event, TenantId};

/// A filter within a scope.
pub(crate) struct Wanted {
    tenant: TenantId,
    matcher: Matcher,
    /// What of the filter shows before an event is laid out.
    glance: Glance,
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
        let matcher = Matcher::new(&filter);
        Self { tenant, glance: matcher.glance(), matcher, everything, filter }
    }

    /// Whose events.
    pub(crate) fn tenant(&self) -> &TenantId {
        &self.tenant
    }

    /// Whether the event is wanted.
    pub(crate) fn holds(&self, event: &Event) -> bool {
        event.tenant == self.tenant
            && (self.everything || self.glance.may_hold(event))
            && self.holds_view(&EventView::of(event))
    }

    /// Whether the event is wanted, which others look at too.
    pub(crate) fn holds_view(&self, view: &EventView<'_>) -> bool {
        // The filter asks for the tenant too, but has to have the event laid out first.
        view.event().tenant == self.tenant && (self.everything || self.matcher.matches(view))
    }

    /// The filter, ready.
    pub(crate) fn matcher(&self) -> &Matcher {
        &self.matcher
    }

    /// Text that is equal for those who want the same, and for nobody else.
    pub(crate) fn written_out(&self) -> String {
        format!("{:?} {:?}", self.tenant, self.filter)
    }
}

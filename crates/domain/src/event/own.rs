//! Events that tell what Annals itself did or noticed (DESIGN 1.2).

use std::collections::BTreeMap;

use super::{
    Actor, Client, Event, JsonObject, Operation, Outcome, OutcomeStatus, Request, Severity,
};
use crate::catalogue::Catalogue;
use crate::identifiers::{EventId, TenantId};
use crate::time::DateTime;

/// Facts of Annals itself that belong to the tenant, whoever decided them, by how their types begin: what is kept,
/// held and erased, and who is told of what. They hold on when the person who decided them is erased.
const OF_TENANT: &[&str] = &[
    "annals.erasure.",
    "annals.hold.",
    "annals.notification.endpoint_",
    "annals.notification.preferences_",
    "annals.notification.rule_",
    "annals.retention.",
];

impl Event {
    /// Whether this is a decision for the whole tenant, which outlasts the person who took it. What has a subject
    /// is the subject's, such as the request to erase them.
    pub fn is_decision_of_tenant(&self) -> bool {
        let is_of_tenant = || OF_TENANT.iter().any(|begin| self.event_type.starts_with(begin));
        self.subject.is_none() && self.source == "annals" && is_of_tenant()
    }

    /// An event of Annals itself, of which nothing is said yet but what the catalogue says of its
    /// type. Annals did it, and succeeded.
    pub fn of_annals(
        catalogue: &Catalogue,
        event_type: &str,
        tenant: TenantId,
        id: EventId,
        now: DateTime,
    ) -> Self {
        let entry = catalogue.find(event_type);
        Self {
            id,
            event_type: event_type.into(),
            schema_version: entry.map_or(1, |entry| entry.version),
            tenant,
            source: "annals".into(),
            environment: None,
            app_version: None,
            occurred_at: now,
            received_at: now,
            producer: None,
            operation: entry.map_or(Operation::Other, |entry| entry.operation),
            severity: entry.map_or(Severity::Info, |entry| entry.severity),
            outcome: Outcome { status: OutcomeStatus::Success, code: None, reason: None },
            description: None,
            actor: Actor::annals(),
            on_behalf_of: Vec::new(),
            subject: None,
            targets: Vec::new(),
            changes: Vec::new(),
            client: Client::default(),
            session: None,
            request: Request::default(),
            justification: None,
            metadata: JsonObject::new(),
            labels: BTreeMap::new(),
        }
    }
}

#[cfg(test)]
mod tests;

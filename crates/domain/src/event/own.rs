//! Events that tell what Annals itself did or noticed (DESIGN 1.2).

use std::collections::BTreeMap;

use super::{
    Actor, Client, Event, JsonObject, Operation, Outcome, OutcomeStatus, Request, Severity,
};
use crate::catalogue::Catalogue;
use crate::identifiers::{EventId, TenantId};
use crate::time::DateTime;

impl Event {
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

//! Where imported events go.

use annals_domain::admission::{Admission, UnknownTypes, admit};
use annals_domain::catalogue::Catalogue;
use annals_domain::input::EventInput;
use annals_domain::limits::Limits;
use annals_domain::problem::FieldError;
use annals_domain::{EventId, TenantId};
use jiff::Timestamp;
use uuid::Uuid;

use super::batches::Outgoing;

#[cfg(test)]
mod tests;

/// What became of one event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It is in the log now.
    Recorded,
    /// It was in the log already.
    Duplicate,
    /// It was refused; the reason is a sentence whose subject is the line.
    Refused(String),
}

/// Takes batches of events.
pub(crate) trait Sink {
    /// Sends a batch; answers what became of each event, in the order of the batch. An error means
    /// that the rest of the file need not be tried.
    async fn send(&mut self, batch: &[Outgoing]) -> anyhow::Result<Vec<Fate>>;
}

/// Sends nothing; checks each event as a server with the shipped limits and catalogue would.
pub(crate) struct DryRun {
    catalogue: Catalogue,
    limits: Limits,
    tenant: TenantId,
    now: Timestamp,
}

impl DryRun {
    /// A check of events as of `now`.
    pub(crate) fn at(now: Timestamp) -> Self {
        Self {
            catalogue: Catalogue::shipped(),
            limits: Limits::shipped(),
            tenant: TenantId::new("dry-run").expect("the name is of the right form"),
            now,
        }
    }

    fn check(&self, event: &Outgoing) -> Fate {
        let bytes_max = self.limits.event.bytes_max;
        if event.json.len() > bytes_max {
            return Fate::Refused(format!(
                "makes an event of {} bytes; at most {bytes_max}",
                event.json.len()
            ));
        }
        let admission = Admission {
            catalogue: &self.catalogue,
            limits: &self.limits.event,
            tenant: &self.tenant,
            source: "import",
            now: self.now,
            fresh_id: EventId(Uuid::nil()),
            unknown_types: UnknownTypes::Accept,
            own_facts: false,
        };
        let admitted = EventInput::from_json(&event.json)
            .map_err(|error| vec![error])
            .and_then(|input| admit(input, &admission));
        match admitted {
            Ok(_) => Fate::Recorded,
            Err(errors) => Fate::Refused(sentence(&errors)),
        }
    }
}

impl Sink for DryRun {
    async fn send(&mut self, batch: &[Outgoing]) -> anyhow::Result<Vec<Fate>> {
        Ok(batch.iter().map(|event| self.check(event)).collect())
    }
}

fn sentence(errors: &[FieldError]) -> String {
    let parts: Vec<String> = errors.iter().map(FieldError::to_string).collect();
    format!("makes an event that is refused: {}", parts.join("; "))
}

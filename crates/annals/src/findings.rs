//! Findings of integrity become events of the tenant they concern.

use std::sync::Arc;

use annals_domain::catalogue::Catalogue;
use annals_domain::event::{Event, JsonObject, Outcome, OutcomeStatus, Target};
use annals_domain::time::DateTime;
use annals_domain::{EventId, TenantId};
use annals_engine::{Clock, Recorder};
use annals_store_eventstoredb::Finding;
use jiff::Timestamp;
use tokio::sync::mpsc;
use tracing::warn;
use uuid::Uuid;

/// Type of the event that tells of a finding.
const FINDING_TYPE: &str = "annals.integrity.finding";
/// How often recording a finding is tried; it stands in the operations log in any case.
const ATTEMPTS: u32 = 10;

/// Records findings as they come, until there are no more.
pub(crate) async fn record(
    mut findings: mpsc::Receiver<Finding>,
    recorder: Recorder,
    catalogue: Arc<Catalogue>,
    clock: Arc<Clock>,
) {
    while let Some(finding) = findings.recv().await {
        let Some(event) = event_of(&finding, &catalogue, DateTime::utc(clock.now())) else {
            continue;
        };
        let content = serde_json::to_vec(&event.metadata).unwrap_or_default();
        let digest = annals_record::content_digest(&content);
        for attempt in 1..=ATTEMPTS {
            match recorder.record_own(event.clone(), digest).await {
                Ok(_) => break,
                Err(error) => warn!(%finding, %error, attempt, "a finding could not be recorded"),
            }
            tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        }
    }
}

/// The event of a finding. Every node makes the same of it, so that it is recorded once. What concerns
/// the whole server is no tenant's.
fn event_of(finding: &Finding, catalogue: &Catalogue, now: DateTime) -> Option<Event> {
    let tenant = tenant_of(&finding.stream)?;
    let noticed_at = Timestamp::from_second(finding.noticed_at).unwrap_or_default();
    let mut metadata = JsonObject::new();
    metadata.insert("kind".into(), finding.kind.as_str().into());
    metadata.insert("stream".into(), finding.stream.as_str().into());
    metadata.insert("position".into(), finding.position.0.into());
    let name = format!("{}:{}", finding.kind.as_str(), finding.position);
    let id = EventId(Uuid::new_v5(&finding.event, name.as_bytes()));
    Some(Event {
        occurred_at: DateTime::utc(noticed_at),
        outcome: Outcome { status: OutcomeStatus::Unknown, code: None, reason: None },
        description: Some(finding.to_string()),
        targets: vec![Target {
            target_type: "stream".into(),
            id: Some(finding.stream.clone()),
            name: None,
            owner: None,
        }],
        metadata,
        ..Event::of_annals(catalogue, FINDING_TYPE, tenant, id, now)
    })
}

/// The tenant in the name of a stream, as in `person-acme.x`. A namespace may stand before it.
fn tenant_of(stream: &str) -> Option<TenantId> {
    for prefix in ["person-", "service-", "system-"] {
        if let Some((_, rest)) = stream.split_once(prefix) {
            let tenant = rest.split_once('.').map_or(rest, |(tenant, _)| tenant);
            return TenantId::new(tenant).ok();
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tenant_stands_in_the_name_of_the_stream() {
        let tenant = |stream: &str| tenant_of(stream).map(|tenant| tenant.to_string());
        assert_eq!(tenant("person-acme.abc").as_deref(), Some("acme"));
        assert_eq!(tenant("system-acme").as_deref(), Some("acme"));
        assert_eq!(tenant("test.service-acme.abc").as_deref(), Some("acme"));
        assert_eq!(tenant("system"), None);
        assert_eq!(tenant("$settings"), None);
    }
}

//! That months were stored becomes events of the tenants.

use std::sync::Arc;

use annals_archive::archive::{Manifest, StoredMonth, StoredTenant};
use annals_domain::EventId;
use annals_domain::catalogue::Catalogue;
use annals_domain::event::{Event, JsonObject};
use annals_domain::time::DateTime;
use annals_engine::Recorder;
use tracing::warn;
use uuid::Uuid;

/// Type of the event that tells of a month.
const STORED: &str = "annals.archive.stored";
/// Namespace of their ids.
const NAMESPACE: Uuid = Uuid::from_u128(0x8a0e_52c6_0d3b_4e4f_9f15_6c1b_64a9_d2e7);

/// Records that a month was stored, of each tenant. Recorded again it is the same event. Answers whether
/// all of them are recorded; that the month is stored does not depend on it.
pub(super) async fn record(
    month: &StoredMonth,
    recorder: &Recorder,
    catalogue: &Arc<Catalogue>,
) -> bool {
    let mut all = true;
    for stored in &month.tenants {
        let event = event_of(stored, catalogue);
        let content = serde_json::to_vec(&event.metadata).unwrap_or_default();
        let digest = annals_record::content_digest(&content);
        let recorded = recorder.record_own(event, digest).await;
        if let Err(error) = recorded {
            warn!(month = %month.month, %error, "that a month was archived could not be recorded");
            all = false;
        }
    }
    all
}

fn event_of(stored: &StoredTenant, catalogue: &Catalogue) -> Event {
    let StoredTenant { manifest, digest } = stored;
    let Manifest { tenant, month, records, archived_at, .. } = manifest;
    let bytes: u64 = manifest.pieces.iter().map(|piece| piece.object.bytes).sum();
    let mut metadata = JsonObject::new();
    metadata.insert("month".into(), month.to_string().into());
    metadata.insert("manifest".into(), digest.as_str().into());
    metadata.insert("records".into(), (*records).into());
    metadata.insert("pieces".into(), manifest.pieces.len().into());
    metadata.insert("bytes".into(), bytes.into());
    let id = EventId(Uuid::new_v5(&NAMESPACE, format!("{tenant} {digest}").as_bytes()));
    let at = DateTime::utc(*archived_at);
    Event { metadata, ..Event::of_annals(catalogue, STORED, tenant.clone(), id, at) }
}

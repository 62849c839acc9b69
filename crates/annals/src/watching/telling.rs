//! What was raised and cleared becomes events of the tenant `system`.

use std::time::Duration;

use annals_api::Api;
use annals_domain::EventId;
use annals_domain::event::{Event, JsonObject, OutcomeStatus};
use annals_domain::time::DateTime;
use annals_domain::watching::{CLEARED_TYPE, RAISED_TYPE, Standings};
use anyhow::Context;
use tracing::warn;

use super::keeping::{Keeper, Untold};
use crate::traces;

/// How long recording one may take; then it is tried again with the next readings.
const PATIENCE: Duration = Duration::from_secs(10);

/// Records what is to be recorded, in order, until one cannot be.
pub(super) async fn tell(api: &Api, keeper: &mut Keeper, standings: &Standings) {
    while let Some(untold) = keeper.next() {
        if let Err(error) = record(api, untold, &keeper.node).await {
            let error = &*error as &dyn std::error::Error;
            warn!(error, "a change of the health of Annals is not recorded yet");
            return;
        }
        keeper.told();
        keeper.keep(standings).await;
    }
}

async fn record(api: &Api, untold: &Untold, node: &str) -> anyhow::Result<()> {
    let event = event_of(api, untold, node)?;
    let content = traces::content_of(&event);
    let recording = api.recorder.record_own(event, content);
    let recorded = tokio::time::timeout(PATIENCE, recording).await;
    recorded.context("the log does not answer")?.context("recording the health of Annals")?;
    Ok(())
}

fn event_of(api: &Api, untold: &Untold, node: &str) -> anyhow::Result<Event> {
    let definition = untold.condition.definition();
    let mut metadata = JsonObject::new();
    metadata.insert("condition".into(), definition.id.into());
    metadata.insert("node".into(), node.into());
    metadata.insert("reading".into(), untold.reading.into());
    metadata.insert("threshold".into(), untold.threshold.into());
    metadata.insert("unit".into(), definition.unit.into());
    metadata.insert("since".into(), untold.since.to_string().into());
    let event_type = if untold.is_raised { RAISED_TYPE } else { CLEARED_TYPE };
    let mut event = traces::event_of(api, event_type, metadata)?;
    event.id = EventId(untold.event);
    event.occurred_at = DateTime::utc(untold.at);
    if untold.is_raised {
        event.severity = definition.severity;
        event.outcome.status = OutcomeStatus::Failure;
        event.description = Some(format!("{} {}", definition.means, definition.remedy));
    }
    Ok(event)
}

//! What is asked of an endpoint: to be sent a message to see whether it takes one, and to be sent once more
//! what it was sent.

use annals_domain::Position;
use annals_domain::notification::{
    ENDPOINT_TESTED, KeptEndpoint, REPLAY_REQUESTED, Replay, Route, TEST_RULE, delivery_id,
};
use annals_domain::problem::ErrorCode;
use annals_engine::Role;
use annals_ports::outbox::REPLAY_MAX;
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::checking::{of_endpoint, target, wrong};
use super::find;
use crate::caller::Caller;
use crate::context::ApiParts;
use crate::error::{ApiError, Code};
use crate::own_facts::{self, Fact};
use crate::roles;

/// The clock of whoever asks may be ahead by as much.
const CLOCKS_DIFFER: SignedDuration = SignedDuration::from_mins(1);

/// Of which time messages are sent once more.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Range {
    pub(crate) from: String,
    pub(crate) to: String,
}

/// Has an endpoint sent a message; tells the id of the delivery.
pub(crate) async fn test(api: &ApiParts, caller: &Caller, id: &str) -> Result<Uuid, ApiError> {
    api.require_recording()?;
    let kept = find(api, caller, id)?;
    require_enabled(&kept)?;
    let endpoint = kept.endpoint.id;
    let (targets, metadata) = (vec![target(&kept.endpoint)], of_endpoint(endpoint));
    let fact = Fact { targets, metadata, ..Fact::new(ENDPOINT_TESTED) };
    let receipt = own_facts::record(api, caller, fact).await?;
    let route = Route::Endpoint { id: endpoint };
    Ok(delivery_id(&caller.principal.tenant, receipt.id, TEST_RULE, None, &route))
}

/// Has an endpoint sent once more what it was sent about events of a time; tells how many messages that is.
pub(crate) async fn replay(
    api: &ApiParts,
    caller: &Caller,
    id: &str,
    range: &Range,
) -> Result<usize, ApiError> {
    roles::require(api.roles, Role::Deliver)?;
    api.require_recording()?;
    let kept = find(api, caller, id)?;
    require_enabled(&kept)?;
    let (from, to) = (time("from", &range.from)?, time("to", &range.to)?);
    if from >= to {
        return Err(wrong("to", ErrorCode::Contradiction, "must be later than `from`"));
    }
    let at = api.clock.now();
    if to > at + CLOCKS_DIFFER {
        return Err(wrong("to", ErrorCode::OutOfRange, "must not be in the future"));
    }
    let endpoint = kept.endpoint.id;
    let tenant = caller.principal.tenant.clone();
    // As if it was asked for after everything.
    let position = Position(i64::MAX as u64);
    let asked = Replay { tenant, endpoint, from, to, position, at };
    let count = api.queries.replayable(asked, REPLAY_MAX + 1).await?;
    if count > REPLAY_MAX {
        let message = format!(
            "holds more than {REPLAY_MAX} messages, more than are sent once more at a time; name a \
             shorter one"
        );
        return Err(wrong("to", ErrorCode::TooLarge, message));
    }
    let mut metadata = of_endpoint(endpoint);
    metadata.insert("from".into(), from.to_string().into());
    metadata.insert("to".into(), to.to_string().into());
    let targets = vec![target(&kept.endpoint)];
    own_facts::record(api, caller, Fact { targets, metadata, ..Fact::new(REPLAY_REQUESTED) })
        .await?;
    Ok(count)
}

fn require_enabled(kept: &KeptEndpoint) -> Result<(), ApiError> {
    match kept.endpoint.enabled {
        true => Ok(()),
        false => {
            let message = "the endpoint is switched off; switch it on first";
            Err(ApiError::new(Code::Conflict, message))
        }
    }
}

fn time(field: &str, text: &str) -> Result<Timestamp, ApiError> {
    text.parse().map_err(|_| {
        let message = "must be a time such as `2026-03-01T09:00:00Z`";
        wrong(field, ErrorCode::Malformed, message)
    })
}

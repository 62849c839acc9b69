//! The clock of the service, for which somebody vouches: events expire by it.

use annals_domain::problem::{ErrorCode, FieldError};
use jiff::{SignedDuration, Timestamp};

use super::{justified, require_person};
use crate::caller::Caller;
use crate::context::ApiParts;
use crate::error::ApiError;
use crate::own_facts::{self, Fact};

/// Somebody vouched for the clock.
const CLOCK_CONFIRMED: &str = "annals.retention.clock_confirmed";
/// How far the time that somebody gives may be from what the clock tells.
const CLOCK_DIFFERENCE_MAX: SignedDuration = SignedDuration::from_mins(5);

/// The clock that somebody vouched for.
pub(crate) struct Confirmed {
    /// What it told.
    pub(crate) now: Timestamp,
    /// How far the time that retention goes by was behind it.
    pub(crate) was_behind_seconds: i64,
}

/// A person vouches for the clock of the service: `told` is what another clock tells.
pub(crate) async fn confirm(
    api: &ApiParts,
    caller: &Caller,
    told: Timestamp,
    reason: &str,
) -> Result<Confirmed, ApiError> {
    require_person(caller)?;
    let now = api.lifecycle.wall.now();
    if now.duration_since(told).abs() > CLOCK_DIFFERENCE_MAX {
        let message = format!("the clock of the service tells {now}, which is another time");
        return Err(ApiError::fields(vec![FieldError::new("now", ErrorCode::OutOfRange, message)]));
    }
    let was_behind_seconds = api.lifecycle.time.behind(now).await.as_secs();
    let mut fact = Fact::new(CLOCK_CONFIRMED);
    fact.justification = justified(reason)?;
    fact.metadata.insert("now".into(), now.to_string().into());
    fact.metadata.insert("behind_seconds".into(), was_behind_seconds.into());
    own_facts::record(api, caller, fact).await?;
    api.lifecycle.time.confirm(now).await?;
    Ok(Confirmed { now, was_behind_seconds })
}

//! What is new and what is gone, for callers: what may be asked, within what they may see, and the
//! note that they learn it.

use annals_domain::filter::{Field, Filter, TimeRange};
use annals_domain::problem::{ErrorCode, FieldError};
use annals_domain::query::counted_field;
use annals_domain::statistics::periods;
use annals_engine::{ComparisonRequest, ValueChanges};
use jiff::Timestamp;

use crate::caller::{Caller, Question};
use crate::context::ApiParts;
use crate::counting::{checked_limit, one_visible};
use crate::error::ApiError;

/// What a caller wants to have compared.
#[derive(Debug)]
pub(crate) struct ComparisonAsked {
    pub(crate) filter: Filter,
    /// Name of the field.
    pub(crate) field: String,
    /// When the earlier period begins.
    pub(crate) since: Option<Timestamp>,
    /// How many values of each period.
    pub(crate) limit: Option<usize>,
}

/// What was found, and in which periods.
pub(crate) struct Compared {
    pub(crate) field: Field,
    pub(crate) changes: ValueChanges,
    pub(crate) current: TimeRange,
    pub(crate) before: TimeRange,
}

/// Compares what a caller asked for.
pub(crate) async fn compare(
    api: &ApiParts,
    caller: &Caller,
    asked: ComparisonAsked,
) -> Result<Compared, ApiError> {
    let Question { scope, filter, shape } = caller.asks(api, asked.filter)?;
    let field = one_visible(api, caller, "field", &asked.field, counted_field)?;
    let limit = checked_limit(asked.limit)?;
    let periods = periods(&filter, asked.since, api.clock.now()).map_err(|message| {
        ApiError::field(FieldError::new("compare_from", ErrorCode::OutOfRange, message))
    })?;
    let (current, before) = (periods.current, periods.before);
    let whole = TimeRange { from: before.from, until: current.until };
    let looked_at = periods.filter.clone().and(Filter::Occurred(whole));
    let asked_of = scope.clone();
    let request = ComparisonRequest { scope, periods, field: field.clone(), limit };
    let changes = caller.queries(api).comparison(request).await?;
    let returned = changes.new.values.len() + changes.vanished.values.len();
    let shape = format!("{shape} new {}", asked.field);
    caller.learns_from(api, "statistics", &shape, returned, (&asked_of, looked_at)).await?;
    Ok(Compared { field, changes, current, before })
}

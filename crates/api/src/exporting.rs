//! What REST and GraphQL have in common when events are taken out of the log: who may, how they see
//! the events, and the trace it leaves.

mod audit;
mod desk;
mod rights;

use annals_domain::Position;
use annals_domain::filter::Filter;
use annals_engine::{ExportJob, ExportOrder, ExportRefused, Exports, Form, Requester};

pub(crate) use audit::{Step, Taken, record};
pub use desk::export_desk;
pub(crate) use rights::may_have;

use crate::caller::{Caller, Question};
use crate::context::ApiParts;
use crate::error::{ApiError, Code};

/// Exports of this node.
pub(crate) fn exports(api: &ApiParts) -> Result<&Exports, ApiError> {
    api.require_reading()?;
    api.exports
        .as_ref()
        .ok_or_else(|| ApiError::new(Code::Unavailable, "this node makes no exports; ask another"))
}

/// The caller as exports know them.
pub(crate) fn requester(caller: &Caller) -> Result<Requester, ApiError> {
    requester_with(caller, None)
}

/// The caller as somebody who has a copy made for a person: it holds what is about them, and nothing of others.
pub(crate) fn requester_about(caller: &Caller, person: &str) -> Result<Requester, ApiError> {
    requester_with(caller, Some(person.to_owned()))
}

fn requester_with(caller: &Caller, about: Option<String>) -> Result<Requester, ApiError> {
    let principal = &caller.principal;
    Ok(Requester {
        tenant: principal.tenant.clone(),
        id: principal.id.clone(),
        rights: rights::of(principal, about)?,
    })
}

/// Makes an order of what a caller asks for, with the shape of the question.
///
/// Where the log ends is looked at before anything is recorded of the export, so that an export is not
/// about itself.
pub(crate) async fn order(
    api: &ApiParts,
    caller: &Caller,
    filter: Filter,
    form: Form,
    min_position: Option<Position>,
) -> Result<(ExportOrder, String), ApiError> {
    let exports = exports(api)?;
    let asked = filter.clone();
    let Question { scope, filter, shape } = caller.asks(api, filter)?;
    // Traces of reading stand in the streams of people, so without them no bundle would be complete.
    let filter = if form == Form::Bundle { caller.finds(api, asked) } else { filter };
    if let Some(position) = min_position {
        let patience = std::time::Duration::from_millis(api.limits.query.wait_ms_max);
        api.queries.wait_for(position, patience).await?;
    }
    let until = exports.snapshot().await?;
    let requester = requester(caller)?;
    Ok((ExportOrder { requester, scope, filter, form, until }, shape))
}

/// Takes a job on, once it is recorded that it was asked for.
pub(crate) async fn request(
    api: &ApiParts,
    caller: &Caller,
    order: ExportOrder,
    shape: String,
) -> Result<ExportJob, ApiError> {
    let exports = exports(api)?;
    let taken = Taken { step: Step::Requested, form: order.form, shape, job: None };
    record(api, caller, taken).await?;
    Ok(exports.request(order).await?)
}

impl From<ExportRefused> for ApiError {
    fn from(refused: ExportRefused) -> Self {
        let message = refused.to_string();
        let again =
            |code, seconds| Self { retry_after: Some(seconds), ..Self::new(code, message.clone()) };
        match &refused {
            ExportRefused::NotReady => again(Code::Unavailable, 1),
            ExportRefused::Busy => again(Code::RateLimited, 10),
            ExportRefused::TooManyWaiting { .. } | ExportRefused::TooManyKept { .. } => {
                again(Code::RateLimited, 60)
            }
            ExportRefused::NoRoom => again(Code::StorageFull, 60),
            ExportRefused::NotAllowed => Self::forbidden(message),
            ExportRefused::Folder(_) => {
                let error = &refused as &dyn std::error::Error;
                tracing::error!(error, "an export could not be taken on");
                again(Code::Unavailable, 10)
            }
        }
    }
}

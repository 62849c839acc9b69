//! Asking for what only the archive has.

use annals_domain::filter::Order;
use annals_domain::problem::{ErrorCode, FieldError};
use annals_engine::Queries;

use crate::error::{ApiError, Code};

/// Whether a page may go on into the archive: there is one, and the page is read as its events were recorded,
/// newest first. `name` is how the interface calls the wish.
pub(crate) fn require(queries: &Queries, order: Order, name: &str) -> Result<(), ApiError> {
    if order != Order::RecordedNewest {
        let message = "the archive is read as events were recorded, newest first";
        return Err(ApiError::field(FieldError::new(name, ErrorCode::Malformed, message)));
    }
    match queries.has_archive() {
        true => Ok(()),
        false => Err(ApiError::new(
            Code::NotImplemented,
            "this service keeps no archive; see `[archive]` in its configuration",
        )),
    }
}

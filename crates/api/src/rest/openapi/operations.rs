//! The table of operations, a file for each group of addresses.

mod access;
mod analysis;
mod events;
mod exports;
mod quarantine;
mod retention;
mod service;

use super::model::Operation;

/// Every row.
pub(super) fn all() -> impl Iterator<Item = &'static Operation> {
    [
        access::ROWS,
        events::ROWS,
        analysis::ROWS,
        exports::ROWS,
        quarantine::ROWS,
        retention::ROWS,
        service::ROWS,
    ]
    .into_iter()
    .flatten()
}

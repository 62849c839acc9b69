//! The table of operations, a file for each group of addresses.

mod access;
mod analysis;
mod endpoints;
mod events;
mod exports;
mod filters;
mod keys;
mod lifecycle;
mod links;
mod notifications;
mod people;
mod quarantine;
mod rebuild;
mod retention;
mod service;
mod tlog;
mod views;

use super::model::Operation;

/// Every row.
pub(super) fn all() -> impl Iterator<Item = &'static Operation> {
    [
        access::ROWS,
        events::ROWS,
        analysis::ROWS,
        exports::ROWS,
        lifecycle::ROWS,
        quarantine::ROWS,
        rebuild::ROWS,
        retention::ROWS,
        service::ROWS,
        tlog::ROWS,
        views::ROWS,
        keys::ROWS,
        notifications::ROWS,
        people::ROWS,
        links::ROWS,
        endpoints::ENDPOINTS,
        endpoints::DELIVERIES,
    ]
    .into_iter()
    .flatten()
}

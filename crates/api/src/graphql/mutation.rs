//! What can be done.

mod endpoints;
mod events;
mod exports;
mod inbox;
mod index;
mod views;

use async_graphql::MergedObject;

use super::lifecycle::{ErasuresMutation, HoldsMutation, PersonsMutation, RetentionMutation};
use super::notifications::NotificationsMutation;
use super::tenant_keys::TenantKeysMutation;

pub(super) use events::BodyPermit;

/// Everything that can be done.
#[derive(MergedObject, Default)]
#[graphql(name = "Mutation")]
pub(crate) struct AllMutations(
    events::EventsMutation,
    exports::ExportsMutation,
    views::ViewsMutation,
    index::IndexMutation,
    endpoints::EndpointsMutation,
    inbox::InboxMutation,
    NotificationsMutation,
    ErasuresMutation,
    PersonsMutation,
    HoldsMutation,
    RetentionMutation,
    TenantKeysMutation,
);

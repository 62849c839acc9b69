//! Where the caller is told by mail.

use annals_domain::notification::Address;
use async_graphql::{Context, ID, InputObject, Result, SimpleObject};

use super::super::failure::failed;
use super::super::query::{AllQueries, caller, recorder};
use super::super::scalars::DateTime;
use super::super::user_error::{UserError, user_errors};
use crate::addresses;
use crate::error::ApiError;

/// A mail address of a person.
#[derive(SimpleObject)]
pub(in crate::graphql) struct NotificationAddress {
    /// Identifies it.
    id: ID,
    /// The address.
    address: String,
    /// When it was named.
    added_at: DateTime,
    /// When the person proved that it is theirs; until then nothing but a code is sent there.
    verified_at: Option<DateTime>,
}

impl From<Address> for NotificationAddress {
    fn from(address: Address) -> Self {
        Self {
            id: ID(address.id.to_string()),
            address: address.address,
            added_at: address.added_at.into(),
            verified_at: address.verified_at.map(DateTime::from),
        }
    }
}

/// An address to add.
#[derive(InputObject)]
pub(in crate::graphql) struct AddNotificationAddressInput {
    /// The mail address.
    address: String,
}

/// Proof that an address is the caller's.
#[derive(InputObject)]
pub(in crate::graphql) struct VerifyNotificationAddressInput {
    /// Which address.
    id: ID,
    /// The code that was sent there.
    code: String,
}

/// An address to take away.
#[derive(InputObject)]
pub(in crate::graphql) struct RemoveNotificationAddressInput {
    /// Which address.
    id: ID,
}

/// What became of it.
#[derive(SimpleObject)]
pub(in crate::graphql) struct NotificationAddressPayload {
    /// The address as it is now; null when nothing was done.
    address: Option<NotificationAddress>,
    /// What is wrong with the input.
    user_errors: Vec<UserError>,
    /// To ask further.
    query: AllQueries,
}

/// What became of it.
#[derive(SimpleObject)]
pub(in crate::graphql) struct RemoveNotificationAddressPayload {
    /// The address that is gone; null when it could not be taken away.
    removed_id: Option<ID>,
    /// What is wrong with the input.
    user_errors: Vec<UserError>,
    /// To ask further.
    query: AllQueries,
}

pub(super) fn list(context: &Context<'_>) -> Result<Vec<NotificationAddress>> {
    let (api, caller) = caller(context)?;
    let all = addresses::list(api, caller).map_err(failed)?;
    Ok(all.into_iter().map(NotificationAddress::from).collect())
}

pub(super) async fn add(
    context: &Context<'_>,
    input: AddNotificationAddressInput,
) -> Result<NotificationAddressPayload> {
    let (api, caller) = recorder(context)?;
    answer(addresses::add(api, caller, &input.address).await, "address")
}

pub(super) async fn verify(
    context: &Context<'_>,
    input: VerifyNotificationAddressInput,
) -> Result<NotificationAddressPayload> {
    let (api, caller) = recorder(context)?;
    let verified = match input.id.parse() {
        Ok(id) => addresses::verify(api, caller, id, &input.code).await,
        Err(_) => Err(ApiError::not_found("address")),
    };
    answer(verified, "id")
}

pub(super) async fn remove(
    context: &Context<'_>,
    input: RemoveNotificationAddressInput,
) -> Result<RemoveNotificationAddressPayload> {
    let (api, caller) = recorder(context)?;
    let removed = match input.id.parse() {
        Ok(id) => addresses::remove(api, caller, id).await,
        Err(_) => Err(ApiError::not_found("address")),
    };
    let (removed_id, user_errors) = match removed {
        Ok(()) => (Some(input.id), Vec::new()),
        Err(error) => (None, user_errors(error, "id")?),
    };
    Ok(RemoveNotificationAddressPayload { removed_id, user_errors, query: AllQueries::default() })
}

fn answer(done: Result<Address, ApiError>, about: &str) -> Result<NotificationAddressPayload> {
    let (address, user_errors) = match done {
        Ok(address) => (Some(address.into()), Vec::new()),
        Err(error) => (None, user_errors(error, about)?),
    };
    Ok(NotificationAddressPayload { address, user_errors, query: AllQueries::default() })
}

//! Saved views.

use std::sync::Arc;

use annals_domain::access::state::{SavedView as Kept, ViewOrder};
use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};

use super::connection::AuditEventOrder;
use super::failure::failed;
use super::permissions::{Allowed, Root};
use super::query::{AllQueries, caller, recorder};
use super::scalars::DateTime;
use super::user_error::UserError;
use crate::caller::Caller;
use crate::context::Api;
use crate::error::{ApiError, Code};
use crate::views::{self, Wanted};

#[derive(Default)]
pub(crate) struct ViewsQuery;

/// A question that somebody keeps.
#[derive(SimpleObject)]
pub(super) struct SavedView {
    /// Stays the same whatever is changed.
    id: ID,
    /// Rises by one with every change; tells `saveView` what was seen.
    version: u64,
    /// What people call it.
    name: String,
    /// What it is good for.
    description: Option<String>,
    /// Conditions in the query language.
    query: String,
    /// In which order.
    order_by: AuditEventOrder,
    /// From when on, as the query language writes moments, such as `-P7D`.
    from: Option<String>,
    /// Until when.
    to: Option<String>,
    /// Fields that are shown, in order; empty: as the reader likes.
    fields: Vec<String>,
    /// Whether everybody of the tenant has it.
    shared: bool,
    /// Who made it.
    owner: String,
    /// Whether that is the caller.
    is_own: bool,
    /// Whether the caller's lists begin with it.
    is_default: bool,
    /// Whether lists of everybody begin with it who chose nothing else.
    is_tenant_default: bool,
    /// When it was made.
    created_at: DateTime,
    /// When it was changed the last time.
    updated_at: DateTime,
    /// The query string that opens the same list, also for whoever does not have the view.
    link: String,
}

/// A view as it shall be.
#[derive(InputObject)]
pub(super) struct SaveViewInput {
    /// Which one to change; without it, one is made.
    id: Option<ID>,
    /// The version that was seen; without it, whatever there is is changed.
    version: Option<u64>,
    /// What people call it.
    name: String,
    /// What it is good for.
    description: Option<String>,
    /// Conditions in the query language.
    #[graphql(default)]
    query: String,
    /// In which order.
    #[graphql(default)]
    order_by: AuditEventOrder,
    /// From when on, as the query language writes moments, such as `-P7D`.
    from: Option<String>,
    /// Until when.
    to: Option<String>,
    /// Fields that are shown, in order.
    #[graphql(default)]
    fields: Vec<String>,
    /// Whether everybody of the tenant has it; takes `share_views`.
    #[graphql(default)]
    shared: bool,
}

/// What became of it.
#[derive(SimpleObject)]
pub(super) struct SaveViewPayload {
    /// The view; null when it could not be saved.
    view: Option<SavedView>,
    /// What is wrong with the input.
    user_errors: Vec<UserError>,
    /// To ask further.
    query: AllQueries,
}

/// Which view to delete.
#[derive(InputObject)]
pub(super) struct DeleteSavedViewInput {
    /// Identifies it.
    id: ID,
    /// The version that was seen; without it, whatever there is is deleted.
    version: Option<u64>,
}

/// What became of it.
#[derive(SimpleObject)]
pub(super) struct DeleteSavedViewPayload {
    /// The view that is gone; null when it could not be deleted.
    deleted_id: Option<ID>,
    /// What is wrong with the input.
    user_errors: Vec<UserError>,
    /// To ask further.
    query: AllQueries,
}

/// Which view lists begin with.
#[derive(InputObject)]
pub(super) struct SetDefaultViewInput {
    /// The view; null: none.
    id: Option<ID>,
    /// For everybody of the tenant who chose nothing else; takes `share_views`.
    #[graphql(default)]
    for_tenant: bool,
}

/// What became of it.
#[derive(SimpleObject)]
pub(super) struct SetDefaultViewPayload {
    /// The view that was chosen.
    view: Option<SavedView>,
    /// What is wrong with the input.
    user_errors: Vec<UserError>,
    /// To ask further.
    query: AllQueries,
}

#[Object(guard = "Allowed(Root::Query)")]
impl ViewsQuery {
    /// The caller's own views and those that are shared, by name.
    #[graphql(complexity = "50 + child_complexity")]
    async fn saved_views(&self, context: &Context<'_>) -> Result<Vec<SavedView>> {
        let (api, caller) = caller(context)?;
        let all = views::list(api, caller).map_err(failed)?;
        all.iter().map(|view| shown(api, caller, view)).collect()
    }

    /// A view; null when there is none, or when it is another person's own.
    #[graphql(complexity = "10 + child_complexity")]
    async fn saved_view(&self, context: &Context<'_>, id: ID) -> Result<Option<SavedView>> {
        let (api, caller) = caller(context)?;
        found(api, caller, &id)
    }
}

/// `saveView(input)`
pub(super) async fn save(context: &Context<'_>, input: SaveViewInput) -> Result<SaveViewPayload> {
    let (api, caller) = recorder(context)?;
    let seen = input.id.map(|id| (id.0, input.version));
    let wanted = Wanted {
        name: input.name,
        description: input.description,
        query: input.query,
        order: input.order_by.into(),
        from: input.from,
        to: input.to,
        fields: input.fields,
        shared: input.shared,
    };
    let saved = views::save(api, caller, seen, wanted).await;
    let (view, user_errors) = match saved {
        Ok(view) => (Some(shown(api, caller, &view)?), Vec::new()),
        Err(error) => (None, user_errors(error)?),
    };
    Ok(SaveViewPayload { view, user_errors, query: AllQueries::default() })
}

/// `deleteSavedView(input)`
pub(super) async fn delete(
    context: &Context<'_>,
    input: DeleteSavedViewInput,
) -> Result<DeleteSavedViewPayload> {
    let (api, caller) = recorder(context)?;
    let deleted = views::delete(api, caller, &input.id, input.version).await;
    let (deleted_id, user_errors) = match deleted {
        Ok(()) => (Some(input.id), Vec::new()),
        Err(error) => (None, user_errors(error)?),
    };
    Ok(DeleteSavedViewPayload { deleted_id, user_errors, query: AllQueries::default() })
}

/// `setDefaultView(input)`
pub(super) async fn set_default(
    context: &Context<'_>,
    input: SetDefaultViewInput,
) -> Result<SetDefaultViewPayload> {
    let (api, caller) = recorder(context)?;
    let id = input.id.as_ref().map(|id| id.as_str());
    let user_errors = match views::set_default(api, caller, id, input.for_tenant).await {
        Ok(()) => Vec::new(),
        Err(error) => user_errors(error)?,
    };
    let view = match &input.id {
        Some(id) if user_errors.is_empty() => found(api, caller, id)?,
        _ => None,
    };
    Ok(SetDefaultViewPayload { view, user_errors, query: AllQueries::default() })
}

fn found(api: &Api, caller: &Caller, id: &ID) -> Result<Option<SavedView>> {
    match views::find(api, caller, id) {
        Ok(view) => shown(api, caller, &view).map(Some),
        Err(error) if error.code == Code::NotFound => Ok(None),
        Err(error) => Err(failed(error)),
    }
}

fn shown(api: &Api, caller: &Caller, view: &Arc<Kept>) -> Result<SavedView> {
    let defaults = views::defaults(api, caller).map_err(failed)?;
    let is = |chosen: &Option<String>| chosen.as_ref() == Some(&view.id);
    let (is_default, is_tenant_default) = (is(&defaults.own), is(&defaults.of_tenant));
    let link = views::link(view);
    let Kept {
        id, version, name, description, query, order, from, to, fields, shared, owner, ..
    } = Kept::clone(view);
    Ok(SavedView {
        id: ID(id),
        version,
        name,
        description,
        query,
        order_by: order.into(),
        from,
        to,
        fields,
        shared,
        is_own: owner == caller.principal.id,
        owner,
        is_default,
        is_tenant_default,
        created_at: view.created_at.into(),
        updated_at: view.updated_at.into(),
        link,
    })
}

/// What the caller can put right, told beside the answer; everything else is no answer at all.
fn user_errors(error: ApiError) -> Result<Vec<UserError>> {
    let one =
        |field: &str| vec![UserError::of_input(field, error.message.as_str(), error.code.as_str())];
    match error.code {
        Code::BadUserInput if !error.errors.is_empty() => {
            let of_field = |wrong: &annals_domain::problem::FieldError| {
                let code = wrong.code.as_str().to_ascii_uppercase();
                // What GraphQL calls otherwise than REST.
                let field = if wrong.path == "view" { "id" } else { wrong.path.as_str() };
                UserError::of_input(field, wrong.message.clone(), &code)
            };
            Ok(error.errors.iter().map(of_field).collect())
        }
        Code::NotFound => Ok(one("id")),
        Code::PreconditionFailed => Ok(one("version")),
        Code::Conflict => Ok(one("name")),
        _ => Err(failed(error)),
    }
}

impl From<AuditEventOrder> for ViewOrder {
    fn from(order: AuditEventOrder) -> Self {
        match order {
            AuditEventOrder::RecordedAtDesc => Self::Newest,
            AuditEventOrder::RecordedAtAsc => Self::Oldest,
            AuditEventOrder::OccurredAtDesc => Self::OccurredNewest,
            AuditEventOrder::OccurredAtAsc => Self::OccurredOldest,
        }
    }
}

impl From<ViewOrder> for AuditEventOrder {
    fn from(order: ViewOrder) -> Self {
        match order {
            ViewOrder::Newest => Self::RecordedAtDesc,
            ViewOrder::Oldest => Self::RecordedAtAsc,
            ViewOrder::OccurredNewest => Self::OccurredAtDesc,
            ViewOrder::OccurredOldest => Self::OccurredAtAsc,
        }
    }
}

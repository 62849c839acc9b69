//! Saved views, by REST and by GraphQL: what may be kept, by whom, and what it opens.
//!
//! They follow from events in the log (`annals_domain::access::state`), as API keys do: a change is
//! recorded, and only then is it in effect, on every node.

use std::sync::Arc;

use annals_domain::Filter;
use annals_domain::access::state::{
    SavedView, TenantAccess, VIEW_DEFAULT_SET, VIEW_DELETED, VIEW_SAVED, VIEWS_OF_PERSON_MAX,
    VIEWS_SHARED_MAX, ViewOrder, whole_query,
};
use annals_domain::event::{JsonObject, Target};
use annals_domain::problem::{ErrorCode, FieldError};
use annals_domain::query;

use crate::auth::Permission;
use crate::caller::Caller;
use crate::context::ApiParts;
use crate::credentials;
use crate::error::{ApiError, Code};
use crate::own_facts::Fact;
use crate::rest::query_context as context;

const NAME_CHARS_MAX: usize = 100;
const DESCRIPTION_CHARS_MAX: usize = 500;
const MOMENT_CHARS_MAX: usize = 64;
const FIELDS_MAX: usize = 40;
const FIELD_CHARS_MAX: usize = 200;

/// A view as somebody wants to have it.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wanted {
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) description: Option<String>,
    #[serde(default)]
    pub(crate) query: String,
    #[serde(default)]
    pub(crate) order: ViewOrder,
    #[serde(default)]
    pub(crate) from: Option<String>,
    #[serde(default)]
    pub(crate) to: Option<String>,
    #[serde(default)]
    pub(crate) fields: Vec<String>,
    #[serde(default)]
    pub(crate) shared: bool,
}

/// What the caller begins with.
#[derive(Debug, Default)]
pub(crate) struct Defaults {
    pub(crate) own: Option<String>,
    pub(crate) of_tenant: Option<String>,
}

/// The views that the caller may see, by name.
pub(crate) fn list(api: &ApiParts, caller: &Caller) -> Result<Vec<Arc<SavedView>>, ApiError> {
    within(api, caller, |tenant| {
        let mut views: Vec<Arc<SavedView>> =
            tenant.views_of(&caller.principal.id).cloned().collect();
        views.sort_by(|one, other| (&one.name, &one.id).cmp(&(&other.name, &other.id)));
        views
    })
}

/// The view of that id, if the caller may see it.
pub(crate) fn find(api: &ApiParts, caller: &Caller, id: &str) -> Result<Arc<SavedView>, ApiError> {
    let found = within(api, caller, |tenant| tenant.view(id, &caller.principal.id).cloned())?;
    found.ok_or_else(not_found)
}

/// The views that lists of the caller begin with.
pub(crate) fn defaults(api: &ApiParts, caller: &Caller) -> Result<Defaults, ApiError> {
    within(api, caller, |tenant| Defaults {
        own: tenant.default_view(Some(&caller.principal.id)).map(str::to_owned),
        of_tenant: tenant.default_view(None).map(str::to_owned),
    })
}

/// The conditions of a view, as they read now: what is relative counts from this moment.
pub(crate) fn filter_of(api: &ApiParts, view: &SavedView) -> Result<Filter, ApiError> {
    // The query language may have changed since.
    query::parse(&view.whole_query(), &context(api)).map_err(|error| {
        ApiError::field(FieldError::new("view", ErrorCode::Malformed, error.to_string()))
    })
}

/// The query string that opens the same list, also for whoever does not have the view: `q` and
/// `order` say what is shown, `view` how it is called.
pub(crate) fn link(view: &SavedView) -> String {
    let query = encoded(&view.whole_query());
    format!("?q={query}&order={}&view={}", view.order.as_str(), view.id)
}

/// Makes a view, or changes the one of that id when it still is as the caller saw it.
pub(crate) async fn save(
    api: &ApiParts,
    caller: &Caller,
    seen: Option<(String, Option<u64>)>,
    wanted: Wanted,
) -> Result<Arc<SavedView>, ApiError> {
    let wanted = checked(api, wanted)?;
    let _turn = api.credentials.turn().await;
    let before = seen.as_ref().map(|(id, _)| find(api, caller, id)).transpose()?;
    if wanted.shared || before.as_ref().is_some_and(|before| before.shared) {
        require_sharing(caller)?;
    }
    let (id, version) = match &before {
        None => (uuid::Uuid::now_v7().to_string(), 0),
        Some(before) => {
            require_version(before, seen.and_then(|(_, version)| version))?;
            if !wanted.shared && before.owner != caller.principal.id {
                let message = "a shared view can be made private by its owner alone";
                return Err(ApiError::forbidden(message));
            }
            (before.id.clone(), before.version)
        }
    };
    let moves = before.as_ref().is_none_or(|before| before.shared != wanted.shared);
    let owner = before.map_or_else(|| caller.principal.id.clone(), |view| view.owner.clone());
    if moves && !within(api, caller, |tenant| tenant.takes_view(&owner, wanted.shared))? {
        return Err(full());
    }
    let targets = vec![target(&id, &wanted.name)];
    let metadata = metadata_of(&id, version + 1, wanted);
    let fact = Fact { targets, metadata, ..Fact::new(VIEW_SAVED) };
    let (receipt, in_effect) = credentials::record(api, caller, fact).await?;
    let saved = find(api, caller, &id).ok().filter(|view| view.event == receipt.id);
    match (saved, in_effect) {
        (Some(view), _) => Ok(view),
        // On another node somebody was faster, or took the last place.
        (None, true) => Err(changed()),
        (None, false) => Err(not_yet()),
    }
}

/// Deletes a view that still is as the caller saw it.
pub(crate) async fn delete(
    api: &ApiParts,
    caller: &Caller,
    id: &str,
    seen: Option<u64>,
) -> Result<(), ApiError> {
    let _turn = api.credentials.turn().await;
    let view = find(api, caller, id)?;
    if view.shared {
        require_sharing(caller)?;
    }
    require_version(&view, seen)?;
    let mut metadata = JsonObject::new();
    metadata.insert("view".into(), view.id.as_str().into());
    let targets = vec![target(&view.id, &view.name)];
    credentials::record(api, caller, Fact { targets, metadata, ..Fact::new(VIEW_DELETED) }).await?;
    Ok(())
}

/// Chooses the view that lists begin with: the caller's own, or all of the tenant's; none: no view.
pub(crate) async fn set_default(
    api: &ApiParts,
    caller: &Caller,
    view: Option<&str>,
    of_tenant: bool,
) -> Result<(), ApiError> {
    if of_tenant {
        require_sharing(caller)?;
    }
    let _turn = api.credentials.turn().await;
    let view = view.map(|id| find(api, caller, id)).transpose()?;
    if of_tenant && view.as_ref().is_some_and(|view| !view.shared) {
        let message = "is a private view; share it before everybody begins with it";
        return Err(wrong("view", ErrorCode::Contradiction, message));
    }
    let mut metadata = JsonObject::new();
    if let Some(view) = &view {
        metadata.insert("view".into(), view.id.as_str().into());
    }
    if of_tenant {
        metadata.insert("tenant".into(), true.into());
    }
    let targets = view.iter().map(|view| target(&view.id, &view.name)).collect();
    let fact = Fact { targets, metadata, ..Fact::new(VIEW_DEFAULT_SET) };
    credentials::record(api, caller, fact).await?;
    Ok(())
}

/// Looks at the tenant's views; at none when nothing is known of the tenant.
fn within<T>(
    api: &ApiParts,
    caller: &Caller,
    look: impl FnOnce(&TenantAccess) -> T,
) -> Result<T, ApiError> {
    let state = api.access_state()?;
    let nothing = TenantAccess::default();
    Ok(look(state.tenant(&caller.principal.tenant).unwrap_or(&nothing)))
}

/// The view as it is kept, if it can be.
fn checked(api: &ApiParts, wanted: Wanted) -> Result<Wanted, ApiError> {
    let name = credentials::text("name", &wanted.name, 1, NAME_CHARS_MAX)?;
    let description = wanted.description.filter(|text| !text.trim().is_empty());
    let description = description
        .map(|text| credentials::text("description", &text, 1, DESCRIPTION_CHARS_MAX))
        .transpose()?;
    let parsed = query::parse(&wanted.query, &context(api));
    parsed.map_err(|error| wrong("query", ErrorCode::Malformed, error.to_string()))?;
    let from = moment(api, "from", "after", wanted.from)?;
    let to = moment(api, "to", "before", wanted.to)?;
    let whole = whole_query(&wanted.query, from.as_deref(), to.as_deref());
    let parsed = query::parse(&whole, &context(api));
    parsed.map_err(|error| wrong("query", ErrorCode::TooLarge, error.to_string()))?;
    if wanted.fields.len() > FIELDS_MAX {
        let message = format!("names more than {FIELDS_MAX} fields");
        return Err(wrong("fields", ErrorCode::TooLarge, message));
    }
    let fields = wanted.fields.iter();
    let fields = fields.map(|name| credentials::text("fields", name, 1, FIELD_CHARS_MAX));
    let fields = fields.collect::<Result<Vec<String>, _>>()?;
    let query = wanted.query.trim().to_owned();
    Ok(Wanted { name, description, query, from, to, fields, ..wanted })
}

/// A moment as the query language writes it, and nothing else.
fn moment(
    api: &ApiParts,
    field: &str,
    condition: &str,
    text: Option<String>,
) -> Result<Option<String>, ApiError> {
    let Some(text) = text.filter(|text| !text.trim().is_empty()) else { return Ok(None) };
    let text = credentials::text(field, &text, 1, MOMENT_CHARS_MAX)?;
    match query::parse(&format!("{condition}:{text}"), &context(api)) {
        Ok(Filter::Occurred(_)) => Ok(Some(text)),
        _ => {
            let message = "must be a moment such as `2026-03-01`, `2026-03-01T09:00:00Z` or `-P7D`";
            Err(wrong(field, ErrorCode::Malformed, message))
        }
    }
}

fn metadata_of(id: &str, version: u64, view: Wanted) -> JsonObject {
    let mut metadata = JsonObject::new();
    let mut put = |key: &str, value: serde_json::Value| metadata.insert(key.into(), value);
    put("view", id.into());
    put("version", version.into());
    put("name", view.name.into());
    put("query", view.query.into());
    put("order", view.order.as_str().into());
    put("shared", view.shared.into());
    for (key, value) in [("description", view.description), ("from", view.from), ("to", view.to)] {
        if let Some(value) = value {
            put(key, value.into());
        }
    }
    if !view.fields.is_empty() {
        put("fields", view.fields.into());
    }
    metadata
}

fn require_sharing(caller: &Caller) -> Result<(), ApiError> {
    caller.principal.require(Permission::ShareViews)
}

fn require_version(view: &SavedView, seen: Option<u64>) -> Result<(), ApiError> {
    match seen.is_none_or(|seen| seen == view.version) {
        true => Ok(()),
        false => Err(changed()),
    }
}

fn target(id: &str, name: &str) -> Target {
    let (id, name) = (Some(id.to_owned()), Some(name.to_owned()));
    Target { target_type: "view".into(), id, name, owner: None }
}

fn wrong(field: &str, code: ErrorCode, message: impl Into<String>) -> ApiError {
    ApiError::fields(vec![FieldError::new(field, code, message)])
}

fn not_found() -> ApiError {
    ApiError::not_found("view")
}

fn changed() -> ApiError {
    let message = "the view was changed by somebody else meanwhile; look at it again";
    ApiError::new(Code::PreconditionFailed, message)
}

fn full() -> ApiError {
    let message = format!(
        "there is no room for one more view: a person has at most {VIEWS_OF_PERSON_MAX}, and a tenant \
         shares at most {VIEWS_SHARED_MAX}; delete one first"
    );
    ApiError::new(Code::Conflict, message)
}

fn not_yet() -> ApiError {
    let message = "the view is saved and not in effect on this node yet; look again shortly";
    ApiError { retry_after: Some(1), ..ApiError::new(Code::Unavailable, message) }
}

/// Percent-encodes all but the letters, digits and signs that stand for themselves (RFC 3986).
fn encoded(text: &str) -> String {
    use std::fmt::Write;
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                encoded.push(byte as char);
            }
            // Writing to a text does not fail.
            byte => drop(write!(encoded, "%{byte:02X}")),
        }
    }
    encoded
}

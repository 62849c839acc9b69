//! `/api/v1/views`: saved views.

use annals_domain::access::state::SavedView;
use axum::Json;
use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::{Deserialize, Serialize};

use super::bodies;
use super::if_match::{Tag, if_match};
use crate::caller::Caller;
use crate::context::Api;
use crate::error::{ApiError, Code};
use crate::views::{self, Defaults, Wanted};

/// A view, and what it is to the caller.
#[derive(Serialize)]
struct ViewBody<'a> {
    id: &'a str,
    version: u64,
    name: &'a str,
    description: Option<&'a str>,
    query: &'a str,
    order: &'static str,
    from: Option<&'a str>,
    to: Option<&'a str>,
    fields: &'a [String],
    shared: bool,
    owner: &'a str,
    own: bool,
    default: bool,
    tenant_default: bool,
    created_at: String,
    updated_at: String,
    link: String,
}

impl<'a> ViewBody<'a> {
    fn new(view: &'a SavedView, caller: &Caller, defaults: &Defaults) -> Self {
        let is = |chosen: &Option<String>| chosen.as_ref() == Some(&view.id);
        Self {
            id: &view.id,
            version: view.version,
            name: &view.name,
            description: view.description.as_deref(),
            query: &view.query,
            order: view.order.as_str(),
            from: view.from.as_deref(),
            to: view.to.as_deref(),
            fields: &view.fields,
            shared: view.shared,
            owner: &view.owner,
            own: view.owner == caller.principal.id,
            default: is(&defaults.own),
            tenant_default: is(&defaults.of_tenant),
            created_at: view.created_at.to_string(),
            updated_at: view.updated_at.to_string(),
            link: views::link(view),
        }
    }
}

#[derive(Serialize)]
struct ListBody<'a> {
    views: Vec<ViewBody<'a>>,
}

/// `GET /api/v1/views`
pub(super) async fn list(State(api): State<Api>, caller: Caller) -> Result<Response, ApiError> {
    let (all, defaults) = (views::list(&api, &caller)?, views::defaults(&api, &caller)?);
    let views = all.iter().map(|view| ViewBody::new(view, &caller, &defaults)).collect();
    Ok(Json(ListBody { views }).into_response())
}

/// `GET /api/v1/views/{id}`
pub(super) async fn one(
    State(api): State<Api>,
    caller: Caller,
    id: Result<Path<String>, PathRejection>,
) -> Result<Response, ApiError> {
    let id = bodies::segment(id, "view")?;
    let view = views::find(&api, &caller, &id)?;
    answer(&api, &caller, StatusCode::OK, &view)
}

/// `POST /api/v1/views`
pub(super) async fn create(
    State(api): State<Api>,
    caller: Caller,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let wanted: Wanted = bodies::read(&api, &headers, body).await?;
    let view = views::save(&api, &caller, None, wanted).await?;
    let place = [(header::LOCATION, format!("/api/v1/views/{}", view.id))];
    Ok((place, answer(&api, &caller, StatusCode::CREATED, &view)?).into_response())
}

/// `PUT /api/v1/views/{id}`
pub(super) async fn change(
    State(api): State<Api>,
    caller: Caller,
    id: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let id = bodies::segment(id, "view")?;
    let wanted: Wanted = bodies::read(&api, &headers, body).await?;
    let seen = seen(&headers)?.ok_or_else(|| {
        let message = "send the `ETag` of the view that you saw in the header `If-Match`, or `*`";
        ApiError::new(Code::PreconditionRequired, message)
    })?;
    let view = views::save(&api, &caller, Some((id, seen.version())), wanted).await?;
    answer(&api, &caller, StatusCode::OK, &view)
}

/// `DELETE /api/v1/views/{id}`
pub(super) async fn delete(
    State(api): State<Api>,
    caller: Caller,
    id: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let id = bodies::segment(id, "view")?;
    let seen = seen(&headers)?.and_then(Seen::version);
    views::delete(&api, &caller, &id, seen).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Which view lists begin with.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DefaultWanted {
    /// Must be said, for none is said as well.
    #[serde(deserialize_with = "Option::deserialize")]
    view: Option<String>,
    #[serde(default)]
    tenant: bool,
}

/// `PUT /api/v1/views/default`
pub(super) async fn set_default(
    State(api): State<Api>,
    caller: Caller,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let wanted: DefaultWanted = bodies::read(&api, &headers, body).await?;
    views::set_default(&api, &caller, wanted.view.as_deref(), wanted.tenant).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// A view with its version as tag.
fn answer(
    api: &Api,
    caller: &Caller,
    status: StatusCode,
    view: &SavedView,
) -> Result<Response, ApiError> {
    let defaults = views::defaults(api, caller)?;
    let body = Json(ViewBody::new(view, caller, &defaults));
    let mut response = (status, body).into_response();
    if let Ok(tag) = HeaderValue::try_from(format!("\"{}\"", view.version)) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    Ok(response)
}

/// What the caller says to have seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Seen {
    /// Whatever there is.
    Anything,
    Version(u64),
}

impl Seen {
    fn version(self) -> Option<u64> {
        match self {
            Self::Anything => None,
            Self::Version(version) => Some(version),
        }
    }
}

/// Reads `If-Match`. A tag that is none of ours is that of no view: what was seen is gone.
fn seen(headers: &HeaderMap) -> Result<Option<Seen>, ApiError> {
    let version = match if_match(headers) {
        None => return Ok(None),
        Some(Tag::Any) => return Ok(Some(Seen::Anything)),
        Some(Tag::Of(tag)) => tag.parse(),
    };
    version.map(|version| Some(Seen::Version(version))).map_err(|_| {
        let message = "`If-Match` is no tag of a view; look at the view again";
        ApiError::new(Code::PreconditionFailed, message)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_seen_is_read_from_the_tag() {
        let asked = |value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::IF_MATCH, HeaderValue::from_static(value));
            seen(&headers)
        };
        assert_eq!(asked("\"7\"").unwrap(), Some(Seen::Version(7)));
        assert_eq!(asked("W/\"7\"").unwrap(), Some(Seen::Version(7)));
        assert_eq!(asked("*").unwrap(), Some(Seen::Anything));
        for wrong in ["7", "\"7", "\"x\"", "", "\"1\", \"2\""] {
            assert_eq!(asked(wrong).unwrap_err().code, Code::PreconditionFailed, "{wrong}");
        }
        assert_eq!(seen(&HeaderMap::new()).unwrap(), None);
    }
}

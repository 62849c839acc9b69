//! `/api/v1/access`: which roles there are, and what the caller is and may.

use annals_domain::access::{Mask, Permission};
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::auth::{Credential, Principal};
use crate::caller::Caller;
use crate::context::{Api, ApiParts};
use crate::error::ApiError;

#[derive(Serialize)]
struct PolicyBody<'a> {
    roles: Vec<RoleBody<'a>>,
    permissions: Vec<&'static str>,
    masks: Vec<&'static str>,
}

#[derive(Serialize)]
struct RoleBody<'a> {
    name: &'a str,
    title: &'a str,
    permissions: Vec<&'static str>,
    /// Which of the tenant's events it sees, as a query; empty: all of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    events: Option<&'a str>,
    masks: Vec<&'static str>,
    /// The roles whose inboxes it reads.
    inboxes: &'a [String],
}

/// `GET /api/v1/access/policy`
pub(super) async fn policy(State(api): State<Api>) -> Response {
    let roles = api.access.roles().map(|(name, role)| RoleBody {
        name,
        title: &role.title,
        permissions: role.permissions.iter().map(|permission| permission.as_str()).collect(),
        events: role
            .permissions
            .contains(&Permission::ReadTenantEvents)
            .then_some(role.events.as_str()),
        masks: role.masks.iter().map(|mask| mask.as_str()).collect(),
        inboxes: &role.inboxes,
    });
    let body = PolicyBody {
        roles: roles.collect(),
        permissions: Permission::ALL.iter().map(|permission| permission.as_str()).collect(),
        masks: Mask::ALL.iter().map(|mask| mask.as_str()).collect(),
    };
    Json(body).into_response()
}

#[derive(Serialize)]
struct MeBody<'a> {
    id: &'a str,
    tenant: &'a str,
    roles: &'a [String],
    permissions: Vec<&'static str>,
    /// Which events they see, in words.
    sees: Vec<String>,
    masks: Vec<&'static str>,
    credential: &'static str,
    expires_at: String,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    sources: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    break_glass: Option<GlassBody>,
}

#[derive(Serialize)]
struct GlassBody {
    id: String,
    until: String,
}

/// `GET /api/v1/access/me`
pub(super) async fn me(State(api): State<Api>, caller: Caller) -> Result<Response, ApiError> {
    let principal = &caller.principal;
    let glass = principal.break_glass.as_ref();
    let body = MeBody {
        id: &principal.id,
        tenant: principal.tenant.as_str(),
        roles: &principal.roles,
        permissions: principal.grants.permissions().map(Permission::as_str).collect(),
        sees: sees(&api, principal),
        masks: principal.grants.masks().list().map(Mask::as_str).collect(),
        credential: match &principal.credential {
            Credential::Token { .. } => "token",
            Credential::ApiKey { .. } => "api_key",
            Credential::Relay { .. } => "relay_token",
        },
        expires_at: principal.expires_at.to_string(),
        sources: &principal.sources,
        break_glass: glass
            .map(|glass| GlassBody { id: glass.id.to_string(), until: glass.until.to_string() }),
    };
    Ok(Json(body).into_response())
}

fn sees(api: &ApiParts, principal: &Principal) -> Vec<String> {
    let mut sees = Vec::new();
    if principal.may(Permission::ReadOwnEvents) {
        sees.push("events where they are subject or actor".to_owned());
    }
    if principal.break_glass.is_some() {
        sees.push("all events of the tenant, by emergency access".into());
    }
    let roles = principal.roles.iter().filter_map(|name| api.access.role(name));
    let reading = roles.filter(|role| role.permissions.contains(&Permission::ReadTenantEvents));
    for role in reading {
        sees.push(match role.events.as_str() {
            "" => "all events of the tenant".into(),
            query => format!("events of the tenant that match `{query}`"),
        });
    }
    sees.sort();
    sees.dedup();
    sees
}

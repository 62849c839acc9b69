//! `/api/v1/me/notification-preferences`, `/api/v1/notifications/preferences`: what people wish to be told.

use std::collections::BTreeSet;

use annals_domain::notification::{Channel, Preferences};
use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::HeaderMap;
use serde::Serialize;

use super::bodies;
use crate::caller::Caller;
use crate::context::Api;
use crate::error::ApiError;
use crate::preferences::{self, Kind, Wishes};

#[derive(Serialize)]
struct KindBody {
    id: String,
    name: String,
    mandatory: bool,
    channels: BTreeSet<Channel>,
}

impl From<Kind> for KindBody {
    fn from(kind: Kind) -> Self {
        let Kind { id, name, mandatory, channels } = kind;
        Self { id, name, mandatory, channels }
    }
}

#[derive(Serialize)]
struct OwnBody {
    preferences: Option<Preferences>,
    defaults: Option<Preferences>,
    kinds: Vec<KindBody>,
}

#[derive(Serialize)]
struct TenantBody {
    preferences: Option<Preferences>,
    kinds: Vec<KindBody>,
}

fn of_person(Wishes { own, defaults, kinds }: Wishes) -> Response {
    let kinds = kinds.into_iter().map(KindBody::from).collect();
    Json(OwnBody { preferences: own, defaults, kinds }).into_response()
}

fn of_tenant(Wishes { defaults, kinds, .. }: Wishes) -> Response {
    let kinds = kinds.into_iter().map(KindBody::from).collect();
    Json(TenantBody { preferences: defaults, kinds }).into_response()
}

/// `GET /api/v1/me/notification-preferences`
pub(super) async fn own(State(api): State<Api>, caller: Caller) -> Result<Response, ApiError> {
    Ok(of_person(preferences::own(&api, &caller)?))
}

/// `PUT /api/v1/me/notification-preferences`
pub(super) async fn set_own(
    State(api): State<Api>,
    caller: Caller,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let wanted: Preferences = bodies::read(&api, &headers, body).await?;
    Ok(of_person(preferences::set_own(&api, &caller, wanted).await?))
}

/// `GET /api/v1/notifications/preferences`
pub(super) async fn defaults(State(api): State<Api>, caller: Caller) -> Result<Response, ApiError> {
    Ok(of_tenant(preferences::defaults(&api, &caller)?))
}

/// `PUT /api/v1/notifications/preferences`
pub(super) async fn set_defaults(
    State(api): State<Api>,
    caller: Caller,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let wanted: Preferences = bodies::read(&api, &headers, body).await?;
    Ok(of_tenant(preferences::set_defaults(&api, &caller, wanted).await?))
}

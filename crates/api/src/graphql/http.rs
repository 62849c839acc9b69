//! GraphQL over HTTP: POST with a JSON body, and nothing else, so that no other site's form can
//! make a signed-in browser ask.

use async_graphql::{Request, Response};
use axum::Extension;
use axum::extract::State;
use axum::response::IntoResponse;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::Deserialize;

use super::failure::{completed, refusal};
use super::{AnnalsSchema, document};
use crate::context::Api;
use crate::error::ApiError;
use crate::rest::body;
use crate::server::RequestId;

/// What is sent.
#[derive(Deserialize)]
pub(super) struct Operation {
    #[serde(default)]
    query: String,
    #[serde(default, rename = "operationName")]
    operation_name: Option<String>,
    #[serde(default)]
    variables: Option<serde_json::Map<String, serde_json::Value>>,
}

pub(super) async fn execute(
    State(api): State<Api>,
    Extension(schema): Extension<AnnalsSchema>,
    request: axum::extract::Request,
) -> axum::response::Response {
    let (parts, body) = request.into_parts();
    let id = parts.extensions.get::<RequestId>().map(|id| id.0.clone());
    let (status, response) = match answer(&api, &schema, &parts.headers, body).await {
        Ok(response) => (status_of(&response), response),
        Err(error) => (error.code.status(), refusal(&error)),
    };
    let id = id.as_ref().and_then(|id| id.to_str().ok());
    let response = completed(response, id);
    let media_type = media_type(&parts.headers);
    // Clients that only know `application/json` read errors from a 200.
    let status = if media_type == JSON && status == StatusCode::BAD_REQUEST {
        StatusCode::OK
    } else {
        status
    };
    let body = serde_json::to_vec(&response).unwrap_or_default();
    ([(header::CONTENT_TYPE, HeaderValue::from_static(media_type))], (status, body).into_response())
        .into_response()
}

async fn answer(
    api: &Api,
    schema: &AnnalsSchema,
    headers: &HeaderMap,
    body: axum::body::Body,
) -> Result<Response, ApiError> {
    let principal = api.principal(headers)?;
    body::require_media_type(headers, &["application/json"])?;
    let bytes_max = api.limits.request.graphql_bytes_max;
    let (bytes, permit) = body::read(api, headers, body, bytes_max).await?;
    annals_domain::json::check_depth(&bytes, 64).map_err(ApiError::field)?;
    let operation: Operation = serde_json::from_slice(&bytes).map_err(|error| {
        ApiError::bad_request(format!(
            "the body is not {{\"query\": …, \"variables\": …, \"operationName\": …}}: {error}"
        ))
    })?;
    match prepared(api, operation) {
        Ok(request) => {
            let request = request.data(principal).data(super::mutation::BodyPermit::new(permit));
            Ok(schema.execute(request).await)
        }
        Err(refused) => Ok(refused),
    }
}

/// Checks and parses an operation, of a POST or of a socket.
pub(super) fn prepared(api: &Api, operation: Operation) -> Result<Request, Response> {
    let parsed = document::checked(&operation.query, &api.limits.request)?;
    let mut request = Request::new(operation.query);
    request.set_parsed_query(parsed);
    request.operation_name = operation.operation_name;
    if let Some(variables) = operation.variables {
        request.variables =
            async_graphql::Variables::from_json(serde_json::Value::Object(variables));
    }
    Ok(request)
}

const JSON: &str = "application/json";
const GRAPHQL_JSON: &str = "application/graphql-response+json";

fn media_type(headers: &HeaderMap) -> &'static str {
    let accept = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
    match accept.is_some_and(|accept| accept.contains(GRAPHQL_JSON)) {
        true => GRAPHQL_JSON,
        false => JSON,
    }
}

/// 400 for a document that did not run, 200 for one that did, whatever came of its fields.
fn status_of(response: &Response) -> StatusCode {
    let ran = response.data != async_graphql::Value::Null
        || response.errors.iter().any(|error| !error.path.is_empty());
    if ran || response.errors.is_empty() { StatusCode::OK } else { StatusCode::BAD_REQUEST }
}

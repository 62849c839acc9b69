//! GraphQL over HTTP: POST with a JSON body, and nothing else, so that no other site's form can
//! make a signed-in browser ask.

use annals_domain::event::JsonObject;
use annals_domain::json::{check_depth, count_values};
use annals_domain::problem::{ErrorCode, FieldError};
use async_graphql::{Request, Response};
use async_graphql_axum::GraphQLResponse;
use axum::Extension;
use axum::extract::{FromRequestParts, State};
use axum::response::IntoResponse;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::Deserialize;

use super::failure::{completed, refusal};
use super::mutation::BodyPermit;
use super::{AnnalsSchema, document};
use crate::auth::Permission;
use crate::caller::Caller;
use crate::context::Api;
use crate::error::ApiError;
use crate::rest::body;
use crate::router::RequestId;

/// Nesting of a request as sent.
const DEPTH_MAX: usize = 64;
/// Values in the request of a caller who may not record: filters, lists of ids.
const READER_VALUES_MAX: usize = 10_000;

/// What is sent.
#[derive(Deserialize)]
pub(super) struct Operation {
    #[serde(default)]
    query: String,
    #[serde(default, rename = "operationName")]
    operation_name: Option<String>,
    #[serde(default)]
    variables: Option<Variables>,
}

/// Values for the document's variables; as everywhere, no object may name a key twice.
#[derive(Deserialize)]
struct Variables(
    #[serde(deserialize_with = "annals_domain::json::object_without_repeated_keys")] JsonObject,
);

pub(super) async fn execute(
    State(api): State<Api>,
    Extension(schema): Extension<AnnalsSchema>,
    request: axum::extract::Request,
) -> axum::response::Response {
    let (mut parts, body) = request.into_parts();
    let id = parts.extensions.get::<RequestId>().map(|id| id.0.clone());
    let mut headers = HeaderMap::new();
    let (status, response) = match answer(&api, &schema, &mut parts, body).await {
        Ok(response) => (status_of(&response), response),
        Err(error) => {
            error.add_headers(&mut headers);
            (error.code.status(), refusal(&error))
        }
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
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(header::VARY, HeaderValue::from_static("accept"));
    let mut answer = GraphQLResponse::from(response).into_response();
    *answer.status_mut() = status;
    answer.headers_mut().extend(headers);
    answer
}

async fn answer(
    api: &Api,
    schema: &AnnalsSchema,
    parts: &mut http::request::Parts,
    body: axum::body::Body,
) -> Result<Response, ApiError> {
    let caller = Caller::from_request_parts(parts, api).await?;
    let headers = &parts.headers;
    body::require_media_type(headers, &["application/json"])?;
    let limits = &api.limits.request;
    let (bytes, permit) = match caller.principal.may(Permission::RecordEvents) {
        true => {
            let (bytes, permit) = body::read(api, headers, body, limits.graphql_bytes_max).await?;
            let weight = crate::weight::take(api, std::iter::once(&*bytes))?;
            (bytes, Some(BodyPermit::new(permit, weight)))
        }
        false => {
            let bytes_max = limits.graphql_reader_bytes_max;
            let bytes = body::read_question(api, headers, body, bytes_max).await?;
            check_values(&bytes)?;
            (bytes, None)
        }
    };
    check_depth(&bytes, DEPTH_MAX).map_err(ApiError::field)?;
    // The reader would also take a list, and its items for the fields in their order.
    if !bytes.trim_ascii_start().starts_with(b"{") {
        return Err(ApiError::bad_request(
            "the body is not a JSON object; send one request at a time",
        ));
    }
    let operation: Operation = serde_json::from_slice(&bytes).map_err(|error| {
        ApiError::bad_request(format!(
            "the body is not {{\"query\": …, \"variables\": …, \"operationName\": …}}: {error}"
        ))
    })?;
    drop(bytes);
    Ok(match prepared(api, operation) {
        Ok(request) => {
            let request = request.data(caller);
            let request = match permit {
                Some(permit) => request.data(permit),
                None => request,
            };
            schema.execute(request).await
        }
        Err(refused) => *refused,
    })
}

/// Bounds what a request without a permit, or a message on a socket, grows to.
pub(super) fn check_values(json: &[u8]) -> Result<(), ApiError> {
    if count_values(json) <= READER_VALUES_MAX {
        return Ok(());
    }
    let message = format!("the request holds more than {READER_VALUES_MAX} values");
    Err(ApiError::field(FieldError::new("", ErrorCode::TooLarge, message)))
}

/// Checks and parses an operation, of a POST or of a socket.
pub(super) fn prepared(api: &Api, operation: Operation) -> Result<Request, Box<Response>> {
    let parsed = document::checked(&operation.query, &api.limits.request)?;
    let mut request = Request::new(operation.query);
    request.set_parsed_query(parsed);
    request.operation_name = operation.operation_name;
    if let Some(Variables(variables)) = operation.variables {
        request.variables =
            async_graphql::Variables::from_json(serde_json::Value::Object(variables));
    }
    Ok(request)
}

const JSON: &str = "application/json";
const GRAPHQL_JSON: &str = "application/graphql-response+json";

fn media_type(headers: &HeaderMap) -> &'static str {
    let accept = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
    match accept.unwrap_or_default().split(',').any(accepts_graphql_json) {
        true => GRAPHQL_JSON,
        false => JSON,
    }
}

fn accepts_graphql_json(range: &str) -> bool {
    let mut parts = range.split(';').map(str::trim);
    let named = parts.next().is_some_and(|name| name.eq_ignore_ascii_case(GRAPHQL_JSON));
    let quality = parts.find_map(|part| part.strip_prefix("q=")?.parse::<f32>().ok());
    named && quality != Some(0.0)
}

/// 400 for a document that did not run, 200 for one that did, whatever came of its fields.
fn status_of(response: &Response) -> StatusCode {
    let ran = response.data != async_graphql::Value::Null
        || response.errors.iter().any(|error| !error.path.is_empty());
    if ran || response.errors.is_empty() { StatusCode::OK } else { StatusCode::BAD_REQUEST }
}

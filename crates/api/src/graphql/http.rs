//! GraphQL over HTTP: POST with a JSON body, GET for queries, and events for what has no end.
//!
//! A token is only ever taken from a header, which no other site can make a browser send; and only
//! `application/json` is read, which no other site's form can send. So there is nothing to forge.

use async_graphql::Response;
use async_graphql::parser::types::OperationType;
use async_graphql_axum::GraphQLResponse;
use axum::Extension;
use axum::extract::{FromRequestParts, Request, State};
use axum::response::IntoResponse;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use serde::Serialize;

use super::accept::{Accepted, Form, accepted};
use super::execution::{Executed, Prepared, execute, prepared};
use super::failure::{Refused, completed, did_not_run, refusal, refused_document};
use super::mutation::BodyPermit;
use super::operation::{Operation, check_values};
use super::{AnnalsSchema, socket, sse};
use crate::auth::Permission;
use crate::caller::Caller;
use crate::context::Api;
use crate::error::{ApiError, Code};
use crate::rest::body;
use crate::router::RequestId;

/// `POST /graphql`
pub(super) async fn post(
    State(api): State<Api>,
    Extension(schema): Extension<AnnalsSchema>,
    request: Request,
) -> axum::response::Response {
    answered(&api, &schema, request).await
}

/// `GET /graphql`: a query, or the beginning of a socket.
pub(super) async fn get(
    State(api): State<Api>,
    Extension(schema): Extension<AnnalsSchema>,
    request: Request,
) -> axum::response::Response {
    if !request.headers().contains_key(header::UPGRADE) {
        return answered(&api, &schema, request).await;
    }
    let (mut parts, _) = request.into_parts();
    socket::upgrade(api, schema, &mut parts).await.into_response()
}

/// Refuses a request before it came here, in the form that its client wants.
pub(crate) fn refused_request(request: &Request, error: &ApiError) -> axum::response::Response {
    let form = accepted(request.headers()).map_or(Form::Json, |accepted| accepted.form);
    let id = request.extensions().get::<RequestId>().and_then(|id| id.0.to_str().ok());
    refused(error, id, form)
}

async fn answered(api: &Api, schema: &AnnalsSchema, request: Request) -> axum::response::Response {
    let (mut parts, body) = request.into_parts();
    let accepted = accepted(&parts.headers);
    let id = parts.extensions.get::<RequestId>().map(|id| id.0.clone());
    let id = id.as_ref().and_then(|id| id.to_str().ok());
    let form = accepted.map_or(Form::Json, |accepted| accepted.form);
    match answer(api, schema, &mut parts, body, accepted).await {
        Ok(Answer::One(response)) => told(completed(*response, id), form),
        Ok(Answer::Events(events)) => events,
        Err(Refused::Document(response)) => told(completed(*response, id), form),
        Err(Refused::Request(error)) => refused(&error, id, form),
    }
}

enum Answer {
    One(Box<Response>),
    Events(axum::response::Response),
}

async fn answer(
    api: &Api,
    schema: &AnnalsSchema,
    parts: &mut Parts,
    body: axum::body::Body,
    accepted: Option<Accepted>,
) -> Result<Answer, Refused> {
    let caller = Caller::from_request_parts(parts, api).await?;
    let accepted = accepted.ok_or_else(|| {
        let message = "answers come as `application/graphql-response+json`, `application/json` or \
                       `text/event-stream`; name one of them in `Accept`";
        ApiError::new(Code::NotAcceptable, message)
    })?;
    let tenant = caller.principal.tenant.clone();
    let prepared = if parts.method == Method::POST {
        let (operation, permit) = sent(api, &caller, &parts.headers, body).await?;
        let prepared = prepared(api, schema, operation, &tenant)?;
        match permit {
            Some(permit) if prepared.kind() == OperationType::Mutation => {
                prepared.with_permit(permit)
            }
            _ => prepared,
        }
    } else {
        let operation = Operation::from_parameters(query_string(api, parts)?)?;
        let prepared = prepared(api, schema, operation, &tenant)?;
        if prepared.kind() == OperationType::Mutation {
            let message = "a mutation changes something, so it comes by POST";
            return Err(ApiError::new(Code::MethodNotAllowed, message).into());
        }
        prepared
    };
    if prepared.kind() == OperationType::Subscription {
        return events(api, schema, caller, prepared, accepted).await;
    }
    match execute(api, schema, caller, prepared).await {
        Executed::Answer(response) => Ok(Answer::One(response)),
        Executed::Stream(_) => Err(only_events().into()),
    }
}

async fn events(
    api: &Api,
    schema: &AnnalsSchema,
    caller: Caller,
    prepared: Prepared,
    accepted: Accepted,
) -> Result<Answer, Refused> {
    match accepted.events {
        true => Ok(Answer::Events(sse::stream(api, schema, caller, prepared).await?)),
        false => Err(only_events().into()),
    }
}

fn only_events() -> Box<Response> {
    let message = "a subscription has many answers: ask for it with `Accept: text/event-stream`, or \
                   over WebSocket";
    refused_document("GRAPHQL_VALIDATION_FAILED", message)
}

/// Reads the body of a POST, with the permit for its bytes if the caller may record.
async fn sent(
    api: &Api,
    caller: &Caller,
    headers: &HeaderMap,
    body: axum::body::Body,
) -> Result<(Operation, Option<BodyPermit>), ApiError> {
    body::require_media_type(headers, &["application/json"])?;
    require_utf_8(headers)?;
    let limits = &api.limits.request;
    if !caller.principal.may(Permission::RecordEvents) {
        let bytes_max = limits.graphql_reader_bytes_max;
        let bytes = body::read_question(api, headers, body, bytes_max).await?;
        check_values(&bytes)?;
        return Ok((Operation::from_body(&bytes)?, None));
    }
    let tenant = &caller.principal.tenant;
    let bytes_max = limits.graphql_bytes_max;
    let (bytes, permit) = body::read(api, tenant, headers, body, bytes_max).await?;
    let weight = crate::weight::take(api, tenant, std::iter::once(&*bytes))?;
    Ok((Operation::from_body(&bytes)?, Some(BodyPermit::new(permit, weight))))
}

fn require_utf_8(headers: &HeaderMap) -> Result<(), ApiError> {
    let told = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let parameters = told.unwrap_or_default().split(';').skip(1).filter_map(|p| p.split_once('='));
    let mut charsets = parameters.filter(|(name, _)| name.trim().eq_ignore_ascii_case("charset"));
    let is_utf_8 = |charset: &str| {
        let charset = charset.trim().trim_matches('"');
        charset.eq_ignore_ascii_case("utf-8") || charset.eq_ignore_ascii_case("utf8")
    };
    match charsets.all(|(_, charset)| is_utf_8(charset)) {
        true => Ok(()),
        false => Err(ApiError::new(Code::UnsupportedMediaType, "JSON is read as UTF-8 only")),
    }
}

fn query_string<'p>(api: &Api, parts: &'p Parts) -> Result<&'p str, ApiError> {
    let text = parts.uri.query().unwrap_or_default();
    let bytes_max = api.limits.request.graphql_reader_bytes_max;
    if text.len() > bytes_max {
        let message = format!("the query string is larger than {bytes_max} bytes; send a POST");
        return Err(ApiError::new(Code::TooLarge, message));
    }
    Ok(text)
}

/// A response as its client wants it: 400 for a document that did not run, if the client knows that
/// this may be; 200 for one that did, whatever came of its fields.
fn told(response: Response, form: Form) -> axum::response::Response {
    let status = match did_not_run(&response) && form == Form::GraphqlJson {
        true => StatusCode::BAD_REQUEST,
        false => StatusCode::OK,
    };
    if form == Form::Events {
        return sse::told(&response);
    }
    let mut answer = match did_not_run(&response) {
        // The library would write `"data": null`, which says that it ran.
        true => serde_json::to_vec(&Shown::of(&response)).unwrap_or_default().into_response(),
        false => GraphQLResponse::from(response).into_response(),
    };
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(form.media_type()));
    headers.insert(header::VARY, HeaderValue::from_static("accept"));
    answer
}

/// A request that never came to be an operation: its status tells, in every form.
fn refused(error: &ApiError, id: Option<&str>, form: Form) -> axum::response::Response {
    let form = if form == Form::Events { Form::Json } else { form };
    let mut answer = told(completed(refusal(error), id), form);
    *answer.status_mut() = error.code.status();
    error.add_headers(answer.headers_mut());
    if error.code == Code::MethodNotAllowed {
        answer.headers_mut().insert(header::ALLOW, HeaderValue::from_static("POST"));
    }
    answer
}

/// A response as it is written: without `data` when nothing ran.
#[derive(Serialize)]
pub(super) struct Shown<'r> {
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<&'r async_graphql::Value>,
    #[serde(skip_serializing_if = "<[async_graphql::ServerError]>::is_empty")]
    errors: &'r [async_graphql::ServerError],
    #[serde(skip_serializing_if = "std::collections::BTreeMap::is_empty")]
    extensions: &'r std::collections::BTreeMap<String, async_graphql::Value>,
}

impl<'r> Shown<'r> {
    pub(super) fn of(response: &'r Response) -> Self {
        let data = (!did_not_run(response)).then_some(&response.data);
        Self { data, errors: &response.errors, extensions: &response.extensions }
    }
}

//! Every address of the service, and what all answers have in common.

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, MethodRouter};
use http::{HeaderName, HeaderValue, header};
use tower_http::catch_panic::CatchPanicLayer;

use crate::auth::Permission;
use crate::caller::Caller;
use crate::context::Api;
use crate::credentials::relay;
use crate::error::{ApiError, Code};
use crate::rate_limits::Usage;
use crate::self_audit::{self, Interface};
use crate::server::Peer;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// An address of the service with what it takes to use it. Routers are made of tables of these and
/// of nothing else: an address without [`Access`] does not compile, and a test can walk every one.
pub struct Route {
    /// With which method.
    pub verb: Verb,
    /// As axum writes it: `{id}` stands for any one segment.
    pub path: &'static str,
    /// Who may use it.
    pub access: Access,
    /// What answers.
    pub(crate) handler: fn(MethodFilter) -> MethodRouter<Api>,
}

/// The methods that are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Verb {
    /// `GET`, and with it `HEAD`.
    Get,
    /// `POST`
    Post,
    /// `PUT`
    Put,
    /// `DELETE`
    Delete,
}

impl Verb {
    /// As requests write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Delete => "DELETE",
        }
    }

    fn filter(self) -> MethodFilter {
        match self {
            Self::Get => MethodFilter::GET,
            Self::Post => MethodFilter::POST,
            Self::Put => MethodFilter::PUT,
            Self::Delete => MethodFilter::DELETE,
        }
    }
}

/// Who may use an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Everybody, without saying who they are.
    Open,
    /// Whoever holds one of these permissions.
    Needs(&'static [Permission]),
    /// Whoever is recognised: each field has a permission of its own.
    ByField,
    /// The same, for whoever opens a socket: browsers cannot set its headers and say who they are
    /// later. Its handler asks.
    ByFieldOrSocket,
    /// Whoever opens a socket, of whom its handler asks for one of these permissions.
    Socket(&'static [Permission]),
}

/// Every address of the service.
pub fn routes() -> impl Iterator<Item = &'static Route> {
    crate::rest::ROUTES.iter().chain(crate::graphql::ROUTES)
}

/// All routes with what every answer has in common.
pub fn router(api: Api) -> Router {
    let web = api.web.clone();
    let router = Router::new().fallback(async || ApiError::not_found("page"));
    let router = routes()
        .fold(router, |router, route| {
            let handler = (route.handler)(route.verb.filter());
            let gate = Gate { api: api.clone(), access: route.access, path: route.path };
            router.route(route.path, handler.layer(middleware::from_fn_with_state(gate, enter)))
        })
        .method_not_allowed_fallback(no_such_method)
        .layer(axum::Extension(crate::graphql::schema(&api)))
        .layer(axum::Extension(crate::rest::Document::of(&api)))
        .layer(middleware::from_fn(crate::layers::negotiation::apply))
        .with_state(api)
        .layer(CatchPanicLayer::custom(|_| {
            let error = ApiError::new(Code::Internal, "a fault on our side; please tell us");
            error.into_response()
        }))
        .layer(middleware::from_fn(crate::rate_limits::tell));
    crate::layers::around(router, &web).layer(middleware::from_fn(common_headers))
}

/// Which methods there are, the router writes into `Allow`; `OPTIONS` asks for nothing else.
async fn no_such_method(method: http::Method) -> Response {
    match method {
        http::Method::OPTIONS => http::StatusCode::NO_CONTENT.into_response(),
        _ => {
            ApiError::new(Code::MethodNotAllowed, "this address has no such method").into_response()
        }
    }
}

/// Stands before a handler.
#[derive(Clone)]
struct Gate {
    api: Api,
    access: Access,
    path: &'static str,
}

/// Lets a caller in who may use the address, and lets the answer out once it is recorded what it
/// shows of others.
async fn enter(State(gate): State<Gate>, mut request: Request, next: Next) -> Response {
    let opens_socket = request.headers().contains_key(header::UPGRADE);
    let needed = match gate.access {
        Access::Open | Access::Socket(_) => return next.run(request).await,
        Access::ByFieldOrSocket if opens_socket => return next.run(request).await,
        Access::ByField | Access::ByFieldOrSocket => None,
        Access::Needs(permissions) => Some(permissions),
    };
    let caller = match admitted(&gate.api, needed, &mut request).await {
        Ok(caller) => caller,
        Err(error) if gate.path == "/graphql" => return crate::graphql::refused(&request, &error),
        Err(error) => return error.into_response(),
    };
    let response = next.run(request).await;
    let interface = if gate.path == "/graphql" { Interface::Graphql } else { Interface::Rest };
    match self_audit::settle(&gate.api, &caller, interface).await {
        Ok(()) => response,
        Err(error) => error.into_response(),
    }
}

async fn admitted(
    api: &Api,
    needed: Option<&[Permission]>,
    request: &mut Request,
) -> Result<Caller, ApiError> {
    let peer = request.extensions().get::<Peer>().copied();
    let headers = request.headers();
    let shown = headers.get(header::AUTHORIZATION).map(HeaderValue::as_bytes).unwrap_or_default();
    // Tokens of browsers are good at the one address that is made for them, and no others are.
    let recognise = async {
        match needed {
            Some([Permission::RelayEvents]) => relay::principal(api, headers),
            _ => api.principal(headers).await,
        }
    };
    let principal = api.rate_limits.recognise(peer, shown, recognise).await?;
    let extensions = request.extensions();
    let usage = extensions.get::<Usage>().cloned().unwrap_or_default();
    let id = extensions.get::<RequestId>().and_then(|id| Some(id.0.to_str().ok()?.to_owned()));
    let caller = Caller::counted(api, principal, usage).await?.with_request_id(id);
    if let Some(needed) = needed {
        caller.principal.require_one_of(needed)?;
    }
    request.extensions_mut().insert(caller.clone());
    Ok(caller)
}

/// Names a request, in its answer and in the log.
#[derive(Clone)]
pub(crate) struct RequestId(pub(crate) HeaderValue);

/// Gives every answer an id to speak about, and tells browsers not to guess or keep it.
async fn common_headers(mut request: Request, next: Next) -> Response {
    let id = request.headers().get(&REQUEST_ID).filter(|id| is_request_id(id)).cloned();
    let id = id.unwrap_or_else(|| {
        let id = uuid::Uuid::now_v7().simple().to_string();
        HeaderValue::from_str(&id).expect("hexadecimal digits are a header value")
    });
    request.extensions_mut().insert(RequestId(id.clone()));
    let may_be_left_unread = has_long_body(&request);
    let mut response = next.run(request).await;
    let refused = response.status().is_client_error() || response.status().is_server_error();
    let headers = response.headers_mut();
    if refused && may_be_left_unread {
        // What is left of the body is not read: the connection ends here, and a client that does
        // not know would send its next request into nothing.
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    headers.insert(REQUEST_ID, id);
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("private, no-store"));
    response
}

/// Whether the body does not come with the headers; HTTP/2 can end a request by itself.
fn has_long_body(request: &Request) -> bool {
    const BYTES_MAX: u64 = 16 * 1024;
    let told = request.headers().get(header::CONTENT_LENGTH);
    let told = told.and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    let chunked = request.headers().contains_key(header::TRANSFER_ENCODING);
    request.version() < http::Version::HTTP_2 && (chunked || told.is_some_and(|n| n > BYTES_MAX))
}

fn is_request_id(value: &HeaderValue) -> bool {
    let bytes = value.as_bytes();
    (1..=128).contains(&bytes.len())
        && bytes.iter().all(|b| b.is_ascii_alphanumeric() || b"-_.:/+=".contains(b))
}

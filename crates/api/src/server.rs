//! Accepting connections: bounded in number and in time, and closed in order.
//!
//! `axum::serve` sets no time limit for headers and no bound for connections, so the loop is our
//! own, on hyper.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::MethodRouter;
use http::{HeaderName, HeaderValue, header};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;
use tower_http::catch_panic::CatchPanicLayer;
use tracing::{debug, warn};

use crate::context::Api;
use crate::error::{ApiError, Code};

/// How long requests and sockets may take to finish when the service stops.
const DRAIN: Duration = Duration::from_secs(10);
/// How long the loop rests when no connection can be accepted (no descriptors left).
const ACCEPT_REST: Duration = Duration::from_millis(100);

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// An address of the service. Routers are made of tables of these and of nothing else, so that a
/// test can walk every one.
pub struct Route {
    /// As axum writes it: `{id}` stands for any one segment.
    pub path: &'static str,
    /// Whether it answers callers who do not say who they are.
    pub open: bool,
    /// What answers.
    pub(crate) handlers: fn() -> MethodRouter<Api>,
}

/// Every address of the service.
pub fn routes() -> impl Iterator<Item = &'static Route> {
    crate::rest::ROUTES.iter().chain(crate::graphql::ROUTES)
}

/// All routes with what every answer has in common.
pub fn router(api: Api) -> Router {
    let router = Router::new().fallback(async || ApiError::not_found("page"));
    routes()
        .fold(router, |router, route| router.route(route.path, (route.handlers)()))
        .method_not_allowed_fallback(async || {
            ApiError::new(Code::MethodNotAllowed, "this address has no such method")
        })
        .layer(axum::Extension(crate::graphql::schema(&api)))
        .with_state(api)
        .layer(CatchPanicLayer::custom(|_| {
            let error = ApiError::new(Code::Internal, "a fault on our side; please tell us");
            axum::response::IntoResponse::into_response(error)
        }))
        .layer(middleware::from_fn(crate::rate_limits::tell))
        .layer(middleware::from_fn(common_headers))
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

/// A connection's place among those that may be open at once. It lies with every request, so that
/// a socket can keep it: hyper regards a connection that was upgraded as ended.
#[derive(Clone)]
pub(crate) struct Place {
    /// Held for its end alone.
    _place: Arc<OwnedSemaphorePermit>,
}

/// Serves until `api.stopping` says so; then takes no more connections, lets requests and sockets
/// finish, and returns.
pub async fn serve(listener: TcpListener, api: Api) {
    let app = router(Arc::clone(&api));
    let limits = &api.limits.request;
    let places = Arc::new(Semaphore::new(limits.connections_max));
    let graceful = GracefulShutdown::new();
    let header_patience = Duration::from_secs(limits.header_seconds_max);
    let builder = builder(header_patience);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = api.stopping.cancelled() => break,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                warn!(%error, "cannot accept connections");
                tokio::time::sleep(ACCEPT_REST).await;
                continue;
            }
        };
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
            metrics::counter!("annals_connections_refused_total").increment(1);
            continue;
        };
        let place = Place { _place: Arc::new(place) };
        converse(stream, &builder, &graceful, app.clone(), place, header_patience);
    }
    drop(listener);
    let all = u32::try_from(limits.connections_max).unwrap_or(u32::MAX);
    let drained = async {
        graceful.shutdown().await;
        // Sockets are known by their places alone; the semaphore is never closed.
        let _ = places.acquire_many(all).await;
    };
    if tokio::time::timeout(DRAIN, drained).await.is_err() {
        warn!("some requests did not finish in time and were cut off");
    }
}

/// Answers the requests of a connection.
fn converse(
    stream: TcpStream,
    builder: &Builder<TokioExecutor>,
    graceful: &GracefulShutdown,
    app: Router,
    place: Place,
    header_patience: Duration,
) {
    // Small answers must not wait for more to fill a packet.
    if let Err(error) = stream.set_nodelay(true) {
        debug!(%error, "a connection is gone already");
    }
    let begun = CancellationToken::new();
    let service = hyper::service::service_fn({
        let begun = begun.clone();
        move |request: hyper::Request<_>| {
            begun.cancel();
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(place.clone());
            app.clone().oneshot(request)
        }
    });
    let connection = builder.serve_connection_with_upgrades(TokioIo::new(stream), service);
    let connection = graceful.watch(connection.into_owned());
    tokio::spawn(async move {
        let mut connection = pin!(connection);
        tokio::select! {
            ended = &mut connection => {
                if let Err(error) = ended {
                    debug!(%error, "a connection ended early");
                }
            }
            () = silence(header_patience, begun) => debug!("a connection said nothing"),
        }
    });
}

/// Resolves when no request has begun in time. hyper's own patience begins only after it has seen
/// which version of HTTP is spoken, and in HTTP/2 not at all.
async fn silence(patience: Duration, begun: CancellationToken) {
    if tokio::time::timeout(patience, begun.cancelled()).await.is_ok() {
        std::future::pending().await
    }
}

fn builder(header_patience: Duration) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(header_patience);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(100)
        .max_pending_accept_reset_streams(20)
        .keep_alive_interval(Duration::from_secs(30));
    builder
}

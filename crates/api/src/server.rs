//! Accepting connections: bounded in number and in time, and closed in order.
//!
//! `axum::serve` sets no time limit for headers and no bound for connections, so the loop is our
//! own, on hyper.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::middleware::{self, Next};
use axum::response::Response;
use http::{HeaderName, HeaderValue, header};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tower::ServiceExt;
use tower_http::catch_panic::CatchPanicLayer;
use tracing::{debug, warn};

use crate::context::Api;
use crate::error::{ApiError, Code};

/// How long requests under way may take to finish when the service stops.
const DRAIN: Duration = Duration::from_secs(10);
/// How long the loop rests when no connection can be accepted (no descriptors left).
const ACCEPT_REST: Duration = Duration::from_millis(100);
/// How often sockets look whether the service stops.
const STOP_CHECK: Duration = Duration::from_millis(200);

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// All routes with what every answer has in common.
pub fn router(api: Api) -> Router {
    crate::rest::routes()
        .merge(crate::graphql::routes(&api))
        .with_state(api)
        .layer(CatchPanicLayer::custom(|_| {
            let error = ApiError::new(Code::Internal, "a fault on our side; please tell us");
            axum::response::IntoResponse::into_response(error)
        }))
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
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(REQUEST_ID, id);
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("private, no-store"));
    response
}

fn is_request_id(value: &HeaderValue) -> bool {
    let bytes = value.as_bytes();
    (1..=128).contains(&bytes.len())
        && bytes.iter().all(|b| b.is_ascii_alphanumeric() || b"-_.:/+=".contains(b))
}

/// Resolves when the service begins to stop.
pub(crate) async fn stopping(api: &Api) {
    while !api.stopping.load(Ordering::Relaxed) {
        tokio::time::sleep(STOP_CHECK).await;
    }
}

/// Serves until `stop` says so; then takes no more connections, lets requests under way finish,
/// and returns.
pub async fn serve(listener: TcpListener, api: Api, mut stop: watch::Receiver<bool>) {
    let app = router(Arc::clone(&api));
    let limits = &api.limits.request;
    let places = Arc::new(Semaphore::new(limits.connections_max));
    let graceful = GracefulShutdown::new();
    let builder = builder(Duration::from_secs(limits.header_seconds_max));
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stop.wait_for(|stop| *stop) => break,
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
        // Small answers must not wait for more to fill a packet.
        if let Err(error) = stream.set_nodelay(true) {
            debug!(%error, "a connection is gone already");
        }
        let app = app.clone();
        let service = hyper::service::service_fn(move |request: hyper::Request<_>| {
            app.clone().oneshot(request.map(Body::new))
        });
        let connection = builder.serve_connection_with_upgrades(TokioIo::new(stream), service);
        let connection = graceful.watch(connection.into_owned());
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                debug!(%error, "a connection ended early");
            }
            drop(place);
        });
    }
    drop(listener);
    api.stopping.store(true, Ordering::Relaxed);
    if tokio::time::timeout(DRAIN, graceful.shutdown()).await.is_err() {
        warn!("some requests did not finish in time and were cut off");
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

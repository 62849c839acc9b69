//! Accepting connections: bounded in number and in time, and closed in order.
//!
//! `axum::serve` sets no time limit for headers and no bound for connections, so the loop is our
//! own, on hyper.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;
use tracing::{debug, warn};

use crate::context::Api;
use crate::router::router;

/// How long requests and sockets may take to finish when the service stops.
const DRAIN: Duration = Duration::from_secs(10);
/// How long the loop rests when no connection can be accepted (no descriptors left).
const ACCEPT_REST: Duration = Duration::from_millis(100);

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

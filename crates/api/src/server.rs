//! Accepting connections: bounded in number and in time, and closed in order.
//!
//! `axum::serve` sets no time limit for headers and no bound for connections, so the loop is our
//! own, on hyper.

mod activity;
mod bodies;
mod clients;
mod pace;
mod places;
mod stream;

use std::net::IpAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use annals_domain::limits::RequestLimits;
use axum::Router;
use axum::body::Body;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Instant;
use tower::ServiceExt;
use tracing::{debug, warn};

use crate::context::Api;
use crate::router::router;
use activity::{Activity, Cut, Patience};
use pace::Pace;
use places::Places;
use stream::Watched;

pub(crate) use bodies::is_too_slow;
pub use clients::{InvalidProxy, TrustedProxies};
pub(crate) use clients::{Peer, network_of};
pub(crate) use places::Place;

/// How long requests and sockets may take to finish when the service stops.
const DRAIN: Duration = Duration::from_secs(10);
/// How long the loop rests when no connection can be accepted (no descriptors left).
const ACCEPT_REST: Duration = Duration::from_millis(100);
/// A patience is at its end up to this part of it late.
const LOOKS: u32 = 8;
/// HTTP/2: what a client may have sent that nobody read yet, on all streams of a connection.
const WINDOW_BYTES: u32 = 256 * 1024;
/// HTTP/2: headers of one request, spread over however many frames.
const HEADER_BYTES_MAX: u32 = 32 * 1024;
/// HTTP/2: requests of a connection at once.
const STREAMS_MAX: u32 = 100;
/// HTTP/2: requests taken back before they were looked at, or refused as faulty, until the
/// connection ends.
const RESETS_MAX: usize = 20;

/// Serves until `api.stopping` says so; then takes no more connections, lets requests and sockets
/// finish, and returns.
pub async fn serve(listener: TcpListener, api: Api) {
    serve_behind(listener, api, TrustedProxies::default()).await;
}

/// The same behind proxies, whose word is taken for whom they speak.
pub async fn serve_behind(listener: TcpListener, api: Api, proxies: TrustedProxies) {
    let limits = &api.limits.request;
    let places = Places::new(limits.connections_max, limits.peer_connections_max);
    let graceful = GracefulShutdown::new();
    let manners = Arc::new(Manners::new(router(Arc::clone(&api)), limits, proxies));
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = api.stopping.cancelled() => break,
        };
        let (stream, peer) = match accepted {
            Ok((stream, peer)) => (stream, peer.ip()),
            Err(error) => {
                warn!(%error, "cannot accept connections");
                tokio::time::sleep(ACCEPT_REST).await;
                continue;
            }
        };
        let trusted = manners.proxies.hold(peer.to_canonical());
        if let Some(place) = places.take(peer, trusted) {
            converse(stream, peer, Arc::clone(&manners), &graceful, place);
        }
    }
    drop(listener);
    let drained = async {
        graceful.shutdown().await;
        // Sockets are known by their places alone.
        places.all_free().await;
    };
    if tokio::time::timeout(DRAIN, drained).await.is_err() {
        warn!("some requests did not finish in time and were cut off");
    }
}

/// What all connections have in common.
struct Manners {
    app: Router,
    proxies: TrustedProxies,
    builder: Builder<TokioExecutor>,
    patience: Patience,
    receiving: Pace,
    sending: Pace,
}

impl Manners {
    fn new(app: Router, limits: &RequestLimits, proxies: TrustedProxies) -> Self {
        let patience = Patience {
            headers: Duration::from_secs(limits.header_seconds_max),
            idle: Duration::from_secs(limits.idle_seconds_max),
        };
        let grace = Duration::from_secs(limits.stall_seconds_max);
        let pace = |bytes_per_second_min| Pace { grace, bytes_per_second_min };
        Self {
            app,
            proxies,
            builder: builder(patience),
            patience,
            receiving: pace(limits.body_bytes_per_second_min),
            sending: pace(limits.answer_bytes_per_second_min),
        }
    }

    /// Answers one request.
    async fn answer(
        &self,
        request: http::Request<Incoming>,
        (peer, place): (IpAddr, Place),
        activity: &Activity,
    ) -> Result<http::Response<bodies::Answer>, std::convert::Infallible> {
        let in_flight = activity.begins(request.version());
        let client = self.proxies.client(peer, request.headers());
        let mut request = request.map(|body| Body::new(bodies::Paced::new(body, self.receiving)));
        request.extensions_mut().insert(place);
        request.extensions_mut().insert(Peer(client));
        let response = self.app.clone().oneshot(request).await?;
        Ok(response.map(|body| bodies::Answer::new(body, in_flight)))
    }
}

/// Answers the requests of a connection.
fn converse(
    stream: TcpStream,
    peer: IpAddr,
    manners: Arc<Manners>,
    graceful: &GracefulShutdown,
    place: Place,
) {
    // Small answers must not wait for more to fill a packet.
    if let Err(error) = stream.set_nodelay(true) {
        debug!(%error, "a connection is gone already");
    }
    let (patience, activity) = (manners.patience, Activity::new(Instant::now()));
    let stream = Watched::new(stream, activity.clone(), manners.sending);
    let service = hyper::service::service_fn({
        let (manners, activity) = (Arc::clone(&manners), activity.clone());
        move |request| {
            let (manners, activity, place) = (manners.clone(), activity.clone(), place.clone());
            async move { manners.answer(request, (peer, place), &activity).await }
        }
    });
    let connection = manners.builder.serve_connection_with_upgrades(TokioIo::new(stream), service);
    let connection = graceful.watch(connection.into_owned());
    tokio::spawn(async move {
        let mut connection = pin!(connection);
        tokio::select! {
            ended = &mut connection => {
                if let Err(error) = ended {
                    debug!(%error, "a connection ended early");
                }
            }
            cut = silence(&activity, patience) => {
                metrics::counter!("annals_connections_cut_total", "reason" => cut.as_str())
                    .increment(1);
                debug!(reason = cut.as_str(), "a connection was cut off");
            }
        }
    });
}

/// Resolves when the connection was silent for too long.
async fn silence(activity: &Activity, patience: Patience) -> Cut {
    let look = patience.headers.min(patience.idle) / LOOKS;
    let mut looks = tokio::time::interval(look.max(Duration::from_millis(10)));
    looks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        looks.tick().await;
        if let Some(cut) = activity.cut(Instant::now(), patience) {
            return cut;
        }
    }
}

fn builder(patience: Patience) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    // Ours is told apart; hyper's begins with the rest before a request.
    let headers = patience.idle.saturating_add(patience.headers);
    builder.http1().timer(TokioTimer::new()).header_read_timeout(headers);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS_MAX)
        .max_pending_accept_reset_streams(RESETS_MAX)
        .max_local_error_reset_streams(RESETS_MAX)
        .max_header_list_size(HEADER_BYTES_MAX)
        .initial_stream_window_size(WINDOW_BYTES)
        .initial_connection_window_size(WINDOW_BYTES)
        .keep_alive_interval(Duration::from_secs(30));
    builder
}

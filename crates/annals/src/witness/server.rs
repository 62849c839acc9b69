//! `POST /add-checkpoint` over HTTP/1, bounded in number, in bytes and in time.

use std::future::ready;
use std::sync::Arc;
use std::time::Duration;

use annals_tlog::witness::REQUEST_LEN_MAX;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use jiff::Timestamp;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use tracing::{debug, error, warn};

use super::desk::{Desk, DeskError};

/// Connections at once. Others wait in the system's own queue.
const CONNECTIONS_MAX: u32 = 64;
/// A connection is for one request, and is over after this time.
const CONNECTION_PATIENCE: Duration = Duration::from_secs(10);
/// How long the loop rests when no connection can be accepted.
const ACCEPT_REST: Duration = Duration::from_millis(100);
/// How long requests may take to finish when the witness stops.
const DRAIN: Duration = Duration::from_secs(5);

/// Serves until told to stop.
pub(super) async fn serve(
    listener: TcpListener,
    desk: Arc<Desk>,
    key: &str,
    stopped: impl Future<Output = ()>,
) {
    let router = router(desk, key);
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX as usize));
    let accepting = async {
        loop {
            let place = Arc::clone(&places).acquire_owned().await;
            let place = place.expect("nobody closes the semaphore");
            match listener.accept().await {
                Ok((stream, _)) => converse(stream, router.clone(), place),
                Err(error) => {
                    warn!(%error, "cannot accept connections");
                    tokio::time::sleep(ACCEPT_REST).await;
                }
            }
        }
    };
    tokio::select! {
        () = accepting => {}
        () = stopped => {}
    }
    let drained = places.acquire_many(CONNECTIONS_MAX);
    if timeout(DRAIN, drained).await.is_err() {
        warn!("some requests did not finish in time and were cut off");
    }
}

fn router(desk: Arc<Desk>, key: &str) -> Router {
    let about = format!("a witness of logs (C2SP tlog-witness)\n{key}\n");
    Router::new()
        .route("/add-checkpoint", post(add_checkpoint))
        .layer(DefaultBodyLimit::max(REQUEST_LEN_MAX))
        .route("/", get(move || ready(about)))
        .route("/healthz", get(|| ready("ok\n")))
        .with_state(desk)
}

fn converse(stream: TcpStream, router: Router, place: OwnedSemaphorePermit) {
    tokio::spawn(async move {
        let mut builder = http1::Builder::new();
        builder.timer(TokioTimer::new()).header_read_timeout(CONNECTION_PATIENCE).keep_alive(false);
        let service = TowerToHyperService::new(router);
        let connection = builder.serve_connection(TokioIo::new(stream), service);
        match timeout(CONNECTION_PATIENCE, connection).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => debug!(%error, "a connection ended early"),
            Err(_) => debug!("a connection took too long and was cut off"),
        }
        drop(place);
    });
}

async fn add_checkpoint(State(desk): State<Arc<Desk>>, body: Bytes) -> Response {
    let time = u64::try_from(Timestamp::now().as_second()).unwrap_or(0);
    let answer = tokio::task::spawn_blocking(move || desk.answer(&body, time)).await;
    let answer = answer.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()));
    match answer {
        Ok(answer) => {
            let status = StatusCode::from_u16(answer.status());
            let status = status.expect("the specification's statuses are statuses");
            debug!(status = status.as_u16(), "answered");
            (status, [(header::CONTENT_TYPE, answer.content_type())], answer.body()).into_response()
        }
        Err(DeskError::Request(error)) => {
            (StatusCode::BAD_REQUEST, format!("{error}\n")).into_response()
        }
        Err(error) => {
            error!(error = &error as &dyn std::error::Error, "no cosignature was given");
            let body = "the witness cannot cosign now\n";
            (StatusCode::INTERNAL_SERVER_ERROR, body).into_response()
        }
    }
}

#[cfg(test)]
mod tests;

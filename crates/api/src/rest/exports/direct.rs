//! `GET /api/v1/logs/export?format=…&q=…`: events straight into the answer.
//!
//! Whoever reads slowly slows the export down, and nobody holds it up for ever. What a manifest tells
//! is in the trailers. An answer that is not whole is broken off, so that no client takes it for whole.

use annals_engine::{DirectExport, Form};
use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, header};
use http_body_util::StreamBody;
use hyper::body::Frame;
use tokio::sync::mpsc;

use super::order::Asked;
use crate::caller::Caller;
use crate::context::Api;
use crate::error::ApiError;
use crate::exporting::{self, Step, Taken};

/// Pieces that wait for the reader.
const WAITING_MAX: usize = 1;

const UNTIL: HeaderName = HeaderName::from_static("annals-export-until");
const EVENTS: HeaderName = HeaderName::from_static("annals-export-events");
const BYTES: HeaderName = HeaderName::from_static("annals-export-bytes");
const SHA256: HeaderName = HeaderName::from_static("annals-export-sha256");

/// The answer was broken off.
#[derive(Debug, thiserror::Error)]
#[error("the export was broken off")]
struct BrokenOff;

/// `GET /api/v1/logs/export`
pub(in crate::rest) async fn export(
    State(api): State<Api>,
    caller: Caller,
    RawQuery(query): RawQuery,
) -> Result<Response, ApiError> {
    let exports = exporting::exports(&api)?;
    let asked = Asked::of_query(query.as_deref().unwrap_or_default(), &api)?;
    let Asked { form, filter, min_position } = asked;
    if form == Form::Bundle {
        let message =
            "an evidence bundle is written as a job; ask for it with POST /api/v1/exports";
        return Err(ApiError::bad_request(message));
    }
    let (order, shape) = exporting::order(&api, &caller, filter, form, min_position).await?;
    let until = api.cursors.position(order.until);
    let export = exports.direct(order).await?.map_err(|error| {
        tracing::error!(error = &error as &dyn std::error::Error, "an export cannot be begun");
        ApiError::new(crate::error::Code::Internal, "the export failed; try again")
    })?;
    let taken = Taken { step: Step::Direct, form, shape, job: None };
    exporting::record(&api, &caller, taken).await?;
    let mut response = Body::new(StreamBody::new(frames(api, export))).into_response();
    let headers = response.headers_mut();
    headers.extend(file_headers(form));
    headers.insert(
        header::TRAILER,
        HeaderValue::from_static("annals-export-events, annals-export-bytes, annals-export-sha256"),
    );
    if let Ok(until) = HeaderValue::try_from(until) {
        headers.insert(UNTIL, until);
    }
    Ok(response)
}

/// What tells browsers that this is a file.
pub(super) fn file_headers(form: Form) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(form.media_type()));
    let name = format!("attachment; filename=\"annals-events.{}\"", form.ending());
    if let Ok(name) = HeaderValue::try_from(name) {
        headers.insert(header::CONTENT_DISPOSITION, name);
    }
    headers
}

/// The frames of the answer, made by a task of their own, so that its time limit holds also while
/// nobody reads.
fn frames(
    api: Api,
    export: DirectExport,
) -> impl futures_util::Stream<Item = Result<Frame<Bytes>, BrokenOff>> {
    let (sender, receiver) = mpsc::channel(WAITING_MAX);
    tokio::spawn(send(api, export, sender));
    futures_util::stream::unfold(Some(receiver), async |receiver| {
        let mut receiver = receiver?;
        match receiver.recv().await {
            // The trailers are the last frame.
            Some(frame) if frame.is_trailers() => Some((Ok(frame), None)),
            Some(frame) => Some((Ok(frame), Some(receiver))),
            None => Some((Err(BrokenOff), None)),
        }
    })
}

async fn send(api: Api, mut export: DirectExport, sender: mpsc::Sender<Frame<Bytes>>) {
    let deadline = export.deadline();
    loop {
        let next = tokio::select! {
            () = api.stopping.cancelled() => return,
            () = sender.closed() => return,
            next = export.next() => next,
        };
        let frame = match next {
            Ok(Some(bytes)) => Frame::data(bytes),
            Ok(None) => Frame::trailers(trailers(&export)),
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, "an export was broken off");
                return;
            }
        };
        let last = frame.is_trailers();
        let sent = tokio::time::timeout_at(deadline, sender.send(frame)).await;
        if last || !matches!(sent, Ok(Ok(()))) {
            return;
        }
    }
}

fn trailers(export: &DirectExport) -> HeaderMap {
    let mut trailers = HeaderMap::new();
    if let Some(facts) = export.facts() {
        trailers.insert(EVENTS, facts.events.into());
        trailers.insert(BYTES, facts.bytes.into());
        if let Ok(sha256) = HeaderValue::try_from(facts.sha256.as_str()) {
            trailers.insert(SHA256, sha256);
        }
    }
    trailers
}

//! `GET /api/v1/exports/{id}/file`: the file, whole or in part, for whoever asked for it.

use std::fs::File;
use std::io::{self, Read};

use annals_domain::access::shape_of;
use annals_domain::filter::Filter;
use annals_engine::{ExportFile, ExportJob};
use annals_record::sealed_file::SealedReader;
use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};

use super::super::parse_query;
use super::direct::file_headers;
use super::range::{Wanted, wanted};
use super::{find, not_found, require_same_rights};
use crate::auth::Principal;
use crate::caller::Caller;
use crate::context::Api;
use crate::error::{ApiError, Code};
use crate::exporting::{self, Step, Taken};

/// Bytes read from the file at once.
const CHUNK_BYTES: u64 = 256 * 1024;

/// `GET /api/v1/exports/{id}/file`
pub(in crate::rest) async fn download(
    State(api): State<Api>,
    caller: Caller,
    headers: HeaderMap,
    id: Result<Path<String>, PathRejection>,
) -> Result<Response, ApiError> {
    let job = find(&api, &caller, id)?;
    let file = exporting::exports(&api)?.file(&exporting::requester(&caller)?, job.id);
    let file = file.ok_or_else(not_found)?;
    require_same_rights(&caller, &file.job)?;
    let (mut file, job) = opened(file).await?;
    let tag = format!("\"{}\"", job.sha256.as_deref().unwrap_or_default());
    let part = wanted(range(&headers, &tag), job.bytes);
    let (status, from, length) = match part {
        Wanted::Whole => (StatusCode::OK, 0, job.bytes),
        Wanted::Part { from, to } => (StatusCode::PARTIAL_CONTENT, from, to - from + 1),
        Wanted::Outside => return Ok(outside(job.bytes)),
    };
    file.go_to(from);
    exporting::record(&api, &caller, taken(&api, &job)).await?;
    let chunks = chunks(api, caller.principal, file, length);
    let mut response = (status, Body::from_stream(chunks)).into_response();
    let headers = response.headers_mut();
    headers.extend(file_headers(job.form));
    headers.insert(header::CONTENT_LENGTH, length.into());
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    if let Ok(tag) = HeaderValue::try_from(tag) {
        headers.insert(header::ETAG, tag);
    }
    if status == StatusCode::PARTIAL_CONTENT {
        let place = format!("bytes {from}-{}/{}", from + length - 1, job.bytes);
        if let Ok(place) = HeaderValue::try_from(place) {
            headers.insert(header::CONTENT_RANGE, place);
        }
    }
    Ok(response)
}

/// Opens the file as far as it is read.
async fn opened(file: ExportFile) -> Result<(SealedReader<File>, ExportJob), ApiError> {
    let ExportFile { job, .. } = file.clone();
    let opening = tokio::task::spawn_blocking(move || file.open()).await;
    match opening.unwrap_or_else(|_| Err(io::Error::other("a fault"))) {
        Ok(file) => Ok((file, job)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(not_found()),
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "an export cannot be read");
            Err(ApiError::new(Code::Internal, "the file cannot be read"))
        }
    }
}

/// The range that is asked for, if it is asked for of this very file.
fn range<'a>(headers: &'a HeaderMap, tag: &str) -> Option<&'a str> {
    let same = headers.get(header::IF_RANGE).is_none_or(|known| known.as_bytes() == tag.as_bytes());
    headers.get(header::RANGE).filter(|_| same)?.to_str().ok()
}

fn outside(length: u64) -> Response {
    let message = format!("the file has {length} bytes; ask for some of them");
    let error = ApiError::new(Code::RangeNotSatisfiable, message);
    let mut response = error.into_response();
    if let Ok(place) = HeaderValue::try_from(format!("bytes */{length}")) {
        response.headers_mut().insert(header::CONTENT_RANGE, place);
    }
    response
}

fn taken(api: &Api, job: &ExportJob) -> Taken {
    // It was read before; what cannot be read any more has no shape that could be told.
    let filter = parse_query(&job.query, api).unwrap_or(Filter::All);
    Taken {
        step: Step::Downloaded,
        form: job.form,
        shape: shape_of(&filter),
        job: Some((job.id, job.events)),
    }
}

/// The next bytes of a file, so many in all, for as long as the caller may come in.
fn chunks(
    api: Api,
    principal: Principal,
    file: SealedReader<File>,
    length: u64,
) -> impl futures_util::Stream<Item = io::Result<Bytes>> {
    futures_util::stream::try_unfold((file, length), move |(file, left)| {
        let holds = api.still_holds(&principal);
        async move {
            if left == 0 {
                return Ok(None);
            }
            if !holds {
                return Err(io::Error::other("the caller's access has ended"));
            }
            let reading = tokio::task::spawn_blocking(move || read(file, left)).await;
            let (chunk, file) = reading.unwrap_or_else(|_| Err(io::Error::other("a fault")))?;
            let left = left - chunk.len() as u64;
            Ok(Some((chunk, (file, left))))
        }
    })
}

/// The next bytes, at least one.
fn read(mut file: SealedReader<File>, left: u64) -> io::Result<(Bytes, SealedReader<File>)> {
    let mut chunk = vec![0; left.min(CHUNK_BYTES) as usize];
    match file.read(&mut chunk) {
        Ok(0) => Err(io::Error::other("the file is shorter than it was")),
        Ok(read) => {
            chunk.truncate(read);
            Ok((chunk.into(), file))
        }
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "an export cannot be read");
            Err(error)
        }
    }
}

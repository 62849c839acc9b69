//! `GET /api/v1/exports/{id}/file`: the file, whole or in part, for whoever asked for it.

use annals_domain::access::shape_of;
use annals_domain::filter::Filter;
use annals_engine::{ExportFile, ExportJob};
use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncSeekExt};

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
    let ExportFile { path, job } = file.ok_or_else(not_found)?;
    require_same_rights(&caller, &job)?;
    let mut file = File::open(path).await.map_err(|_| not_found())?;
    let tag = format!("\"{}\"", job.sha256.as_deref().unwrap_or_default());
    let part = wanted(range(&headers, &tag), job.bytes);
    let (status, from, length) = match part {
        Wanted::Whole => (StatusCode::OK, 0, job.bytes),
        Wanted::Part { from, to } => (StatusCode::PARTIAL_CONTENT, from, to - from + 1),
        Wanted::Outside => return Ok(outside(job.bytes)),
    };
    file.seek(std::io::SeekFrom::Start(from)).await.map_err(|error| {
        tracing::error!(error = &error as &dyn std::error::Error, "an export cannot be read");
        ApiError::new(Code::Internal, "the file cannot be read")
    })?;
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
    file: File,
    length: u64,
) -> impl futures_util::Stream<Item = std::io::Result<Bytes>> {
    futures_util::stream::try_unfold((file, length), move |(mut file, left)| {
        let holds = api.still_holds(&principal);
        async move {
            if left == 0 {
                return Ok(None);
            }
            if !holds {
                return Err(std::io::Error::other("the caller's access has ended"));
            }
            let mut chunk = BytesMut::with_capacity(left.min(CHUNK_BYTES) as usize);
            let read = (&mut file).take(left.min(CHUNK_BYTES)).read_buf(&mut chunk).await?;
            match read {
                0 => Err(std::io::Error::other("the file was removed")),
                read => Ok(Some((chunk.freeze(), (file, left - read as u64)))),
            }
        }
    })
}

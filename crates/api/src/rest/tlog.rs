//! `/tlog/…`: the log as anybody can check it, in the form of C2SP tlog-tiles.
//!
//! A leaf commits to the header of a record and tells nothing of it: whoever reads here learns how many
//! events were recorded when, and no more. So it takes no token.

use annals_engine::tiles::{PROMISE_SECONDS, PublishedShard, Tiles, TilesError};
use annals_tlog::TileId;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::header;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::logs;
use crate::caller::Caller;
use crate::context::Api;
use crate::error::{ApiError, Code};
use crate::proving::{self, blocking, tiles};

/// A tile never changes.
const FOR_EVER: &str = "public, max-age=31536000, immutable";
/// There is a new one each second while events come.
const A_MOMENT: &str = "public, max-age=1";

/// `GET /tlog/log.json`
pub(super) async fn log(State(api): State<Api>) -> Result<Response, ApiError> {
    let tiles = tiles(&api)?;
    let year = api.clock.now().to_zoned(TimeZone::UTC).year();
    let body = blocking(move || describe(&tiles, year)).await?.to_string();
    Ok(([(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, A_MOMENT)], body)
        .into_response())
}

/// All there is, and every key that something is signed with.
fn describe(tiles: &Tiles, year: i16) -> Result<Value, TilesError> {
    let shard = |shard: &PublishedShard| json!({ "path": shard.name, "vkey": shard.key.to_string(), "size": shard.size });
    let shards: Vec<Value> = tiles.shards()?.iter().map(shard).collect();
    let coming = tiles.coming(year)?;
    let coming = coming.iter().map(|(path, key)| json!({ "path": path, "vkey": key.to_string() }));
    let coming: Vec<Value> = coming.collect();
    let newest = tiles.newest_commitment()?.map(|day| day.to_string());
    Ok(json!({
        "origin": tiles.log(),
        "shards": shards,
        "coming": coming,
        "heads": { "vkey": tiles.heads_key().to_string(), "newest": newest },
        "receipts": {
            "vkey": tiles.receipt_key().to_string(),
            "promise_seconds": PROMISE_SECONDS,
        },
        "evidence": { "vkey": tiles.evidence_key().to_string() },
        "certificates": { "vkey": tiles.certificate_key().to_string() },
    }))
}

/// `GET /tlog/log/heads/{day}`
pub(super) async fn heads(
    State(api): State<Api>,
    Path(day): Path<String>,
) -> Result<Response, ApiError> {
    let not_found = || ApiError::not_found("commitment");
    let day: Date = day.parse().map_err(|_| not_found())?;
    let tiles = tiles(&api)?;
    let note = blocking(move || tiles.commitment(day)).await?.ok_or_else(not_found)?;
    let kind =
        [(header::CONTENT_TYPE, "text/plain; charset=utf-8"), (header::CACHE_CONTROL, FOR_EVER)];
    Ok((kind, note).into_response())
}

/// `GET /tlog/{shard}/checkpoint`
pub(super) async fn checkpoint(
    State(api): State<Api>,
    Path(shard): Path<String>,
) -> Result<Response, ApiError> {
    let shard = find(tiles(&api)?, shard).await?;
    if shard.checkpoint.is_empty() {
        return Err(ApiError::new(
            Code::Unavailable,
            "no checkpoint of this shard may be signed now",
        ));
    }
    Ok(note(shard.checkpoint))
}

/// `GET /tlog/{shard}/checkpoint.cosigned`
pub(super) async fn cosigned(
    State(api): State<Api>,
    Path(shard): Path<String>,
) -> Result<Response, ApiError> {
    let tiles = tiles(&api)?;
    let cosigned = blocking(move || tiles.cosigned(&shard)).await?;
    let cosigned =
        cosigned.ok_or_else(|| ApiError::not_found("checkpoint that was cosigned by witnesses"))?;
    Ok(note(cosigned))
}

fn note(checkpoint: String) -> Response {
    let kind =
        [(header::CONTENT_TYPE, "text/plain; charset=utf-8"), (header::CACHE_CONTROL, A_MOMENT)];
    (kind, checkpoint).into_response()
}

/// `GET /tlog/{shard}/tile/…`
pub(super) async fn tile(
    State(api): State<Api>,
    Path((shard, path)): Path<(String, String)>,
) -> Result<Response, ApiError> {
    let not_found = || ApiError::not_found("tile");
    let id = TileId::parse(&format!("tile/{path}")).map_err(|_| not_found())?;
    let tiles = tiles(&api)?;
    let shard = find(tiles.clone(), shard).await?;
    let bytes = blocking(move || tiles.file(&shard, id)).await?.ok_or_else(not_found)?;
    let kind =
        [(header::CONTENT_TYPE, "application/octet-stream"), (header::CACHE_CONTROL, FOR_EVER)];
    Ok((kind, bytes).into_response())
}

async fn find(tiles: Tiles, name: String) -> Result<PublishedShard, ApiError> {
    let found = blocking(move || tiles.shard(&name)).await?;
    found.ok_or_else(|| ApiError::not_found("shard"))
}

/// `GET /api/v1/logs/{id}/proof`
pub(super) async fn proof(
    State(api): State<Api>,
    caller: Caller,
    id: Result<Path<String>, PathRejection>,
) -> Result<Response, ApiError> {
    let event = logs::seen(&api, &caller, "proof", id).await?;
    let file = proving::proof_file(&api, event.position).await?;
    let kind = [(header::CONTENT_TYPE, "text/plain; charset=utf-8")];
    Ok((kind, file).into_response())
}

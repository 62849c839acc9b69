//! Proofs that an event is in the log.

use std::time::Duration;

use annals_domain::Position;
use annals_engine::tiles::{Proof, TILES, Tiles, TilesError};

use crate::context::Api;
use crate::error::{ApiError, Code};

/// How long to wait for a checkpoint.
const PATIENCE: Duration = Duration::from_secs(5);
/// After how many seconds a checkpoint covers what was recorded just now.
const RETRY_SECONDS: u32 = 1;

/// The trees of this node.
pub(crate) fn tiles(api: &Api) -> Result<Tiles, ApiError> {
    api.tiles.clone().ok_or_else(|| ApiError::not_found("Merkle log on this node"))
}

/// Reads the trees off the async threads.
pub(crate) async fn blocking<T: Send + 'static>(
    read: impl FnOnce() -> Result<T, TilesError> + Send + 'static,
) -> Result<T, ApiError> {
    match tokio::task::spawn_blocking(read).await {
        Ok(read) => Ok(read?),
        Err(panic) => std::panic::resume_unwind(panic.into_panic()),
    }
}

/// Proves that the record at the position is in the log. Waits for a checkpoint that covers it, which is
/// there about a second after the record.
///
/// # Errors
/// `UNAVAILABLE` when none is there in time.
pub(crate) async fn proof(api: &Api, position: Position) -> Result<Proof, ApiError> {
    let tiles = tiles(api)?;
    let keeper = api.queries.progress().iter().find(|progress| progress.name() == TILES);
    if let Some(keeper) = keeper {
        // Whether it came in time shows when the proof is made.
        keeper.reaches(position, PATIENCE).await;
    }
    let proof = blocking(move || tiles.proof(position)).await?;
    proof.ok_or_else(|| {
        let message = "no checkpoint covers this event yet; ask again in a second";
        let error = ApiError::new(Code::Unavailable, message);
        ApiError { retry_after: Some(RETRY_SECONDS), ..error }
    })
}

/// The header of the record at the position, as it is stored.
pub(crate) async fn header(api: &Api, position: Position) -> Result<Vec<u8>, ApiError> {
    let entry = api.queries.entry_at(position).await?;
    entry.map(|entry| entry.record.header).ok_or_else(|| ApiError::not_found("event"))
}

/// The proof as a file for foreign tools (C2SP tlog-proof@v1), with the header beside it.
pub(crate) async fn proof_file(api: &Api, position: Position) -> Result<String, ApiError> {
    let proof = proof(api, position).await?;
    let header = header(api, position).await?;
    Ok(proof.file(&header)?)
}

//! Having the search index filled anew, as in REST.

use annals_engine::RebuildStatus;
use async_graphql::{Context, Enum, InputObject, Object, Result, SimpleObject};

use super::failure::failed;
use super::permissions::{Allowed, Root};
use super::query::{AllQueries, caller};
use super::scalars::DateTime;
use super::user_error::UserError;
use crate::context::Api;
use crate::error::{ApiError, Code};
use crate::rebuilding;

#[derive(Default)]
pub(crate) struct RebuildQuery;

/// Where a rebuild stands.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "annals_engine::RebuildState")]
pub(super) enum RebuildState {
    /// There was none since the service started.
    None,
    /// It is under way.
    Running,
    /// The new index answers.
    Done,
    /// It ended without a new index; the one that was there still answers.
    Failed,
    /// Somebody ended it.
    Cancelled,
    /// The service stops; it goes on at the next start.
    Interrupted,
}

/// How a rebuild of the search index stands.
#[derive(SimpleObject)]
pub(super) struct SearchIndexRebuild {
    /// Where it stands.
    state: RebuildState,
    /// About how much is done, of a hundred.
    percent: i32,
    /// Up to where everything is in the new index.
    position: String,
    /// Where the log ends.
    head: String,
    /// About how many events were taken in since it began, or was gone on with.
    events: u64,
    /// About how many are left.
    events_left: u64,
    /// How many it takes in a second.
    events_per_second: f64,
    /// When it began, or was gone on with.
    started_at: Option<DateTime>,
    /// About when it ends.
    estimated_end: Option<DateTime>,
    /// When it ended.
    ended_at: Option<DateTime>,
    /// Why it failed.
    reason: Option<String>,
}

/// Why.
#[derive(InputObject)]
pub(super) struct RebuildSearchIndexInput {
    /// Stands in the event that tells of it; at most 500 characters.
    #[graphql(validator(chars_max_length = 500))]
    reason: Option<String>,
}

/// What became of it.
#[derive(SimpleObject)]
pub(super) struct RebuildSearchIndexPayload {
    /// The rebuild as it is now; null when none was begun.
    rebuild: Option<SearchIndexRebuild>,
    /// Why none was begun.
    user_errors: Vec<UserError>,
    /// To ask further.
    query: AllQueries,
}

/// Why.
#[derive(InputObject)]
pub(super) struct CancelSearchIndexRebuildInput {
    /// Stands in the event that tells of it; at most 500 characters.
    #[graphql(validator(chars_max_length = 500))]
    reason: Option<String>,
}

/// What became of it.
#[derive(SimpleObject)]
pub(super) struct CancelSearchIndexRebuildPayload {
    /// The rebuild as it ended; null when there was none.
    rebuild: Option<SearchIndexRebuild>,
    /// Why none was ended.
    user_errors: Vec<UserError>,
    /// To ask further.
    query: AllQueries,
}

impl SearchIndexRebuild {
    fn new(status: RebuildStatus, api: &Api) -> Self {
        Self {
            state: status.state.into(),
            percent: status.percent().into(),
            position: api.cursors.position(status.position),
            head: api.cursors.position(status.head),
            events: status.events,
            events_left: status.left,
            events_per_second: status.events_per_second.round(),
            started_at: status.started_at.map(DateTime::from),
            estimated_end: status.estimated_end(api.clock.now()).map(DateTime::from),
            ended_at: status.ended_at.map(DateTime::from),
            reason: status.cause,
        }
    }
}

#[Object(guard = "Allowed(Root::Query)")]
impl RebuildQuery {
    /// How the rebuild of this node's search index stands, or how the last one since the start of the
    /// service ended.
    async fn search_index_rebuild(&self, context: &Context<'_>) -> Result<SearchIndexRebuild> {
        let (api, _) = caller(context)?;
        Ok(SearchIndexRebuild::new(rebuilding::status(api).map_err(failed)?, api))
    }
}

/// `rebuildSearchIndex(input)`
pub(super) async fn begin(
    context: &Context<'_>,
    input: RebuildSearchIndexInput,
) -> Result<RebuildSearchIndexPayload> {
    let (api, caller) = caller(context)?;
    let begun = rebuilding::begin(api, caller, input.reason).await;
    let (rebuild, user_errors) = told(begun, api)?;
    Ok(RebuildSearchIndexPayload { rebuild, user_errors, query: AllQueries::default() })
}

/// `cancelSearchIndexRebuild(input)`
pub(super) async fn cancel(
    context: &Context<'_>,
    input: CancelSearchIndexRebuildInput,
) -> Result<CancelSearchIndexRebuildPayload> {
    let (api, caller) = caller(context)?;
    let ended = rebuilding::cancel(api, caller, input.reason).await;
    let (rebuild, user_errors) = told(ended, api)?;
    Ok(CancelSearchIndexRebuildPayload { rebuild, user_errors, query: AllQueries::default() })
}

/// What stands in the way of the caller's wish is theirs to read; all else is a failure.
fn told(
    outcome: Result<RebuildStatus, ApiError>,
    api: &Api,
) -> Result<(Option<SearchIndexRebuild>, Vec<UserError>)> {
    match outcome {
        Ok(status) => Ok((Some(SearchIndexRebuild::new(status, api)), Vec::new())),
        Err(error) if matches!(error.code, Code::Conflict | Code::NotFound) => {
            let code = error.code.as_str().to_owned();
            let (field, message) = (vec!["input".to_owned()], error.message);
            Ok((None, vec![UserError { field, message, code, quarantine_id: None }]))
        }
        Err(error) => Err(failed(error)),
    }
}

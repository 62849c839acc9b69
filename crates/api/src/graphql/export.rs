//! Taking events out of the log: jobs, as in REST, with their progress as it goes on.

use annals_engine::{ExportId, ExportJob, ExportStatus, Form};
use annals_export::{Format, Layout};
use async_graphql::{Context, Enum, ID, InputObject, Result, SimpleObject};
use futures_util::Stream;

use super::failure::failed;
use super::filter::{AuditEventFilter, lowered};
use super::query::{AllQueries, reader};
use super::scalars::DateTime;
use super::user_error::UserError;
use crate::context::Api;
use crate::error::{ApiError, Code};
use crate::exporting;

/// The form of an export.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ExportFormat {
    /// One event a line.
    Ndjson,
    /// One array of all events.
    Json,
    /// A table for spreadsheets.
    Csv,
    /// A table for analysis, in columns.
    Parquet,
    /// An evidence bundle: the events with everything that proves them, to be checked without the service.
    Bundle,
}

impl From<ExportFormat> for Form {
    fn from(format: ExportFormat) -> Self {
        match format {
            ExportFormat::Ndjson => Format::Ndjson.into(),
            ExportFormat::Json => Format::Json.into(),
            ExportFormat::Csv => Format::Csv.into(),
            ExportFormat::Parquet => Format::Parquet.into(),
            ExportFormat::Bundle => Self::Bundle,
        }
    }
}

impl From<Form> for ExportFormat {
    fn from(form: Form) -> Self {
        match form {
            Form::Document(Layout { format: Format::Ndjson, .. }) => Self::Ndjson,
            Form::Document(Layout { format: Format::Json, .. }) => Self::Json,
            Form::Document(Layout { format: Format::Csv, .. }) => Self::Csv,
            Form::Document(Layout { format: Format::Parquet, .. }) => Self::Parquet,
            Form::Bundle => Self::Bundle,
        }
    }
}

/// Where an export stands.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(name = "ExportStatus", remote = "ExportStatus")]
pub(super) enum Status {
    /// It waits for its turn.
    Queued,
    /// It is being written.
    Running,
    /// The file can be downloaded.
    Done,
    /// It could not be written.
    Failed,
    /// Somebody ended it, or its requester may no longer export.
    Cancelled,
    /// The file was there and is removed.
    Expired,
}

/// A file of events that is written in the background.
#[derive(SimpleObject)]
pub(super) struct Export {
    /// Identifies it.
    id: ID,
    /// In which form.
    format: ExportFormat,
    /// What was asked for, in canonical form; empty: every event the caller may see.
    query: String,
    /// Where it stands.
    status: Status,
    /// Why it failed or was cancelled.
    reason: Option<String>,
    /// Events in the file.
    events: u64,
    /// Length of the file.
    bytes: u64,
    /// About how much is done, of a hundred.
    percent: i32,
    /// Up to where in the log it goes.
    until_position: String,
    /// When it was asked for.
    requested_at: DateTime,
    /// When writing began.
    started_at: Option<DateTime>,
    /// When it ended.
    finished_at: Option<DateTime>,
    /// Until when the file can be downloaded.
    expires_at: Option<DateTime>,
    /// SHA-256 of the finished file, in hexadecimal digits.
    sha256: Option<String>,
    /// Where the file can be downloaded; absent until it is done.
    file_path: Option<String>,
    /// Where its manifest is.
    manifest_path: Option<String>,
}

/// What to export.
#[derive(InputObject)]
pub(super) struct RequestExportInput {
    /// In which form.
    format: ExportFormat,
    /// Typed conditions.
    filter: Option<AuditEventFilter>,
    /// Conditions in the query language.
    query: Option<String>,
    /// CSV begins with a byte order mark, for spreadsheets that need it.
    #[graphql(default)]
    bom: bool,
    /// Wait until this position is visible.
    min_position: Option<String>,
}

/// What became of it.
#[derive(SimpleObject)]
pub(super) struct RequestExportPayload {
    /// The job; null when the input is wrong.
    export: Option<Export>,
    /// What is wrong with the input.
    user_errors: Vec<UserError>,
    /// To ask further.
    query: AllQueries,
}

/// Which export to end.
#[derive(InputObject)]
pub(super) struct CancelExportInput {
    /// Identifies it.
    id: ID,
}

/// What became of it.
#[derive(SimpleObject)]
pub(super) struct CancelExportPayload {
    /// The job as it is now; null when there is none.
    export: Option<Export>,
    /// What is wrong with the input.
    user_errors: Vec<UserError>,
    /// To ask further.
    query: AllQueries,
}

impl Export {
    pub(super) fn new(job: &ExportJob, api: &Api) -> Self {
        let address = format!("/api/v1/exports/{}", job.id);
        let done = job.status == ExportStatus::Done;
        Self {
            id: ID(job.id.to_string()),
            format: job.form.into(),
            query: job.query.clone(),
            status: job.status.into(),
            reason: job.reason.clone(),
            events: job.events,
            bytes: job.bytes,
            percent: job.percent.into(),
            until_position: api.cursors.position(job.until),
            requested_at: job.requested_at.into(),
            started_at: job.started_at.map(DateTime::from),
            finished_at: job.finished_at.map(DateTime::from),
            expires_at: job.expires_at.map(DateTime::from),
            sha256: job.sha256.clone(),
            file_path: done.then(|| format!("{address}/file")),
            manifest_path: done.then(|| format!("{address}/manifest")),
        }
    }
}

/// `export(id)`
pub(super) fn find(context: &Context<'_>, id: &ID) -> Result<Option<Export>> {
    let (api, caller) = reader(context)?;
    let exports = exporting::exports(api).map_err(failed)?;
    let Ok(id) = id.parse::<ExportId>() else { return Ok(None) };
    let requester = exporting::requester(caller).map_err(failed)?;
    Ok(exports.find(&requester, id).map(|job| Export::new(&job, api)))
}

/// `exports`
pub(super) fn list(context: &Context<'_>) -> Result<Vec<Export>> {
    let (api, caller) = reader(context)?;
    let exports = exporting::exports(api).map_err(failed)?;
    let requester = exporting::requester(caller).map_err(failed)?;
    Ok(exports.list(&requester).iter().map(|job| Export::new(job, api)).collect())
}

/// `requestExport(input)`
pub(super) async fn request(
    context: &Context<'_>,
    input: RequestExportInput,
) -> Result<RequestExportPayload> {
    let (api, caller) = reader(context)?;
    let form = match Form::from(input.format).with_bom(input.bom) {
        Ok(form) => form,
        Err(message) => {
            return Ok(RequestExportPayload {
                export: None,
                user_errors: vec![wrong("bom", message)],
                query: AllQueries::default(),
            });
        }
    };
    let made = async {
        let filter = lowered(input.filter, input.query, api)?;
        let position =
            input.min_position.map(|position| api.cursors.read(&position)).transpose()?;
        let position = position.map(crate::cursor::Cursor::position);
        let (order, shape) = exporting::order(api, caller, filter, form, position).await?;
        exporting::request(api, caller, order, shape).await
    };
    let (export, user_errors) = match made.await {
        Ok(job) => (Some(Export::new(&job, api)), Vec::new()),
        Err(error) if error.code == Code::BadUserInput => {
            (None, vec![wrong("query", &error.message)])
        }
        Err(error) => return Err(failed(error)),
    };
    Ok(RequestExportPayload { export, user_errors, query: AllQueries::default() })
}

/// `cancelExport(input)`
pub(super) async fn cancel(
    context: &Context<'_>,
    input: CancelExportInput,
) -> Result<CancelExportPayload> {
    let (api, caller) = reader(context)?;
    let exports = exporting::exports(api).map_err(failed)?;
    let requester = exporting::requester(caller).map_err(failed)?;
    let after = match input.id.parse::<ExportId>() {
        Ok(id) => exports.cancel(&requester, id).await,
        Err(_) => None,
    };
    let user_errors = match &after {
        Some(_) => Vec::new(),
        None => {
            vec![UserError { code: "NOT_FOUND".into(), ..wrong("id", "there is no such export") }]
        }
    };
    let export = after.map(|job| Export::new(&job, api));
    Ok(CancelExportPayload { export, user_errors, query: AllQueries::default() })
}

/// `jobProgress(id)`: the job as it is, then each change, until it has ended.
pub(super) fn progress(
    context: &Context<'_>,
    id: &ID,
) -> Result<impl Stream<Item = Result<Export>> + use<>> {
    let (api, caller) = reader(context)?;
    let exports = exporting::exports(api).map_err(failed)?;
    let requester = exporting::requester(caller).map_err(failed)?;
    let watch = id.parse::<ExportId>().ok().and_then(|id| exports.watch(&requester, id));
    let mut watch = watch.ok_or_else(|| failed(ApiError::not_found("export")))?;
    // The first look tells how it is now.
    watch.mark_changed();
    let state = Some((api.clone(), watch));
    Ok(futures_util::stream::unfold(state, async |state| {
        let (api, mut watch) = state?;
        watch.changed().await.ok()?;
        let job = watch.borrow_and_update().clone();
        let go_on = job.status.is_active();
        let export = Export::new(&job, &api);
        Some((Ok(export), go_on.then_some((api, watch))))
    }))
}

fn wrong(field: &str, message: &str) -> UserError {
    UserError {
        field: vec!["input".into(), field.into()],
        message: message.into(),
        code: Code::BadUserInput.as_str().into(),
        quarantine_id: None,
    }
}

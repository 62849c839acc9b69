//! The operations log and the numbers: what Annals tells about itself.

mod operations_file;

use std::path::{Path, PathBuf};

use anyhow::Context;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tracing_appender::non_blocking::{NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

use self::operations_file::OperationsFile;
use crate::configuration::{LogFormat, LogSettings};

/// Lines that wait to be written to the file; what comes when there are so many is on standard error
/// alone.
const LINES_MAX: usize = 10_000;

/// Keeps the operations log going; what waits is written when this is dropped.
pub(crate) struct OperationsLog {
    _file: Option<WorkerGuard>,
}

/// Starts the operations log: on standard error and, for warnings and errors, in a file of its own.
pub(crate) fn start_log(settings: &LogSettings, data_dir: &Path) -> anyhow::Result<OperationsLog> {
    let filter = EnvFilter::try_new(&settings.level)
        .with_context(|| format!("`log.level` is `{}`", settings.level))?;
    let shown = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let shown = match settings.format {
        LogFormat::Text => shown.with_target(false).with_ansi(false).with_filter(filter).boxed(),
        LogFormat::Json => shown.json().with_filter(filter).boxed(),
    };
    let (kept, guard) = match settings.file.as_os_str().is_empty() {
        true => (None, None),
        false => {
            let path = data_dir.join(&settings.file);
            let file = OperationsFile::new(path, settings.file_bytes_max, settings.files_max);
            // On a thread of its own: a disk that hangs holds up nobody.
            let writer = NonBlockingBuilder::default().lossy(true).buffered_lines_limit(LINES_MAX);
            let (writer, guard) = writer.thread_name("operations-log").finish(file);
            let kept = tracing_subscriber::fmt::layer().json().with_writer(writer);
            (Some(kept.with_filter(LevelFilter::WARN)), Some(guard))
        }
    };
    let started = tracing_subscriber::registry().with(shown).with(kept).try_init();
    started.map_err(|error| anyhow::anyhow!("starting the operations log: {error}"))?;
    Ok(OperationsLog { _file: guard })
}

/// Starts the log on standard error alone: of a command beside a running service, whose file it is.
pub(crate) fn start_log_on_screen(settings: &LogSettings) -> anyhow::Result<OperationsLog> {
    start_log(&LogSettings { file: PathBuf::new(), ..settings.clone() }, Path::new(""))
}

/// Starts counting.
pub(crate) fn start_metrics() -> anyhow::Result<PrometheusHandle> {
    let handle = PrometheusBuilder::new().install_recorder().context("starting the metrics")?;
    metrics::describe_counter!("annals_events_admitted_total", "Events that passed all checks");
    metrics::describe_counter!(
        "annals_masked_total",
        "Values hidden before they were stored, by rule"
    );
    metrics::describe_histogram!("annals_append_batch_events", "Events in one append to the log");
    metrics::describe_gauge!("annals_projection_lag", "Events a projection is behind the log");
    metrics::describe_counter!("annals_poison_events_total", "Events a projection had to park");
    metrics::describe_counter!("annals_damaged_records_total", "Records that could not be opened");
    metrics::describe_counter!("annals_actor_failures_total", "Actors that failed");
    metrics::describe_counter!("annals_tokens_refused_total", "Tokens that were refused");
    metrics::describe_counter!("annals_connections_refused_total", "Connections over the limit");
    metrics::describe_gauge!("annals_log_head", "Newest position of the log");
    metrics::describe_counter!("annals_log_connections_total", "Connections made to the server");
    metrics::describe_counter!("annals_log_append_retries_total", "Appends sent again");
    metrics::describe_counter!("annals_log_append_conflicts_total", "Appends that came too late");
    metrics::describe_counter!("annals_log_subscriptions_ended_total", "Subscriptions that ended");
    metrics::describe_counter!("annals_log_records_copied_total", "Records copied from the server");
    metrics::describe_counter!("annals_integrity_findings_total", "Traces of tampering");
    metrics::describe_counter!("annals_witness_answers_total", "What witnesses said, by outcome");
    metrics::describe_counter!(
        "annals_checkpoint_sink_checkpoints_total",
        "Checkpoints sinks took"
    );
    metrics::describe_counter!("annals_checkpoint_sink_failures_total", "Checkpoints not taken");
    metrics::describe_counter!("annals_deliveries_total", "Attempts to deliver, by outcome");
    metrics::describe_counter!("annals_deliveries_parked_total", "Deliveries that were given up");
    metrics::describe_counter!("annals_detections_total", "Suspicious things found, by rule");
    metrics::describe_gauge!("annals_lease_held", "Whether this node delivers");
    metrics::describe_counter!("annals_rate_limited_total", "Requests refused by a rate limit");
    metrics::describe_counter!("annals_rate_limit_fallbacks_total", "Checks without Redis");
    metrics::describe_gauge!("annals_spool_events", "Events that wait for the log");
    metrics::describe_counter!("annals_events_spooled_total", "Events put into the spool");
    metrics::describe_counter!("annals_spool_recorded_total", "Spooled events that were recorded");
    metrics::describe_counter!("annals_spool_full_total", "Events the spool had no room for");
    metrics::describe_counter!("annals_quarantine_entries_total", "Refused events to be kept");
    metrics::describe_counter!("annals_quarantine_evicted_total", "Refused events that made way");
    metrics::describe_counter!("annals_quarantine_failures_total", "Refused events not kept");
    metrics::describe_gauge!(
        "annals_backup_last_success_timestamp_seconds",
        "When the newest backup of this service began"
    );
    metrics::describe_counter!("annals_backup_failures_total", "Backups that were not made");
    metrics::describe_counter!("annals_archive_records_total", "Records of months archived");
    metrics::describe_counter!("annals_archive_failures_total", "Runs that archived nothing");
    metrics::describe_gauge!(
        "annals_retention_behind_seconds",
        "Seconds by which the time that events expire by is behind the clock"
    );
    metrics::describe_gauge!(
        "annals_retention_last_success_timestamp_seconds",
        "When the newest run of the retention job that did what it was to ended"
    );
    metrics::describe_counter!("annals_events_removed_total", "Events removed by retention");
    metrics::describe_counter!(
        "annals_erasure_failures_total",
        "Erasures agreed on that could not be carried out, each time it was tried"
    );
    metrics::describe_counter!("annals_persons_erased_total", "Persons erased");
    metrics::describe_counter!("annals_operations_log_failures_total", "Lines not written to file");
    Ok(handle)
}

//! The operations log and the numbers: what Annals tells about itself.

pub(crate) mod described;
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
    described::describe();
    Ok(handle)
}

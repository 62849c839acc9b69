//! The operations log and the numbers: what Annals tells about itself.

use anyhow::Context;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::EnvFilter;

use crate::configuration::{LogFormat, LogSettings};

/// Starts the operations log, on standard error.
pub(crate) fn start_log(settings: &LogSettings) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(&settings.level)
        .with_context(|| format!("`log.level` is `{}`", settings.level))?;
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let started = match settings.format {
        LogFormat::Text => log.with_target(false).with_ansi(false).try_init(),
        LogFormat::Json => log.json().try_init(),
    };
    started.map_err(|error| anyhow::anyhow!("starting the operations log: {error}"))
}

/// Starts counting.
pub(crate) fn start_metrics() -> anyhow::Result<PrometheusHandle> {
    let handle = PrometheusBuilder::new().install_recorder().context("starting the metrics")?;
    metrics::describe_counter!("annals_events_admitted_total", "Events that passed all checks");
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
    metrics::describe_counter!("annals_deliveries_total", "Attempts to deliver, by outcome");
    metrics::describe_counter!("annals_deliveries_parked_total", "Deliveries that were given up");
    metrics::describe_gauge!("annals_lease_held", "Whether this node delivers");
    metrics::describe_counter!("annals_rate_limited_total", "Requests refused by a rate limit");
    metrics::describe_counter!("annals_rate_limit_fallbacks_total", "Checks without Redis");
    Ok(handle)
}

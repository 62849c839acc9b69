//! Every metric of Annals: one row each.
//!
//! From these rows the recorder learns what each number means, and docs/metrics.md is made. A test
//! compares them with the sources: no crate counts what has no row, and no row is left without one who
//! counts.

mod table;

use std::fmt::Write;

use metrics::Unit;

pub(crate) use self::table::METRICS;

const HEAD: &str = "# Metrics

`GET /metrics` tells these numbers as Prometheus reads them. None names a tenant or a person. A metric that \
counts appears when something was counted first. This file is made by `cargo xtask contracts`; what to watch \
for stands in [operations.md](operations.md).
";

/// Metrics of one part of Annals.
pub(crate) struct Group {
    /// What they are about.
    pub(crate) title: &'static str,
    pub(crate) metrics: &'static [Described],
}

/// A metric.
pub(crate) struct Described {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    /// What is counted, in one word or two.
    pub(crate) unit: &'static str,
    /// By what it is told apart. Never by tenant or person.
    pub(crate) labels: &'static [&'static str],
    /// What the number says.
    pub(crate) says: &'static str,
}

/// How a metric moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// It only grows, and begins at 0 with the process.
    Counter,
    /// It goes up and down.
    Gauge,
    /// It tells how values are spread.
    Histogram,
}

impl Kind {
    fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

/// All metrics.
pub(crate) fn all() -> impl Iterator<Item = &'static Described> {
    METRICS.iter().flat_map(|group| group.metrics)
}

/// Tells the recorder what each metric means.
pub(crate) fn describe() {
    for Described { name, kind, unit, says, .. } in all() {
        let unit = match *unit {
            "seconds" => Unit::Seconds,
            "bytes" => Unit::Bytes,
            "events per second" => Unit::CountPerSecond,
            _ => Unit::Count,
        };
        match kind {
            Kind::Counter => metrics::describe_counter!(*name, unit, *says),
            Kind::Gauge => metrics::describe_gauge!(*name, unit, *says),
            Kind::Histogram => metrics::describe_histogram!(*name, unit, *says),
        }
    }
}

/// What docs/metrics.md says.
pub(crate) fn as_markdown() -> String {
    let mut text = format!("{HEAD}\n");
    for group in METRICS {
        let _ = writeln!(text, "## {}\n", group.title);
        text.push_str("| metric | kind | counts | labels | says |\n|---|---|---|---|---|\n");
        for Described { name, kind, unit, labels, says } in group.metrics {
            let labels: Vec<_> = labels.iter().map(|label| format!("`{label}`")).collect();
            let (kind, labels) = (kind.as_str(), labels.join(", "));
            let _ = writeln!(text, "| `{name}` | {kind} | {unit} | {labels} | {says} |");
        }
        text.push('\n');
    }
    text.truncate(text.trim_end().len());
    text.push('\n');
    text
}

#[cfg(test)]
mod tests;

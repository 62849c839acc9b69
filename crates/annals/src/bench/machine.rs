//! On what it was measured.

use serde_json::{Value, json};

/// Processor, memory, load and program, as far as the system tells.
pub(super) fn description() -> Value {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let field = |text: &str, name: &str| {
        let line = text.lines().find(|line| line.starts_with(name))?;
        Some(line.split_once(':')?.1.trim().to_owned())
    };
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    json!({
        "processor": field(&read("/proc/cpuinfo"), "model name"),
        "cores": cores,
        "memory": field(&read("/proc/meminfo"), "MemTotal"),
        "load_average": read("/proc/loadavg").split(' ').next(),
        "program": env!("CARGO_PKG_VERSION"),
        "optimised": !cfg!(debug_assertions),
    })
}

//! Tables for `docs/performance.md`, made of results that were kept as JSON.

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::path::PathBuf;

use anyhow::Context;
use serde_json::{Map, Value};

/// Prints kept results as Markdown tables.
#[derive(Debug, clap::Args)]
pub(crate) struct MarkdownArgs {
    /// Files with the JSON of other measurements
    #[arg(required = true)]
    files: Vec<PathBuf>,
}

/// What stands above the tables.
const TOLD_ABOVE: &[&str] = &["bench", "machine"];

/// Times of a summary, in the order of the columns.
const TIMES: &[(&str, &str)] = &[
    ("p50_ms", "p50"),
    ("p90_ms", "p90"),
    ("p99_ms", "p99"),
    ("p999_ms", "p99.9"),
    ("max_ms", "max"),
];

pub(super) fn run(args: &MarkdownArgs) -> anyhow::Result<()> {
    for file in &args.files {
        let text = std::fs::read(file).with_context(|| format!("reading `{}`", file.display()))?;
        let result: Value = serde_json::from_slice(&text)
            .with_context(|| format!("reading `{}` as JSON", file.display()))?;
        writeln!(io::stdout(), "{}", page(&result)).context("writing the tables")?;
    }
    Ok(())
}

/// One table of figures, one of times, and one for each list of steps.
fn page(result: &Value) -> String {
    let mut found = Found::default();
    found.look("", result);
    let name = result["bench"].as_str().unwrap_or("result");
    let mut page = format!("### {name}\n");
    if let Some(machine) = result["machine"].as_object() {
        let told: Vec<String> = machine
            .iter()
            .map(|(name, value)| format!("{} {}", name.replace('_', " "), shown(value)))
            .collect();
        let _ = writeln!(page, "\n{}.", told.join(", "));
    }
    if !found.figures.is_empty() {
        page.push_str("\n| what | measured |\n|---|---|\n");
        for (name, value) in &found.figures {
            let _ = writeln!(page, "| {name} | {value} |");
        }
    }
    if !found.times.is_empty() {
        page.push_str("\n| times, ms | count |");
        TIMES.iter().for_each(|(_, title)| page.push_str(&format!(" {title} |")));
        page.push_str(" more |\n|---|---|---|---|---|---|---|---|\n");
        for row in &found.times {
            page.push_str(row);
        }
    }
    if !found.compared.is_empty() {
        page.push_str("\n| class | Annals p50 / p99 ms | PostgreSQL p50 / p99 ms ");
        page.push_str("| ratio p50 / p99 | same count |\n|---|---|---|---|---|\n");
        page.push_str(&found.compared);
    }
    for (name, rows) in &found.lists {
        let _ = write!(page, "\n{name}:\n\n{}", list(rows));
    }
    page
}

#[derive(Default)]
struct Found {
    figures: Vec<(String, String)>,
    times: Vec<String>,
    /// Rows of a comparison.
    compared: String,
    lists: Vec<(String, Vec<Map<String, Value>>)>,
}

impl Found {
    fn look(&mut self, path: &str, value: &Value) {
        let below = |name: &str| match path {
            "" => name.replace('_', " "),
            path => format!("{path}: {}", name.replace('_', " ")),
        };
        match value {
            Value::Object(fields) if fields.contains_key("p50_ms") => self.time(path, fields),
            Value::Object(fields) if fields.contains_key("p50_ratio") => self.compare(path, value),
            Value::Object(fields) => {
                for (name, value) in
                    fields.iter().filter(|(name, _)| !TOLD_ABOVE.contains(&name.as_str()))
                {
                    self.look(&below(name), value);
                }
            }
            Value::Array(items) => {
                let rows = items.iter().map(flat).collect();
                self.lists.push((path.to_owned(), rows));
            }
            Value::Null => {}
            value => self.figures.push((path.to_owned(), shown(value))),
        }
    }

    fn compare(&mut self, path: &str, value: &Value) {
        let name = path.trim_start_matches("classes: ");
        let both = |of: &str| {
            let at = |time: &str| shown(&value[of][time]);
            format!("{} / {}", at("p50_ms"), at("p99_ms"))
        };
        let ratio = format!("{} / {}", shown(&value["p50_ratio"]), shown(&value["p99_ratio"]));
        let same = value["same_count"].as_f64().unwrap_or_default() * 100.0;
        let (ours, theirs) = (both("annals"), both("postgres"));
        let _ = writeln!(self.compared, "| {name} | {ours} | {theirs} | {ratio} | {same:.0} % |");
    }

    fn time(&mut self, path: &str, fields: &Map<String, Value>) {
        let cell = |name: &str| fields.get(name).map_or_else(String::new, shown);
        let name = path.trim_start_matches("classes: ");
        let mut row = format!("| {name} | {} |", cell("count"));
        TIMES.iter().for_each(|(field, _)| row.push_str(&format!(" {} |", cell(field))));
        let known = |name: &str| name == "count" || TIMES.iter().any(|(field, _)| *field == name);
        let more: Vec<String> = fields
            .iter()
            .filter(|(name, value)| !known(name) && !value.is_object() && !value.is_null())
            .map(|(name, value)| format!("{} {}", name.replace('_', " "), shown(value)))
            .collect();
        self.times.push(format!("{row} {} |\n", more.join(", ")));
        for (name, value) in fields.iter().filter(|(_, value)| value.is_object()) {
            self.look(&format!("{path}: {name}"), value);
        }
    }
}

/// All figures in an object, those in objects within it too.
fn flat(value: &Value) -> Map<String, Value> {
    let mut found = Map::new();
    flatten("", value, &mut found);
    found
}

fn flatten(path: &str, value: &Value, found: &mut Map<String, Value>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                let separator = if path.is_empty() { "" } else { ": " };
                flatten(&format!("{path}{separator}{}", name.replace('_', " ")), value, found);
            }
        }
        value => {
            found.insert(path.to_owned(), value.clone());
        }
    }
}

fn list(rows: &[Map<String, Value>]) -> String {
    let Some(first) = rows.first() else { return String::new() };
    let names: Vec<&str> = first.keys().map(String::as_str).collect();
    let mut table = format!("| {} |\n|{}\n", names.join(" | "), "---|".repeat(names.len()));
    for row in rows {
        let cells: Vec<String> =
            names.iter().map(|name| row.get(*name).map_or_else(String::new, shown)).collect();
        let _ = writeln!(table, "| {} |", cells.join(" | "));
    }
    table
}

/// Numbers as people read them: large ones in groups, small ones with three digits that count.
fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => "-".into(),
        Value::Number(number) => match (number.as_u64(), number.as_f64()) {
            (Some(whole), _) => grouped(whole),
            (None, Some(real)) if real.fract() == 0.0 && real >= 0.0 => grouped(real as u64),
            (None, Some(real)) if real.abs() >= 100.0 => format!("{real:.0}"),
            (None, Some(real)) if real.abs() >= 10.0 => format!("{real:.1}"),
            (None, Some(real)) => format!("{real:.2}"),
            (None, None) => number.to_string(),
        },
        other => other.to_string(),
    }
}

fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) && digits.len() > 4 {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn figures_times_and_steps_become_tables() {
        let times = json!({
            "count": 500, "p50_ms": 1.234, "p90_ms": 2.0, "p99_ms": 12.34, "p999_ms": 130.4,
            "max_ms": 131.9, "found_mean": 50.0,
        });
        let result = json!({
            "bench": "search",
            "machine": { "cores": 2 },
            "memory": { "resident_kib": 1_234_567, "peak_kib": null },
            "classes": { "latest": times },
            "steps": [{ "events": 1_000_000, "request": { "p50_ms": 97.0 } }],
        });
        let page = page(&result);
        assert!(page.starts_with("### search\n\ncores 2.\n"), "{page}");
        assert!(page.contains("| memory: resident kib | 1 234 567 |"), "{page}");
        let row = "| latest | 500 | 1.23 | 2 | 12.3 | 130 | 132 | found mean 50 |";
        assert!(page.contains(row), "{page}");
        assert!(
            page.contains("| events | request: p50 ms |\n|---|---|\n| 1 000 000 | 97 |"),
            "{page}"
        );
        assert!(!page.contains("peak"), "{page}");
    }

    #[test]
    fn a_comparison_has_both_in_one_row() {
        let times = |p50: f64| json!({ "p50_ms": p50, "p99_ms": 2.0 * p50 });
        let actor = json!({
            "annals": times(1.25), "postgres": times(0.5), "p50_ratio": 0.4, "p99_ratio": 0.4,
            "same_count": 1.0,
        });
        let page = page(&json!({ "bench": "comparison", "classes": { "actor": actor } }));
        let row = "| actor | 1.25 / 2.50 | 0.50 / 1 | 0.40 / 0.40 | 100 % |";
        assert!(page.contains(row), "{page}");
    }
}

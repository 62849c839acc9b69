//! The rows against the sources of all crates.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::{Kind, all, as_markdown};

/// A metric as a source counts it.
type Counted = BTreeMap<String, (&'static str, BTreeSet<String>)>;

#[test]
fn every_metric_that_is_counted_has_a_row_and_every_row_is_counted() {
    let mut counted = Counted::new();
    for file in sources() {
        let text = std::fs::read_to_string(&file).unwrap();
        collect(&text, &file.display().to_string(), &mut counted);
    }
    let mut rows = Counted::new();
    for row in all() {
        let labels = row.labels.iter().map(|label| (*label).to_owned()).collect();
        let twice = rows.insert(row.name.to_owned(), (row.kind.as_str(), labels));
        assert!(twice.is_none(), "`{}` has two rows", row.name);
    }
    let wrong = differences(&counted, &rows);
    assert!(wrong.is_empty(), "telemetry/described/table.rs and the sources differ: {wrong:#?}");
}

#[test]
fn names_tell_the_kind_and_the_unit_as_prometheus_wants_it() {
    for row in all() {
        assert!(row.name.starts_with("annals_"), "{}", row.name);
        // Findings of the last audit were named before those that are counted.
        let total = row.name.ends_with("_total");
        assert_eq!(total, row.kind == Kind::Counter, "{}", row.name);
        let seconds = row.name.contains("_seconds");
        assert_eq!(seconds, row.unit == "seconds", "{}", row.name);
        assert_eq!(row.name.contains("_bytes"), row.unit == "bytes", "{}", row.name);
        assert!(!row.says.is_empty() && !row.says.ends_with('.'), "{}", row.name);
    }
}

#[test]
fn the_document_has_a_line_for_each() {
    let text = as_markdown();
    for row in all() {
        let line = format!("| `{}` | {} | {} |", row.name, row.kind.as_str(), row.unit);
        assert_eq!(text.matches(&line).count(), 1, "{line}");
    }
}

#[test]
fn what_differs_is_named() {
    let mut counted = Counted::new();
    let text = r#"metrics::counter!("annals_a_total", "why" => why).increment(1);
        metrics::gauge!(
            "annals_b",
            "of" => f("x(y)"), "by" => by
        ).set(1.0); metrics::gauge!("annals_c").set(f64::from(1));"#;
    collect(text, "x.rs", &mut counted);
    let row = |kind, labels: &[&str]| (kind, labels.iter().map(|l| (*l).to_owned()).collect());
    let rows = Counted::from([
        ("annals_a_total".into(), row("counter", &["why"])),
        ("annals_b".into(), row("gauge", &["of"])),
        ("annals_d".into(), row("gauge", &[])),
    ]);
    let wrong = differences(&counted, &rows);
    assert_eq!(wrong.len(), 3, "{wrong:#?}");
    assert!(wrong[0].contains("annals_b") && wrong[0].contains("by"), "{wrong:#?}");
    assert!(wrong[1].contains("annals_c") && wrong[1].contains("no row"), "{wrong:#?}");
    assert!(wrong[2].contains("annals_d") && wrong[2].contains("nothing counts"), "{wrong:#?}");
}

fn differences(counted: &Counted, rows: &Counted) -> Vec<String> {
    let mut wrong = Vec::new();
    for (name, found) in counted {
        match rows.get(name) {
            None => wrong.push(format!("`{name}` has no row")),
            Some(row) if row != found => {
                wrong.push(format!("`{name}` is {found:?}, and its row says {row:?}"));
            }
            Some(_) => {}
        }
    }
    let idle = rows.keys().filter(|name| !counted.contains_key(*name));
    wrong.extend(idle.map(|name| format!("`{name}` has a row, and nothing counts it")));
    wrong
}

/// Reads every `metrics::counter!("name", "label" => …)` and the like.
fn collect(text: &str, file: &str, counted: &mut Counted) {
    for kind in ["counter", "gauge", "histogram"] {
        for rest in text.split(&format!("metrics::{kind}!(")).skip(1) {
            let arguments = &rest[..end_of_arguments(rest)];
            let mut texts = arguments.split('"').skip(1).step_by(2);
            let name = texts.next().unwrap_or_default().to_owned();
            let named = arguments.trim_start().starts_with('"');
            assert!(named, "{file}: write the name of a metric where it is counted: {arguments}");
            let labels = labels_of(arguments);
            let known = counted.entry(name.clone()).or_insert_with(|| (kind, labels.clone()));
            assert_eq!(*known, (kind, labels), "{file}: `{name}` is counted in two ways");
        }
    }
}

fn labels_of(arguments: &str) -> BTreeSet<String> {
    let before = arguments.split("=>").collect::<Vec<_>>();
    let labels = before[..before.len() - 1].iter().filter_map(|part| part.rsplit('"').nth(1));
    labels.map(str::to_owned).collect()
}

/// Where the bracket closes that was opened before.
fn end_of_arguments(text: &str) -> usize {
    let mut depth = 1;
    for (at, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return at;
        }
    }
    text.len()
}

/// What the program is built from: tests count for themselves.
fn sources() -> Vec<PathBuf> {
    let mut found = Vec::new();
    for member in entries(&repository().join("crates")) {
        let mut folders = vec![member.join("src")];
        while let Some(folder) = folders.pop() {
            for path in entries(&folder) {
                let is_test = path.file_stem().is_some_and(|stem| stem == "tests");
                if path.is_dir() && !is_test {
                    folders.push(path);
                } else if path.extension().is_some_and(|end| end == "rs") && !is_test {
                    found.push(path);
                }
            }
        }
    }
    assert!(found.len() > 100, "the sources were not found");
    found
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    entries.map(|entry| entry.unwrap().path()).collect()
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

//! Every measurement of `annals bench` runs and tells what it promises, on a few hundred events: the
//! figures of a debug build mean nothing, their shape does.

use std::path::Path;

use serde_json::Value;

use crate::program;

const SMALL: &[&str] = &["--events", "300", "--years", "1", "--persons", "50"];

/// Runs a measurement and reads what it prints.
async fn measured(arguments: &[&str]) -> Value {
    let printed = program().run(&[&["bench"], arguments].concat()).await.expect(0);
    let result: Value = serde_json::from_str(&printed).unwrap();
    assert_eq!(result["bench"], arguments[0], "{printed}");
    assert!(result["machine"]["cores"].is_u64(), "{printed}");
    result
}

/// Times of so many requests, in order.
fn assert_times(summary: &Value, count: u64) {
    assert_eq!(summary["count"], count, "{summary}");
    let names = ["p50_ms", "p90_ms", "p99_ms", "p999_ms", "max_ms"];
    let times: Vec<f64> = names.iter().map(|name| summary[*name].as_f64().unwrap()).collect();
    assert!(times[0] > 0.0 && times.is_sorted(), "{summary}");
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[tokio::test]
async fn a_prepared_directory_serves_searches_mixed_loads_and_rebuilds_and_is_kept() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("prepared");
    let data = text(&data);

    let small = ["prepare", "--data", data, "--step", "100", "--fill-batch", "50"];
    let prepared = measured(&[&small, SMALL].concat()).await;
    assert_eq!(prepared["filled"]["events"], 300);
    let steps = prepared["steps"].as_array().unwrap();
    assert_eq!(steps.len(), 3, "{prepared}");
    assert_times(&steps[2]["request"], 2);
    for part in ["log", "index", "profiles", "total"] {
        assert!(prepared["bytes_per_event_at_rest"][part].as_f64().unwrap() > 0.0, "{prepared}");
    }
    assert!(prepared["restart"]["ready_seconds"].as_f64().unwrap() > 0.0);

    let search = measured(&["search", "--data", data, "--queries", "3"]).await;
    assert_eq!(search["filled"]["prepared"]["events"], 300);
    assert_eq!(search["load"]["loop"], "closed");
    // Of 300 events the newest month may hold none with the word: that class is only timed.
    assert_times(&search["classes"]["text_and_range"], 3);
    for class in ["latest", "text", "negation", "count", "dashboard", "profile"] {
        assert_times(&search["classes"][class], 3);
        assert!(search["classes"][class]["found_mean"].as_f64().unwrap() > 0.0, "{class}");
    }
    assert!(search["classes"]["own_page"]["found_mean"].as_f64().unwrap() >= 1.0);
    assert_eq!(search["classes"]["facets_histogram_all"]["found_mean"], 300.0, "{search}");
    assert!(search["mixed"]["classes"]["profile"]["p99_ms"].is_f64(), "{search}");

    let open = ["search", "--data", data, "--queries", "10", "--rate", "50", "--classes", "rare"];
    let open = measured(&open).await;
    assert_eq!(open["load"]["loop"], "open");
    assert_times(&open["classes"]["rare"], 10);
    assert!(open["mixed"].is_null(), "{open}");

    let load = ["--rate", "100", "--batch", "10", "--searches", "5", "--probes", "5"];
    let mixed = [&["mixed", "--data", data, "--seconds", "2"][..], &load].concat();
    let mixed = measured(&mixed).await;
    assert_times(&mixed["recording"]["request"], 20);
    for times in ["single_post", "answer_to_found", "single_post_until_found"] {
        assert_times(&mixed["searchable"][times], 10);
    }
    assert_eq!(mixed["searches"]["count"], 10);

    let rebuilt = measured(&["rebuild", "--data", data]).await;
    let events = rebuilt["stopped"]["events"].as_u64().unwrap();
    assert!(events > 500, "300 that were prepared, 210 of the mixed load: {rebuilt}");
    assert!(rebuilt["stopped"]["events_per_second"].as_f64().unwrap() > 0.0);
    assert!(Path::new(data).join("data").is_dir(), "what was prepared is kept");

    let again = program().run(&["bench", "prepare", "--data", data, "--events", "1"]).await;
    assert!(again.stderr.contains("holds events already"), "{}", again.stderr);
}

#[tokio::test]
async fn measurements_without_a_directory_fill_one_and_remove_it() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let data_dir = ["bench", "--data-dir", text(&data)];

    let few = ["--batch", "50", "--connections", "2", "--seconds", "1", "--rate", "100"];
    let ingest = [&data_dir[..], &["ingest", "--events", "200"], &few].concat();
    let ingest: Value = serde_json::from_str(&program().run(&ingest).await.expect(0)).unwrap();
    assert_times(&ingest["bulk"]["request"], 4);
    assert!(ingest["single"]["durable_per_second"].as_f64().unwrap() > 0.0, "{ingest}");
    assert!(ingest["searchable"]["ack_to_found"]["p99_ms"].is_f64(), "{ingest}");
    assert!(!data.exists(), "what was filled for the measurement is removed");

    let stats = [&data_dir[..], &["stats", "--queries", "2"], SMALL].concat();
    let stats: Value = serde_json::from_str(&program().run(&stats).await.expect(0)).unwrap();
    assert_times(&stats["classes"]["facets_all"], 2);

    let export = [&data_dir[..], &["export", "--formats", "csv"], SMALL].concat();
    let export: Value = serde_json::from_str(&program().run(&export).await.expect(0)).unwrap();
    assert!(export["formats"]["csv"]["direct"]["events"].as_u64().unwrap() >= 300, "{export}");
}

#[tokio::test]
async fn everybody_who_is_to_be_told_is_counted_once() {
    let load = ["--rate", "200", "--seconds", "1", "--one-in", "50", "--people", "2"];
    let telling = measured(&[&["telling"][..], &load].concat()).await;
    assert_eq!(telling["significant"], 4);
    assert_times(&telling["due_to_inbox"], 4);
    assert_times(&telling["due_to_webhook"], 4);
    assert_times(&telling["due_to_mail"], 8);
}

#[tokio::test]
async fn what_is_recorded_beside_backups_is_restored() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let load = ["--rate", "200", "--batch", "10", "--seconds", "1"];
    let small = ["backup", "--years", "1", "--persons", "50", "--events", "300"];
    let backup = [&["bench", "--data-dir", text(&data)], &small[..], &load].concat();
    let backup: Value = serde_json::from_str(&program().run(&backup).await.expect(0)).unwrap();
    assert_times(&backup["alone"], 20);
    assert_times(&backup["beside_backups"], 20);
    assert!(!backup["full_backups"].as_array().unwrap().is_empty(), "{backup}");
    assert!(backup["restored"]["events"].as_u64().unwrap() >= 700, "{backup}");
    let left: Vec<_> = std::fs::read_dir(dir.path()).unwrap().collect();
    assert!(left.is_empty(), "data, backups and what was restored are removed: {left:?}");
}

#[tokio::test]
async fn kept_results_become_tables() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("result.json");
    let times = r#"{ "count": 3, "p50_ms": 1.5, "p90_ms": 2.25, "p99_ms": 3, "max_ms": 3 }"#;
    let result = format!(r#"{{ "bench": "search", "classes": {{ "latest": {times} }} }}"#);
    std::fs::write(&file, result).unwrap();
    let page = program().run(&["bench", "markdown", text(&file)]).await.expect(0);
    assert!(page.contains("### search"), "{page}");
    assert!(page.contains("| latest | 3 | 1.50 | 2.25 | 3 |"), "{page}");
    let missing = program().run(&["bench", "markdown", "/nonexistent.json"]).await;
    assert!(missing.stderr.contains("/nonexistent.json"), "{}", missing.stderr);
}

//! The commands beside `serve`: what they print, and with which code they end.

use std::os::unix::fs::PermissionsExt;

use annals_tests::samples;

use crate::{in_repository, program, service};

const COMMANDS: &[&str] = &[
    "serve",
    "token",
    "import",
    "generate",
    "export",
    "verify",
    "verify-receipt",
    "witness",
    "rebuild",
    "doctor",
    "catalogue",
    "schema",
    "completions",
    "bench",
    "masking",
    "rules",
    "backup",
    "restore",
    "archive",
    "keys",
];

#[tokio::test]
async fn help_teaches_every_command_and_wrong_use_ends_with_64() {
    let help = program().run(&["--help"]).await.expect(0);
    for command in COMMANDS {
        assert!(help.contains(command), "{command} is not in the help");
        let own = program().run(&[command, "--help"]).await.expect(0);
        assert!(own.contains("Usage"), "{own}");
    }
    for wrong in [&["sing"][..], &["serve", "--colour", "blue"], &["token"], &[]] {
        let ended = program().run(wrong).await;
        assert_eq!(ended.code, Some(64), "{wrong:?}: {}", ended.stderr);
        assert!(!ended.stderr.is_empty());
    }
    let version = program().run(&["--version"]).await.expect(0);
    assert!(version.starts_with("annals "), "{version}");
}

#[tokio::test]
async fn files_that_cannot_be_read_end_with_74() {
    let missing = program().run(&["serve", "--config", "/nonexistent/annals.toml"]).await;
    assert_eq!(missing.code, Some(74), "{}", missing.stderr);
    assert!(missing.stderr.contains("/nonexistent/annals.toml"), "{}", missing.stderr);
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("a-file").join("data");
    std::fs::write(dir.path().join("a-file"), "").unwrap();
    let ended = program()
        .run(&[
            "token",
            "--data-dir",
            data.to_str().unwrap(),
            "--sub",
            "a",
            "--tenant",
            "b",
            "--role",
            "admin",
        ])
        .await;
    assert_eq!(ended.code, Some(74), "{}", ended.stderr);
    let import = ["import", "--format", "github", "/nonexistent/log", "--dry-run"];
    assert_eq!(program().run(&import).await.code, Some(74));
}

#[tokio::test]
async fn a_wrong_setting_stops_the_start_with_its_name() {
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("annals.toml");
    std::fs::write(&config, "[server]\nlissten = \"127.0.0.1:0\"\n").unwrap();
    let data = dir.path().join("data");
    let serve =
        ["serve", "--data-dir", data.to_str().unwrap(), "--config", config.to_str().unwrap()];
    let ended = program().run(&serve).await;
    assert_ne!(ended.code, Some(0));
    assert!(ended.stderr.contains("lissten"), "{}", ended.stderr);
    assert!(!data.exists(), "nothing is made before the settings are read");
}

#[tokio::test]
async fn the_doctor_finds_a_healthy_installation_well_and_names_what_is_open_to_others() {
    let mut service = service().await;
    let while_running = service.run(&["doctor"]).await.expect(0);
    assert!(while_running.contains("a service is running"), "{while_running}");
    service.stop().await;
    let stopped = service.run(&["doctor"]).await.expect(0);
    assert!(stopped.contains("only the owner can read the data"), "{stopped}");
    let key = service.data_dir().join("master.key");
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    let ended = service.run(&["doctor"]).await;
    assert_eq!(ended.code, Some(1));
    assert!(ended.stdout.contains("WRONG") && ended.stdout.contains("master.key"));
}

#[tokio::test]
async fn the_data_is_its_owners_alone() {
    let service = service().await;
    let writer = service.caller("shop", "acme", "writer").await;
    writer.record(&samples::login("ann")).await.expect(201);
    let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&service.data_dir()), 0o700);
    for entry in std::fs::read_dir(service.data_dir()).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode(&path) & 0o077, 0, "others can use {}", path.display());
    }
}

#[tokio::test]
async fn verify_finds_a_whole_log_whole_and_names_a_changed_one() {
    let mut service = service().await;
    let writer = service.caller("shop", "acme", "writer").await;
    for n in 0..20 {
        writer.record(&samples::numbered("verify", n)).await.expect(201);
    }
    let running = service.run(&["verify"]).await;
    assert_eq!(running.code, Some(74), "{}", running.stderr);
    service.stop().await;
    let whole = service.run(&["verify"]).await.expect(0);
    // And that it started, with a first configuration, and stopped.
    assert!(whole.contains("23 records"), "{whole}");
    let log = service.data_dir().join("events.db");
    let mut bytes = std::fs::read(&log).unwrap();
    // All over: much of a small file is not in use.
    for place in (4096..bytes.len() - 64).step_by(512) {
        for byte in &mut bytes[place..place + 64] {
            *byte ^= 0x55;
        }
    }
    std::fs::write(&log, bytes).unwrap();
    let changed = service.run(&["verify"]).await;
    assert!(matches!(changed.code, Some(2 | 74)), "{:?} {}", changed.code, changed.stderr);
    assert!(!changed.stderr.is_empty());
}

#[tokio::test]
async fn completions_and_the_catalogue_are_printed_and_checked() {
    for shell in ["bash", "zsh", "fish"] {
        let script = program().run(&["completions", shell]).await.expect(0);
        assert!(script.contains("annals") && script.len() > 1000, "{shell}");
    }
    program().run(&["catalogue", "check"]).await.expect(0);
    let shipped = in_repository("config/catalogue");
    program().run(&["catalogue", "check", shipped.to_str().unwrap()]).await.expect(0);
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("bad.toml"), "family = \"bad\"\n[[type]]\nname = 7\n").unwrap();
    let bad = program().run(&["catalogue", "check", dir.path().to_str().unwrap()]).await;
    assert!(!matches!(bad.code, None | Some(0)), "a bad catalogue is found");
    assert!(format!("{}{}", bad.stdout, bad.stderr).contains("bad.toml"));
}

#[tokio::test]
async fn generated_events_are_the_same_for_a_seed_and_all_of_them_are_taken() {
    let generate = ["generate", "--count", "500", "--seed", "7", "--persons", "20"];
    let first = program().run(&generate).await.expect(0);
    assert_eq!(first, program().run(&generate).await.expect(0));
    assert_eq!(first.lines().count(), 500);
    let service = service().await;
    let writer = service.caller("shop", "acme", "writer").await;
    let answer = writer.post("/api/v1/logs/bulk", "application/x-ndjson", first).await;
    let body = answer.expect(201);
    assert_eq!(body["results"].as_array().unwrap().len(), 500);
    let auditor = service.caller("audit", "acme", "auditor").await;
    assert_eq!(auditor.count("").await, 500);
}

#[tokio::test]
async fn benchmarks_run_small_and_print_json() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let data = data.to_str().unwrap();
    let benches: &[(&[&str], &str)] = &[
        (
            &[
                "ingest",
                "--events",
                "400",
                "--batch",
                "50",
                "--connections",
                "4",
                "--seconds",
                "1",
                "--rate",
                "100",
            ],
            "/bulk/durable_per_second",
        ),
        (&["search", "--events", "1000", "--queries", "5"], "/machine"),
        (&["live", "--subscribers", "2", "--rate", "50", "--seconds", "1"], "/machine"),
    ];
    for (arguments, pointer) in benches {
        let run = [&["bench", "--data-dir", data], *arguments].concat();
        let printed = program().run(&run).await.expect(0);
        let result: serde_json::Value = serde_json::from_str(&printed).unwrap();
        assert_eq!(result["bench"], arguments[0], "{printed}");
        assert!(result.pointer(pointer).is_some_and(|value| !value.is_null()), "{printed}");
        assert!(!std::path::Path::new(data).exists(), "a benchmark leaves nothing behind");
    }
}

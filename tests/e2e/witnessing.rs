//! Checkpoints away from the machine: two witnesses and a sink, all of them real processes and files.

mod foreign_log;
mod process;

use std::path::Path;
use std::time::{Duration, Instant};

use annals_tests::{Caller, PATIENCE, TestService, samples, wait_until};
use annals_tlog::{Note, Policy};
use reqwest::Method;
use serde_json::Value;

use self::foreign_log::ForeignLog;
use self::process::Witness;
use crate::{ANNALS, text};

/// No answer to who records may take so long while a witness is away.
const ACK_MAX: Duration = Duration::from_secs(2);
/// How often a witness is killed while it cosigns.
const KILLS: u64 = 20;

/// The newest tree: its path and key.
async fn newest_tree(caller: &Caller) -> (String, String) {
    let log = wait_until("there is a tree", PATIENCE, async || {
        let log: Value = serde_json::from_str(&fetched(caller, "/tlog/log.json").await?).unwrap();
        log["shards"].as_array()?.last().cloned()
    });
    let shard = log.await;
    (format!("/tlog/{}", text(&shard["path"])), text(&shard["vkey"]))
}

async fn fetched(caller: &Caller, path: &str) -> Option<String> {
    let answer = caller.anonymous(Method::GET, path).send().await.unwrap();
    match answer.status().as_u16() {
        200 => Some(answer.text().await.unwrap()),
        _ => None,
    }
}

/// Waits until a checkpoint of at least this size is accepted; its size.
async fn accepted(caller: &Caller, path: &str, policy: &Policy, size_min: u64) -> u64 {
    wait_until("enough witnesses have cosigned", PATIENCE, async || {
        let note = Note::parse(fetched(caller, path).await?.as_bytes()).unwrap();
        let size: u64 = note.text().lines().nth(1)?.parse().ok()?;
        (size >= size_min && policy.check(&note).is_ok()).then_some(size)
    })
    .await
}

async fn signed_size(caller: &Caller, tree: &str) -> u64 {
    let note = fetched(caller, &format!("{tree}/checkpoint")).await.unwrap();
    note.lines().nth(1).unwrap().parse().unwrap()
}

async fn record(caller: &Caller, count: usize) {
    let events: Vec<Value> = (0..count).map(|n| samples::numbered("robot", n)).collect();
    caller.bulk(&events).await.expect(201);
}

fn settings(witnesses: &[&Witness], vault: &Path) -> String {
    let mut settings = format!(
        "[integrity]\nwitness_interval_seconds = 1\nsink_interval_seconds = 1\n\
         [[integrity.sinks]]\nkind = \"file\"\nname = \"vault\"\ndir = \"{}\"\n",
        vault.display()
    );
    for witness in witnesses {
        settings += &format!(
            "[[integrity.witnesses]]\nurl = \"{}\"\nvkey = \"{}\"\n",
            witness.url(),
            witness.key()
        );
    }
    settings
}

/// Believes the log when `threshold` of the witnesses have cosigned.
fn policy(log: &str, threshold: usize, witnesses: &[&Witness]) -> Policy {
    let mut lines = format!("log {log}\n");
    let mut names = String::new();
    for (number, witness) in witnesses.iter().enumerate() {
        lines += &format!("witness w{number} {}\n", witness.key());
        names += &format!(" w{number}");
    }
    lines += &format!("group enough {threshold}{names}\nquorum enough\n");
    Policy::parse(lines.as_bytes()).unwrap()
}

#[tokio::test]
async fn two_witnesses_cosign_and_one_that_dies_holds_up_nothing() {
    let mut service = TestService::start(ANNALS).await;
    let admin = service.caller("root", "acme", "admin").await;
    record(&admin, 50).await;
    let (tree, log) = newest_tree(&admin).await;
    let one = Witness::start("one", &log).await;
    let mut other = Witness::start("other", &log).await;
    let vault = service.home().join("vault");
    std::fs::create_dir(&vault).unwrap();
    service.stop().await;
    service.configure(&settings(&[&one, &other], &vault));
    service.restart().await;
    record(&admin, 100).await;

    let both = policy(&log, 2, &[&one, &other]);
    let began = Instant::now();
    let size = accepted(&admin, &format!("{tree}/checkpoint.cosigned"), &both, 150).await;
    assert!(began.elapsed() < Duration::from_secs(20), "it took {:?}", began.elapsed());
    // The log rests, so the newest checkpoint is the same one.
    assert_eq!(accepted(&admin, &format!("{tree}/checkpoint"), &both, size).await, size);
    let file = vault.join(format!("{}-{size}", tree.rsplit('/').next().unwrap()));
    wait_until("the sink has it", PATIENCE, async || {
        let kept = std::fs::read(&file).ok()?;
        (Note::parse(&kept).unwrap().text().lines().nth(1)? == size.to_string()).then_some(())
    })
    .await;

    other.kill().await;
    let mut slowest = Duration::ZERO;
    for n in 0..100 {
        let began = Instant::now();
        admin.record(&samples::numbered("patient", n)).await.expect(201);
        slowest = slowest.max(began.elapsed());
    }
    assert!(slowest < ACK_MAX, "an answer took {slowest:?}");
    let single = policy(&log, 1, &[&one, &other]);
    let now = size + 100;
    wait_until("the log is signed as ever", PATIENCE, async || {
        (signed_size(&admin, &tree).await >= now).then_some(())
    })
    .await;
    accepted(&admin, &format!("{tree}/checkpoint"), &single, now).await;
    assert_eq!(accepted(&admin, &format!("{tree}/checkpoint.cosigned"), &both, 0).await, size);

    other.start_again().await;
    accepted(&admin, &format!("{tree}/checkpoint.cosigned"), &both, now).await;
    service.stop().await;
    service.run(&["verify"]).await.expect(0);
}

#[tokio::test]
async fn a_fork_is_refused_and_changes_nothing() {
    let (honest, fork) = (ForeignLog::honest(), ForeignLog::forking_at(5));
    let witness = Witness::start("one", &honest.key()).await;
    assert_eq!(witness.ask(&honest.request(0, 9)).await.unwrap().0, 200);
    let before = witness.state();
    for (request, status) in [
        (fork.request(9, 9), 409),
        (fork.request(9, 12), 422),
        (fork.request(0, 9), 409),
        (honest.request(0, 3), 409),
        (honest.request(3, 3), 409),
    ] {
        assert_eq!(witness.ask(&request).await.unwrap().0, status);
    }
    assert_eq!(witness.state(), before);
}

#[tokio::test]
async fn a_witness_that_is_killed_at_any_moment_never_cosigns_less_than_it_did() {
    let (honest, fork) = (ForeignLog::honest(), ForeignLog::forking_at(5));
    let mut witness = Witness::start("one", &honest.key()).await;
    let (mut cosigned, mut asked) = (0, 5);
    for kill in 0..KILLS {
        // It is killed somewhere between the first request and the answer to the last.
        let growing = async {
            for size in asked + 1..=asked + 5 {
                let Some((status, body)) = witness.ask(&honest.request(cosigned, size)).await
                else {
                    break;
                };
                asked = size;
                match status {
                    200 => cosigned = size,
                    409 => cosigned = body.trim().parse().unwrap(),
                    other => panic!("status {other}: {body}"),
                }
            }
        };
        let killing = tokio::time::sleep(Duration::from_micros(700 * kill));
        tokio::select! {
            () = growing => {}
            () = killing => {}
        }
        witness.kill().await;
        witness.start_again().await;
        // As long as it cosigned nothing, the first that comes is the log.
        if cosigned == 0 {
            continue;
        }
        for request in [
            honest.request(0, cosigned - 1),
            fork.request(cosigned, cosigned),
            fork.request(cosigned, cosigned + 7),
            fork.request(0, cosigned + 7),
        ] {
            let (status, body) = witness.ask(&request).await.unwrap();
            assert!([409, 422].contains(&status), "status {status}: {body}");
        }
    }
    assert!(cosigned > 5, "the witness never came to cosign");
}

//! Many persons are erased at once: nobody reads or finds anything of them, the others stay, every proof stands,
//! and an older backup that is restored does not bring them back.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use annals_tests::{Caller, Canaries, Setup, TestService, samples, wait_until};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{ANNALS, text};

/// So many persons there are, of whom so many are erased. With ten thousand and a thousand this was run by hand:
/// docs/erasure.md has the figures.
const PERSONS: usize = 1000;
const ERASED: usize = 100;
/// Events in one bulk.
const BULK: usize = 1000;
/// All of them are erased within this time.
const PATIENCE: Duration = Duration::from_secs(300);

/// A person with the words that stand in their events alone.
struct Person {
    id: String,
    word: String,
}

fn people(canaries: &mut Canaries) -> Vec<Person> {
    let person = |number: usize| Person {
        id: canaries.word(&format!("id {number}")),
        word: canaries.word(&format!("word {number}")),
    };
    (0..PERSONS).map(person).collect()
}

/// What a person does to their own account, and to that of the next.
fn events_of(person: &Person, next: &Person) -> [Value; 2] {
    let actor = json!({ "id": person.id, "name": format!("Name {}", person.word) });
    let own = json!({
        "id": samples::id(),
        "type": "user.password.changed",
        "actor": actor,
        "description": format!("note {}", person.word),
        "metadata": { "method": "self_service", "hint": person.word },
    });
    let on_next = json!({
        "id": samples::id(),
        "type": "record.viewed",
        "actor": actor,
        "subject": { "id": next.id, "name": format!("Name {}", next.word) },
        "description": format!("looked at {}", next.word),
    });
    [own, on_next]
}

async fn record(service: &TestService, people: &[Person]) {
    let writer = service.caller("shop", "acme", "writer").await;
    let pairs = people.iter().zip(people.iter().cycle().skip(1));
    let events: Vec<Value> = pairs.flat_map(|(one, next)| events_of(one, next)).collect();
    for some in events.chunks(BULK) {
        writer.bulk(some).await.expect(201);
    }
    service.caller("audit", "acme", "auditor").await.wait_until_current().await;
}

async fn erase(service: &TestService, people: &[Person]) {
    let paula = service.caller("paula", "acme", "privacy_officer").await;
    let peter = service.caller("peter", "acme", "privacy_officer").await;
    let post = async |caller: &Caller, path: &str, body: Value| {
        caller.post(path, "application/json", body.to_string()).await
    };
    for person in people {
        let wanted = json!({ "person": person.id, "reason": "asked for by letter" });
        let asked = post(&paula, "/api/v1/erasures", wanted).await.expect(201);
        let path = format!("/api/v1/erasures/{}/approve", text(&asked["id"]));
        post(&peter, &path, json!({ "reason": "looked at it" })).await.expect(202);
    }
    wait_until("all are erased", PATIENCE, async || {
        let list = paula.get("/api/v1/erasures", &[]).await.expect(200);
        let all = list["erasures"].as_array().unwrap();
        all.iter().all(|one| one["status"] == "completed").then_some(())
    })
    .await;
}

/// Nothing of the erased is found, and everything of the others.
async fn check(service: &TestService, erased: &[Person], kept: &[Person]) {
    let auditor = service.caller("audit", "acme", "auditor").await;
    auditor.wait_until_current().await;
    for person in erased {
        for word in [&person.id, &person.word] {
            assert_eq!(auditor.count(word).await, 0, "{word}");
        }
        let by_field = format!("actor:{} OR subject:{}", person.id, person.id);
        assert_eq!(auditor.count(&by_field).await, 0, "{by_field}");
        let list = auditor.get("/api/v1/logs", &[("user_id", &person.id)]).await;
        assert!(!list.text.contains(&person.word), "{}", list.text);
    }
    for person in kept {
        assert!(auditor.count(&format!("\"note {}\"", person.word)).await == 1, "{}", person.word);
    }
    let all = auditor.count("type:user.password.changed").await;
    assert_eq!(all, PERSONS as u64, "events stay, whoever they were about");
}

/// The published tree, file by file.
async fn published(service: &TestService) -> BTreeMap<String, Vec<u8>> {
    let auditor = service.caller("audit", "acme", "auditor").await;
    let log = auditor.get("/tlog/log.json", &[]).await.expect(200);
    let mut files = BTreeMap::new();
    for shard in log["shards"].as_array().unwrap() {
        let (name, size) = (text(&shard["path"]), shard["size"].as_u64().unwrap());
        for tile in 0..size / 256 {
            for level in ["0", "entries"] {
                let path = format!("/tlog/{name}/tile/{level}/{tile:03}");
                let answer = auditor.request(Method::GET, &path).send().await.unwrap();
                assert_eq!(answer.status(), 200, "{path}");
                files.insert(path, answer.bytes().await.unwrap().to_vec());
            }
        }
    }
    files
}

fn shown(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[tokio::test]
async fn a_tenth_of_the_people_is_erased_and_no_word_of_theirs_is_left_anywhere() {
    let mut service = TestService::start_as(ANNALS, Setup::default()).await;
    let mut canaries = Canaries::default();
    let people = people(&mut canaries);
    let (erased, kept) = people.split_at(ERASED);
    record(&service, &people).await;
    let backups: PathBuf = service.home().join("backups");
    let told = service.run(&["backup", "--to", shown(&backups)]).await.expect(0);
    let before = published(&service).await;
    assert!(!before.is_empty());
    erase(&service, erased).await;
    check(&service, erased, &kept[..10]).await;
    let after = published(&service).await;
    for (path, bytes) in &before {
        assert!(after.get(path) == Some(bytes), "{path} is as it was");
    }
    // Whoever is not erased is sealed, too.
    canaries.expect_none_in(service.home());
    service.run(&["backup", "--to", shown(&backups)]).await.expect(0);
    service.stop().await;
    service.run(&["verify"]).await.expect(0);
    service.run(&["rebuild"]).await.expect(0);
    service.restart().await;
    check(&service, erased, &kept[..10]).await;
    service.stop().await;
    canaries.expect_none_in(service.home());
    let restored = restored_before(&service, &backups, &told).await;
    check(&restored, erased, &kept[..10]).await;
}

/// What comes back of a backup that was made before the erasure.
async fn restored_before(service: &TestService, backups: &Path, told: &str) -> TestService {
    let position = told.split("position ").nth(1).expect("a backup tells where it ends");
    let position: String = position.chars().take_while(char::is_ascii_digit).collect();
    let mut other = TestService::prepared_as(ANNALS, Setup::default());
    std::fs::create_dir_all(other.data_dir()).unwrap();
    let key = "master.key";
    std::fs::copy(service.data_dir().join(key), other.data_dir().join(key)).unwrap();
    let arguments = ["restore", "--from", shown(backups), "--position", &position];
    let name = ["--new-origin", "restored.example/log"];
    other.run(&[&arguments[..], &name[..]].concat()).await.expect(0);
    other.set("ANNALS_INTEGRITY__ORIGIN", "restored.example/log");
    other.restart().await;
    other
}

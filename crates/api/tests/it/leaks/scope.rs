//! Events of others, looked for behind every door by those who see a part, and by other tenants.

use axum::body::Body;
use http::{Method, StatusCode};
use serde_json::json;

use super::{admin, started, token_of};
use crate::support::{Service, request, token, until};

const CANARY: &str = "hush-canary";

/// A sign-in, and something secret with which it has everything in common.
async fn with_secret() -> (Service, String, String) {
    let service = started().await;
    let common = |kind: &str, name: &str| {
        json!({
            "type": kind, "actor": { "id": "ann", "type": "user", "name": name }, "subject": { "id": "ann" },
            "session": { "id": "s-1" }, "request": { "id": "r-1", "correlation_id": "c-1",
                "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01" },
            "targets": [{ "type": "vault", "id": "v-1", "name": name }],
            "changes": [{ "path": "/role", "op": "replace", "before": "none", "after": name }],
            "labels": { "name": name }, "metadata": { "note": name, "amount": 7 },
        })
    };
    let open = service.record(common("user.login.succeeded", "open")).await;
    let secret = service.record(common("vault.opened", CANARY)).await;
    (service, open, secret)
}

#[tokio::test]
async fn a_narrow_role_finds_nothing_beyond_it_by_any_door() {
    let (service, open, secret) = with_secret().await;
    for roles in [&["narrow"][..], &["narrow", "user"]] {
        let kim = token_of("kim", roles);
        let mut paths =
            vec![format!("/api/v1/logs/{secret}"), format!("/api/v1/logs/{secret}/related")];
        for path in [
            "/api/v1/logs?count=true",
            "/api/v1/logs?q=hush",
            "/api/v1/logs?q=type:vault.*+OR+type:user.*",
            "/api/v1/logs?q=-type:user.*",
            "/api/v1/logs/{open}/related?by=request,session,trace,correlation,target,actor",
            "/api/v1/targets/vault/v-1/history",
            "/api/v1/targets/vault/v-1/history?at=2099-01-01T00:00:00Z",
            "/api/v1/logs/stats?by=type,target.name,labels.name,metadata.note,actor.name",
            "/api/v1/logs/stats?interval=1h&split=metadata.note",
            "/api/v1/logs/stats?numbers=metadata.amount",
            "/api/v1/logs/suggest?field=labels.name&prefix=h",
            "/api/v1/logs/suggest?field=type&prefix=v",
            "/api/v1/logs/complete?q=type:v",
            "/api/v1/logs/complete?q=-type:user.*+labels.name:h",
            "/api/v1/logs/export?format=csv",
            "/api/v1/logs/export?format=ndjson&q=type:vault.opened",
        ] {
            paths.push(path.replace("{open}", &open));
        }
        for path in paths {
            let answer = service.get(&path, &kim).await;
            let told = answer.text.replace("type:vault.opened", "");
            assert!(!told.contains(CANARY) && !told.contains("vault.opened"), "{path}: {told}");
        }
        let stats = service.get("/api/v1/logs/stats?numbers=metadata.amount", &kim).await.json();
        assert_eq!(stats["numbers"][0]["count"], 1, "{stats}");
        for document in [
            format!("{{ auditEvent(id: \"{open}\") {{ related(by: [SESSION, TARGET, ACTOR]) {{ nodes {{ sentence type }} }} }} }}"),
            format!("{{ auditEvent(id: \"{secret}\") {{ sentence }} a: auditEvent(id: \"{secret}\") {{ type }} }}"),
            "{ targetHistory(type: \"vault\", id: \"v-1\") { nodes { after } } }".to_owned(),
            "{ facets(fields: [\"labels.name\"]) { values { value } } suggestions(field: \"labels.name\") { values } }".to_owned(),
            "{ person(id: \"ann\") { timeline { nodes { sentence } } counts { type } } }".to_owned(),
        ] {
            let told = service.ask(&kim, &document, json!({})).await.to_string();
            assert!(!told.contains(CANARY) && !told.contains("vault.opened"), "{document}: {told}");
        }
    }
}

#[tokio::test]
async fn no_name_of_a_person_widens_what_their_file_holds() {
    let service = started().await;
    service
        .record(json!({ "type": "vault.opened", "user_id": "ann", "description": CANARY }))
        .await;
    for name in [
        "*",
        "a*",
        "a\" OR type:*",
        "ann,zoe",
        "zoe OR type:*",
        ">a",
        "<z",
        "a..z",
        "\\",
        "zoe\\\" OR *",
        "(ann)",
        "zoe) OR (type:*",
        "-zoe",
        "=ann",
        "*..*",
        "zoe, ann",
        "ANN",
        "\u{201c}ann\u{201d}",
    ] {
        let kim = token_of(name, &["own_seer"]);
        let asked = json!({ "format": "ndjson" }).to_string();
        let answer = service.post("/api/v1/exports", &kim, asked).await;
        assert_eq!(answer.status, StatusCode::ACCEPTED, "{name}: {}", answer.text);
        let path = format!("/api/v1/exports/{}", answer.json()["id"].as_str().unwrap());
        until("the export ends", async || {
            let status = service.get(&path, &kim).await.json()["status"].clone();
            status != "queued" && status != "running"
        })
        .await;
        let job = service.get(&path, &kim).await.json();
        assert_eq!(job["status"], "done", "{name}: {job}");
        let file = service.get(&format!("{path}/file"), &kim).await;
        assert!(!file.text.contains(CANARY), "{name}: {}", file.text);
        let direct = service.get("/api/v1/logs/export", &kim).await;
        assert!(!direct.text.contains(CANARY), "{name}: {}", direct.text);
        let removed = service.call(request(Method::DELETE, &path, Some(&kim), Body::empty())).await;
        assert_eq!(removed.status, 200);
    }
}

#[tokio::test]
async fn an_id_that_another_tenant_uses_tells_nothing_of_it() {
    let service = started().await;
    let event =
        json!({ "id": "0198c0de-0000-7000-8000-00000000cafe", "type": "a.b", "user_id": CANARY });
    let first =
        service.post("/api/v1/logs", &token("shop", "acme", "writer"), event.to_string()).await;
    assert_eq!(first.status, 201);
    let same =
        service.post("/api/v1/logs", &token("shop", "globex", "writer"), event.to_string()).await;
    assert_eq!(same.status, 201, "{}", same.text);
    assert_ne!(same.json()["position"], first.json()["position"]);
    let other = json!({ "id": "0198c0de-0000-7000-8000-00000000cafe", "type": "a.c" }).to_string();
    let other = service.post("/api/v1/logs", &token("shop", "initech", "writer"), other).await;
    assert_eq!(other.status, 201, "{}", other.text);
    assert!(!other.text.contains(CANARY));
    assert_eq!(service.get("/api/v1/logs", &admin()).await.status, 200);
}

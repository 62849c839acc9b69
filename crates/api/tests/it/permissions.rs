//! Events of other tenants and persons.

use serde_json::json;

use crate::support::{Service, token};

fn event() -> serde_json::Value {
    json!({ "type": "a.b", "actor": { "id": "ann" } })
}

#[tokio::test]
async fn nobody_sees_events_of_another_tenant_or_person() {
    let service = Service::start().await;
    let id = service.record(event()).await;
    let path = format!("/api/v1/logs/{id}");
    for (sub, tenant, role, status) in [
        ("root", "acme", "admin", 200),
        ("aud", "acme", "auditor", 200),
        ("ann", "acme", "user", 200),
        ("bob", "acme", "user", 404),
        ("root", "globex", "admin", 404),
        ("aud", "globex", "auditor", 404),
        ("ann", "globex", "user", 404),
        ("Ann", "acme", "user", 404),
        ("an", "acme", "user", 404),
        ("ann*", "acme", "user", 404),
    ] {
        let token = token(sub, tenant, role);
        let who = format!("{sub} {tenant} {role}");
        assert_eq!(service.get(&path, &token).await.status.as_u16(), status, "{who}");
        let listed = service.get("/api/v1/logs?q=id:*", &token).await;
        let listed =
            if listed.status == 200 { listed } else { service.get("/api/v1/logs", &token).await };
        let seen = !listed.json()["events"].as_array().unwrap().is_empty();
        assert_eq!(seen, status == 200, "{who}");
        let variables = json!({ "id": id });
        let document = "query($id: ID!) { auditEvent(id: $id) { id } auditEventsCount { value } \
                        auditEvents { nodes { id } } }";
        let data = service.ask(&token, document, variables).await["data"].take();
        assert_eq!(data["auditEvent"].is_object(), status == 200, "{who}");
        assert_eq!(data["auditEventsCount"]["value"], u8::from(status == 200), "{who}");
        assert_eq!(data["auditEvents"]["nodes"].as_array().unwrap().len() == 1, status == 200);
    }
    // An answer tells nothing of whether the event exists elsewhere.
    let missing = format!("/api/v1/logs/{}", uuid::Uuid::now_v7());
    let globex = token("root", "globex", "admin");
    let (there, nowhere) =
        (service.get(&path, &globex).await, service.get(&missing, &globex).await);
    assert_eq!((there.status, there.text), (nowhere.status, nowhere.text));
    // Nor can a tenant be named in the query or in the event.
    for q in ["tenant:acme", "tenant:*", "tenant:acme%20OR%20tenant:globex"] {
        let answer = service.get(&format!("/api/v1/logs?q={q}"), &globex).await;
        assert_eq!(answer.json()["events"], json!([]), "{q}");
    }
    let foreign = json!({ "type": "a.b", "tenant": "globex" }).to_string();
    let answer = service.post("/api/v1/logs", &token("shop", "acme", "writer"), foreign).await;
    assert_eq!((answer.status.as_u16(), answer.code()), (403, "FORBIDDEN".into()));
}

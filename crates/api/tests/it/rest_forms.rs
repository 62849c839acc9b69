//! The forms of REST: errors, parameters, cursors, and events as they are shown.

use serde_json::{Value, json};

use crate::support::{Service, token};

fn admin() -> String {
    token("root", "acme", "admin")
}

#[tokio::test]
async fn wrong_parameters_are_refused_with_their_name() {
    let service = Service::start().await;
    let token = admin();
    for (query, field) in [
        ("limit=0", "limit"),
        ("limit=251", "limit"),
        ("limit=-1", "limit"),
        ("limit=ten", "limit"),
        ("limit=", "limit"),
        ("limit=18446744073709551616", "limit"),
        ("order=upside", "order"),
        ("order=", "order"),
        ("count=maybe", "count"),
        ("q=actr:ann", "q"),
        ("q=(", "q"),
        ("query=severity%3E%3Dloud", "q"),
        ("nonsense=1", "nonsense"),
        ("Limit=1", "Limit"),
        ("ip=localhost", "ip"),
        ("severity=loud", "severity"),
        ("from=yesterday", "from"),
        ("user_id=", "user_id"),
        ("from=2026-01-01&from=2026-01-02", "from"),
    ] {
        let answer = service.get(&format!("/api/v1/logs?{query}"), &token).await;
        assert_eq!(
            (answer.status.as_u16(), answer.code()),
            (400, "BAD_USER_INPUT".into()),
            "{query}"
        );
        assert_eq!(answer.json()["errors"][0]["path"], field, "{query}: {}", answer.text);
    }
    for query in ["%", "%zz=1", "q=%ff", &"limit=1&".repeat(129)] {
        let answer = service.get(&format!("/api/v1/logs?{query}"), &token).await;
        assert_eq!(
            (answer.status.as_u16(), answer.code()),
            (400, "BAD_USER_INPUT".into()),
            "{query}"
        );
    }
    for query in [
        "",
        "&&",
        "limit=250",
        "count=1",
        "order=oldest&limit=1",
        "q=",
        "q=+%20",
        "q=type:a.*&user_id=ann",
    ] {
        let answer = service.get(&format!("/api/v1/logs?{query}"), &token).await;
        assert_eq!(answer.status, 200, "{query}: {}", answer.text);
    }
}

#[tokio::test]
async fn cursors_that_are_not_ours_are_refused_and_those_of_other_kinds_do_what_they_can() {
    let service = Service::start().await;
    let token = admin();
    for n in 0..3 {
        service.record(json!({ "type": "a.b", "metadata": { "n": n } })).await;
    }
    let page = service.get("/api/v1/logs?limit=1", &token).await.json();
    let (of_page, of_event) =
        (page["next_cursor"].as_str().unwrap(), page["events"][0]["position"].as_str().unwrap());
    for cursor in [of_page, of_event] {
        let next = service.get(&format!("/api/v1/logs?cursor={cursor}"), &token).await.json();
        assert_eq!(next["events"][0]["metadata"]["n"], 1);
        let visible = service.get(&format!("/api/v1/logs?min_position={cursor}"), &token).await;
        assert_eq!(visible.status, 200);
    }
    let (rest, last) = of_page.split_at(of_page.len() - 1);
    let altered = format!("{rest}{}", if last == "A" { "Q" } else { "A" });
    for cursor in ["", "x", "0", "null", &altered, &format!("{of_page}="), &of_page.to_lowercase()]
    {
        for name in ["cursor", "after", "min_position"] {
            let answer = service.get(&format!("/api/v1/logs?{name}={cursor}"), &token).await;
            assert_eq!((answer.status.as_u16(), answer.code()), (400, "INVALID_CURSOR".into()));
        }
    }
    // A position tells nothing of when its event happened: no page in that order goes on from it.
    let document = "query($after: String) { auditEvents(orderBy: OCCURRED_AT_DESC, first: 1, after: $after) \
                    { nodes { metadata } pageInfo { endCursor } } }";
    let refused = service.ask(&token, document, json!({ "after": of_event })).await;
    assert_eq!(refused["errors"][0]["extensions"]["code"], "INVALID_CURSOR", "{refused}");
    let next = service.ask(&token, document, json!({ "after": of_page })).await;
    assert_eq!(next["data"]["auditEvents"]["nodes"][0]["metadata"]["n"], 1, "{next}");
}

#[tokio::test]
async fn what_is_not_visible_yet_is_waited_for_a_bounded_time() {
    let service = Service::with_limits(|limits| limits.query.wait_ms_max = 50).await;
    let ahead = service.api.cursors.position(annals_domain::Position(1_000_000));
    let answer = service.get(&format!("/api/v1/logs?min_position={ahead}"), &admin()).await;
    assert_eq!((answer.status.as_u16(), answer.code()), (503, "UNAVAILABLE".into()));
    assert_eq!(answer.header("retry-after"), "1");
    // A cursor beyond the end is nobody's fault either.
    let answer = service.get(&format!("/api/v1/logs?cursor={ahead}&order=oldest"), &admin()).await;
    assert_eq!(answer.json()["events"], json!([]));
}

#[tokio::test]
async fn walking_page_by_page_sees_every_event_once_in_both_orders() {
    let service = Service::start().await;
    for n in 0..23 {
        service.record(json!({ "type": "a.b", "metadata": { "n": n } })).await;
    }
    for (order, expected) in
        [("newest", (0..23).rev().collect::<Vec<i64>>()), ("oldest", (0..23).collect())]
    {
        let (mut seen, mut cursor, mut pages) = (Vec::new(), String::new(), 0);
        loop {
            let path = format!("/api/v1/logs?limit=5&order={order}{cursor}");
            let page = service.get(&path, &admin()).await.json();
            let events = page["events"].as_array().unwrap();
            seen.extend(events.iter().map(|event| event["metadata"]["n"].as_i64().unwrap()));
            pages += 1;
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        assert_eq!((seen, pages), (expected, 5), "{order}");
    }
}

#[tokio::test]
async fn an_event_comes_back_with_its_fields_and_its_place_side_by_side() {
    let service = Service::start().await;
    let sent = json!({
        "type": "user.password.changed",
        "occurred_at": "2026-01-02T03:04:05.678+01:00",
        "actor": { "id": "ann", "name": "Ann Lee", "alt_ids": { "icn": "1012" } },
        "targets": [{ "type": "account", "id": "7" }],
        "outcome": { "status": "failure", "code": "E1" },
        "client": { "ip": "192.0.2.1" },
        "metadata": { "position": "mine", "a.b": 1, "a=b": 2, "a#b": 3, "stream": null },
        "labels": { "env": "prod" },
    });
    let id = service.record(sent.clone()).await;
    let event = service.get(&format!("/api/v1/logs/{id}"), &admin()).await.json();
    for name in ["type", "occurred_at", "targets", "outcome", "metadata", "labels"] {
        let (sent, shown) = (&sent[name], &event[name]);
        assert!(contains(shown, sent), "{name}: {shown} instead of {sent}");
    }
    for (name, is) in [
        ("id", json!(id)),
        ("tenant", json!("acme")),
        ("source", json!("shop")),
        ("revision", json!(0)),
    ] {
        assert_eq!(event[name], is, "{name}");
    }
    for name in ["stream", "position", "received_at", "sentence"] {
        assert!(event[name].is_string(), "{name}");
    }
    assert!(event["erased"].is_null());
    assert!(!event["stream"].as_str().unwrap().contains("ann"), "no name in a stream's name");
    let listed = service.get("/api/v1/logs", &admin()).await.json();
    assert_eq!(listed["events"][0], event);
    assert!(listed["next_cursor"].is_null());
}

/// Whether all of `part` is in `whole`.
fn contains(whole: &Value, part: &Value) -> bool {
    match (whole, part) {
        (Value::Object(whole), Value::Object(part)) => part
            .iter()
            .all(|(key, part)| part.is_null() || whole.get(key).is_some_and(|w| contains(w, part))),
        (Value::Array(whole), Value::Array(part)) => {
            whole.len() == part.len() && whole.iter().zip(part).all(|(w, p)| contains(w, p))
        }
        _ => whole == part,
    }
}

#[tokio::test]
async fn sending_again_tells_the_old_receipt_and_other_content_is_a_conflict() {
    let service = Service::start().await;
    let writer = token("shop", "acme", "writer");
    let id = uuid::Uuid::now_v7();
    let event = |n: u8| json!({ "type": "a.b", "id": id, "metadata": { "n": n } }).to_string();
    let first = service.post("/api/v1/logs", &writer, event(1)).await;
    let again = service.post("/api/v1/logs", &writer, event(1)).await;
    let other = service.post("/api/v1/logs", &writer, event(2)).await;
    assert_eq!((first.status.as_u16(), again.status.as_u16()), (201, 200));
    for name in ["id", "stream", "revision", "position"] {
        assert_eq!(first.json()[name], again.json()[name], "{name}");
    }
    assert_eq!((other.status.as_u16(), other.code()), (409, "IDEMPOTENCY_CONFLICT".into()));
    // The same id belongs to somebody else in another tenant.
    let elsewhere = token("shop", "globex", "writer");
    assert_eq!(service.post("/api/v1/logs", &elsewhere, event(2)).await.status, 201);
}

#[tokio::test]
async fn a_bad_event_is_refused_with_the_path_of_its_field_and_without_its_value() {
    let service = Service::start().await;
    let writer = token("shop", "acme", "writer");
    for (body, status, path) in [
        (r#"{"type":7}"#, 400, "type"),
        (r#"{"actor":{"id":"hunter2"}}"#, 422, "type"),
        (r#"{"type":"a.b","actor":{"id":{"x":"hunter2"}}}"#, 400, "actor.id"),
        (r#"{"type":"a.b","hunter2":1}"#, 400, "hunter2"),
        (r#"{"type":"a.b","client":{"ip":"hunter2"}}"#, 400, "client.ip"),
        (r#"{"type":"a.b","actor":{"id":"a\u0000b"}}"#, 422, "actor.id"),
        (r#"{"type":"a.b","occurred_at":"hunter2"}"#, 400, "occurred_at"),
    ] {
        let answer = service.post("/api/v1/logs", &writer, body).await;
        assert_eq!(
            (answer.status.as_u16(), answer.code()),
            (status, "BAD_USER_INPUT".into()),
            "{body}"
        );
        assert_eq!(answer.json()["errors"][0]["path"], path, "{body}: {}", answer.text);
        assert!(path == "hunter2" || !answer.text.contains("hunter2"), "{}", answer.text);
    }
}

#[tokio::test]
async fn counts_are_exact_up_to_the_limit_and_at_least_beyond() {
    let service = Service::with_limits(|limits| limits.query.count_max = 3).await;
    for (recorded, value, precision) in [(0, 0, "exact"), (3, 3, "exact"), (1, 3, "at_least")] {
        for _ in 0..recorded {
            service.record(json!({ "type": "a.b" })).await;
        }
        let answer = service.get("/api/v1/logs?count=true&limit=1", &admin()).await.json();
        assert_eq!(answer["count"], json!({ "value": value, "precision": precision }));
    }
    assert!(service.get("/api/v1/logs?count=false", &admin()).await.json()["count"].is_null());
}

#[tokio::test]
async fn the_pages_of_the_service_tell_how_it_is() {
    let service = Service::start().await;
    service.record(json!({ "type": "a.b", "actor": { "id": "hunter2" } })).await;
    assert_eq!(service.get("/healthz", "").await.json(), json!({ "status": "ok" }));
    let ready = service.get("/readyz", "").await;
    assert_eq!((ready.status.as_u16(), &ready.json()["ingest"]), (200, &json!(true)));
    let metrics = service.get("/metrics", "").await.text;
    assert!(!metrics.contains("hunter2") && !metrics.contains("acme"));
    let limits = service.get("/api/v1/limits", &admin()).await.json();
    assert_eq!(limits, serde_json::to_value(&*service.api.limits).unwrap());
    service.api.stopping.cancel();
    let ready = service.get("/readyz", "").await;
    assert_eq!((ready.status.as_u16(), &ready.json()["ingest"]), (503, &json!(false)));
    assert_eq!(service.get("/healthz", "").await.status, 200);
}

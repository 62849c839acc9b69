//! Taking events out of the log: in an answer and as files, for whom, and with which trace.

use annals_ports::memory::LogErrorKind;
use axum::body::Body;
use http::{HeaderMap, Method, StatusCode, header};
use http_body_util::BodyExt;
use serde_json::{Value, json};

use crate::support::{Service, Socket, request, subscribe, token, until, within};

fn kim() -> String {
    token("kim", "acme", "auditor")
}

fn root() -> String {
    token("root", "acme", "admin")
}

async fn with_events() -> Service {
    let service = Service::start().await;
    for n in 0..30 {
        let actor = ["ann", "bob", "=cmd|' /C calc'!A0"][n % 3];
        let event = json!({
            "type": "user.login.succeeded", "actor": { "id": actor, "type": "user", "name": "Ann Canary" },
            "metadata": { "n": n }
        });
        service.record(event).await;
    }
    service.record(json!({ "type": "globex.word", "actor": { "id": "eve" } })).await;
    service
}

/// The events of a list, as REST shows them, oldest first.
async fn listed(service: &Service, query: &str, token: &str) -> Vec<Value> {
    let path = format!("/api/v1/logs?order=oldest&limit=250&q={query}");
    service.get(&path, token).await.json()["events"].as_array().unwrap().clone()
}

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Traces of exports, oldest first.
async fn traces(service: &Service) -> Vec<Value> {
    let all = listed(service, "type:annals.log.exported", &root()).await;
    all.into_iter().map(|trace| trace["metadata"].clone()).collect()
}

async fn order(service: &Service, token: &str, order: Value) -> Value {
    let answer = service.post("/api/v1/exports", token, order.to_string()).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED, "{}", answer.text);
    let job = answer.json();
    let place = format!("/api/v1/exports/{}", job["id"].as_str().unwrap());
    assert_eq!(answer.header(header::LOCATION), place);
    job
}

async fn done(service: &Service, token: &str, job: &Value) -> Value {
    let path = format!("/api/v1/exports/{}", job["id"].as_str().unwrap());
    until("the export ends", async || {
        let job = service.get(&path, token).await.json();
        job["status"] != "queued" && job["status"] != "running"
    })
    .await;
    service.get(&path, token).await.json()
}

#[tokio::test]
async fn an_export_holds_what_a_list_shows_in_the_same_words() {
    let service = with_events().await;
    let shown = listed(&service, "actor.id:ann", &kim()).await;
    let answer = service.get("/api/v1/logs/export?format=ndjson&q=actor.id:ann", &kim()).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(answer.header(header::CONTENT_TYPE), "application/x-ndjson");
    assert!(answer.header(header::CONTENT_DISPOSITION).contains("annals-events.ndjson"));
    assert_eq!(lines(&answer.text), shown);
    let array = service.get("/api/v1/logs/export?format=json&actor=ann", &kim()).await;
    assert_eq!(array.json(), json!(shown));
    let table = service.get("/api/v1/logs/export?format=csv&q=type:user.*", &kim()).await;
    assert_eq!(table.text.lines().count(), 31);
    assert!(table.text.contains(",\"'=cmd|' /C calc'!A0\""), "{}", table.text);
    let file = service.call(request(
        Method::GET,
        "/api/v1/logs/export?format=json&q=type:no.such",
        Some(&kim()),
        Body::empty(),
    ));
    assert_eq!(file.await.json(), json!([]));
}

#[tokio::test]
async fn trailers_tell_what_a_manifest_tells() {
    let service = with_events().await;
    let path = "/api/v1/logs/export?format=ndjson&q=actor.id:ann";
    let response = service.open(request(Method::GET, path, Some(&kim()), Body::empty())).await;
    assert!(response.headers().contains_key("annals-export-until"));
    let collected = within(response.into_body().collect()).await.unwrap();
    let trailers: HeaderMap = collected.trailers().unwrap().clone();
    let bytes = collected.to_bytes();
    let told = |name: &str| trailers[name].to_str().unwrap().to_owned();
    assert_eq!(told("annals-export-events"), "10");
    assert_eq!(told("annals-export-bytes"), bytes.len().to_string());
    let digest = aws_lc_rs_digest(&bytes);
    assert_eq!(told("annals-export-sha256"), digest);
}

fn aws_lc_rs_digest(bytes: &[u8]) -> String {
    annals_record::content_digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test]
async fn a_file_is_written_described_and_given_to_whoever_asked_for_it_alone() {
    let service = with_events().await;
    let asked = json!({ "format": "ndjson", "query": "type:user.*", "actor": "ann" });
    let job = order(&service, &kim(), asked).await;
    let job = done(&service, &kim(), &job).await;
    assert_eq!(
        (&job["status"], &job["events"], &job["percent"]),
        (&json!("done"), &json!(10), &json!(100))
    );
    let (file, manifest) = (job["file"].as_str().unwrap(), job["manifest"].as_str().unwrap());
    let answer = service.get(file, &kim()).await;
    assert_eq!(lines(&answer.text), listed(&service, "actor.id:ann", &kim()).await);
    assert_eq!(job["sha256"], aws_lc_rs_digest(answer.text.as_bytes()));
    let told = service.get(manifest, &kim()).await.json();
    assert_eq!(told["sha256"], job["sha256"]);
    assert_eq!((&told["requester"], &told["tenant"]), (&json!("kim"), &json!("acme")));
    assert_eq!(service.get("/api/v1/exports", &kim()).await.json()["exports"][0]["id"], job["id"]);

    let own = format!("/api/v1/exports/{}", job["id"].as_str().unwrap());
    let nobodys = "/api/v1/exports/5f0c6a7e-3a52-4a0e-9d3b-0f5a7c1d2e3f";
    for stranger in [root(), token("kim", "globex", "auditor")] {
        for (path, none) in [
            (own.clone(), nobodys.to_owned()),
            (file.to_owned(), format!("{nobodys}/file")),
            (manifest.to_owned(), format!("{nobodys}/manifest")),
        ] {
            let (answer, none) =
                (service.get(&path, &stranger).await, service.get(&none, &stranger).await);
            assert_eq!((answer.status, &answer.text), (none.status, &none.text), "{path}");
            assert_eq!(answer.code(), "NOT_FOUND");
        }
        let delete =
            service.call(request(Method::DELETE, &own, Some(&stranger), Body::empty())).await;
        assert_eq!(delete.status, 404);
        assert_eq!(service.get("/api/v1/exports", &stranger).await.json()["exports"], json!([]));
    }
    let deleted = service.call(request(Method::DELETE, &own, Some(&kim()), Body::empty())).await;
    assert_eq!(deleted.status, 200, "{}", deleted.text);
    assert_eq!(service.get(&own, &kim()).await.status, 404);
    assert_eq!(service.get(file, &kim()).await.status, 404);
}

#[tokio::test]
async fn a_file_is_given_in_parts() {
    let service = with_events().await;
    let job = order(&service, &kim(), json!({ "format": "csv" })).await;
    let job = done(&service, &kim(), &job).await;
    let file = job["file"].as_str().unwrap();
    let whole = service.get(file, &kim()).await;
    let tag = whole.header(header::ETAG).to_owned();
    let part = async |range: &str, known: Option<&str>| {
        let mut asked = request(Method::GET, file, Some(&kim()), Body::empty());
        asked.headers_mut().insert(header::RANGE, range.parse().unwrap());
        if let Some(known) = known {
            asked.headers_mut().insert(header::IF_RANGE, known.parse().unwrap());
        }
        service.call(asked).await
    };
    let head = part("bytes=0-7", None).await;
    assert_eq!((head.status, &*head.text), (StatusCode::PARTIAL_CONTENT, "position"));
    let place = format!("bytes 0-7/{}", whole.text.len());
    assert_eq!(head.header(header::CONTENT_RANGE), place);
    let rest = part("bytes=8-", Some(&tag)).await;
    assert_eq!(head.text + &rest.text, whole.text);
    assert_eq!(part("bytes=8-", Some("\"another\"")).await.status, 200);
    let beyond = part("bytes=99999999-", None).await;
    assert_eq!(beyond.code(), "RANGE_NOT_SATISFIABLE");
    assert_eq!(beyond.status, 416);
}

#[tokio::test]
async fn every_export_and_every_download_leaves_a_trace_without_values() {
    let service = with_events().await;
    let path = "/api/v1/logs/export?format=csv&q=actor.id:ann";
    assert_eq!(service.get(path, &kim()).await.status, 200);
    let job = order(&service, &kim(), json!({ "format": "json", "query": "actor.id:bob" })).await;
    let job = done(&service, &kim(), &job).await;
    let file = job["file"].as_str().unwrap();
    for _ in 0..2 {
        assert_eq!(service.get(file, &kim()).await.status, 200);
    }
    let traces = traces(&service).await;
    let steps: Vec<&Value> = traces.iter().map(|trace| &trace["step"]).collect();
    assert_eq!(json!(steps), json!(["direct", "requested", "downloaded", "downloaded"]));
    assert_eq!((&traces[3]["export"], &traces[3]["exported"]), (&job["id"], &json!(10)));
    assert!(traces.iter().all(|trace| trace["query"].as_str().unwrap().contains("actor.id:?")));
    let catalogue = annals_domain::catalogue::Catalogue::shipped();
    for trace in &traces {
        let problems = catalogue.check_metadata("annals.log.exported", 1, trace);
        assert!(problems.is_empty(), "{problems:?}");
    }
}

#[tokio::test]
async fn what_cannot_be_recorded_is_not_exported() {
    let service = with_events().await;
    let job = order(&service, &kim(), json!({ "format": "json" })).await;
    let job = done(&service, &kim(), &job).await;
    (0..3).for_each(|_| service.log.fail_next(LogErrorKind::Full));
    let direct = service.get("/api/v1/logs/export?format=json", &kim()).await;
    assert_eq!(direct.status, 507, "{}", direct.text);
    let file = service.get(job["file"].as_str().unwrap(), &kim()).await;
    assert_eq!(file.status, 507, "{}", file.text);
    let asked = json!({ "format": "json" }).to_string();
    let refused = service.post("/api/v1/exports", &kim(), asked).await;
    assert_eq!(refused.status, 507, "{}", refused.text);
    assert!(!direct.text.contains("Canary") && !file.text.contains("Canary"));
    let known = service.get("/api/v1/exports", &kim()).await.json();
    assert_eq!(known["exports"].as_array().unwrap().len(), 1, "no job was begun");
}

#[tokio::test]
async fn who_may_not_export_gets_nothing_and_others_get_their_part() {
    let service = with_events().await;
    for role in ["user", "writer", "analyst"] {
        let caller = token("ann", "acme", role);
        for path in ["/api/v1/logs/export?format=json", "/api/v1/exports"] {
            assert_eq!(service.get(path, &caller).await.status, 403, "{role} {path}");
        }
        let asked = json!({ "format": "json" }).to_string();
        assert_eq!(service.post("/api/v1/exports", &caller, asked).await.status, 403);
    }
    // Another tenant's auditor sees none of it, and a role that sees a part exports that part.
    let foreign = token("eve", "globex", "auditor");
    assert_eq!(service.get("/api/v1/logs/export?format=json", &foreign).await.json(), json!([]));
    let analyst = token("sam", "acme", "security_analyst");
    let part =
        service.get("/api/v1/logs/export?format=json&q=-type:annals.*", &analyst).await.json();
    let types: Vec<&Value> = part.as_array().unwrap().iter().map(|event| &event["type"]).collect();
    assert_eq!(types.len(), 30);
    assert!(types.iter().all(|kind| *kind == "user.login.succeeded"));
    // Whoever sees more or less by now has to ask anew.
    let job = order(&service, &analyst, json!({ "format": "json" })).await;
    let job = done(&service, &analyst, &job).await;
    let promoted = token("sam", "acme", "auditor");
    assert_eq!(service.get(job["file"].as_str().unwrap(), &promoted).await.status, 403);
    assert_eq!(service.get(job["file"].as_str().unwrap(), &analyst).await.status, 200);
}

#[tokio::test]
async fn orders_that_are_wrong_are_refused_with_the_field() {
    let service = Service::start().await;
    for (path, told) in [
        ("?format=xml", "parquet"),
        ("?format=csv&q=((", "column"),
        ("?format=csv&colour=blue", "colour"),
        ("?format=json&bom=true", "byte order mark"),
        ("?format=csv&bom=perhaps", "true"),
        ("?format=csv&limit=5", "limit"),
    ] {
        let answer = service.get(&format!("/api/v1/logs/export{path}"), &kim()).await;
        assert_eq!(answer.status, 400, "{path}: {}", answer.text);
        assert!(answer.text.contains(told), "{path}: {}", answer.text);
    }
    for (order, told) in [
        ("[]", "object"),
        ("{", "object"),
        (r#"{"format":"csv","limit":5}"#, "limit"),
        (r#"{"format":"csv","query":["a"]}"#, "query"),
        (r#"{"format":"csv","query":"(("}"#, "column"),
    ] {
        let answer = service.post("/api/v1/exports", &kim(), order).await;
        assert_eq!(answer.status, 400, "{order}: {}", answer.text);
        assert!(answer.text.contains(told), "{order}: {}", answer.text);
    }
    let path = "/api/v1/exports/%ff";
    assert_eq!(service.get(path, &kim()).await.status, 404);
    assert!(traces(&service).await.is_empty(), "nothing was exported");
}

#[tokio::test]
async fn graphql_orders_the_same_jobs_and_tells_their_progress() {
    let service = with_events().await;
    let document = "mutation($input: RequestExportInput!) { requestExport(input: $input) {
        export { id status query } userErrors { field code } } }";
    let input = json!({ "input": { "format": "NDJSON", "query": "actor.id:ann" } });
    let wrong = json!({ "input": { "format": "CSV", "query": "((" } });
    let refused = service.ask(&kim(), document, wrong).await;
    let errors = &refused["data"]["requestExport"]["userErrors"];
    assert_eq!(errors[0]["code"], "BAD_USER_INPUT", "{refused}");
    let answer = service.ask(&kim(), document, input).await;
    let id = answer["data"]["requestExport"]["export"]["id"].clone();
    let job = done(&service, &kim(), &json!({ "id": id })).await;
    assert_eq!(job["events"], 10);
    let asked =
        "query($id: ID!) { export(id: $id) { status events percent filePath } exports { id } }";
    let seen = service.ask(&kim(), asked, json!({ "id": id })).await;
    assert_eq!(seen["data"]["export"]["status"], "DONE");
    assert_eq!(seen["data"]["export"]["filePath"], job["file"]);
    assert_eq!(seen["data"]["exports"][0]["id"], id);
    let other = service.ask(&root(), asked, json!({ "id": id })).await;
    assert_eq!(other["data"], json!({ "export": null, "exports": [] }), "{other}");

    let listening = service.listen().await;
    let mut socket = Socket::graphql_of(listening.address, &kim()).await;
    let document = format!("subscription {{ jobProgress(id: {id}) {{ status percent }} }}");
    socket.say(subscribe("1", &document)).await;
    let told = socket.next().await.unwrap();
    assert_eq!(told["payload"]["data"]["jobProgress"], json!({ "status": "DONE", "percent": 100 }));
    assert_eq!(socket.next().await.unwrap(), json!({ "type": "complete", "id": "1" }));
    let cancel = "mutation($id: ID!) { cancelExport(input: { id: $id }) { export { status } userErrors { code } } }";
    let other = listening.service.ask(&root(), cancel, json!({ "id": id })).await;
    assert_eq!(other["data"]["cancelExport"]["userErrors"][0]["code"], "NOT_FOUND", "{other}");
    let own = listening.service.ask(&kim(), cancel, json!({ "id": id })).await;
    assert_eq!(own["data"]["cancelExport"]["userErrors"], json!([]), "{own}");
    assert_eq!(listening.service.get(job["file"].as_str().unwrap(), &kim()).await.status, 404);
}

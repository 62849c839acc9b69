//! Counts and suggestions: the same by REST and by GraphQL, within what the caller may see.

use serde_json::{Value, json};

use crate::support::{Service, token};

fn admin() -> String {
    token("root", "acme", "admin")
}

/// Sign-ins of Ann, and of Anton in the same tenant, over three hours.
async fn filled() -> Service {
    let service = Service::start().await;
    for (minute, actor, outcome, amount) in [
        (0, "ann", "success", json!(2)),
        (10, "ann", "failure", json!(4.5)),
        (130, "anton", "success", json!("many")),
        (140, "ann", "success", Value::Null),
    ] {
        let at = format!("2026-03-29T{:02}:{:02}:00Z", minute / 60, minute % 60);
        let event = json!({
            "type": "user.signed.in", "occurred_at": at, "actor": {"type": "user", "id": actor},
            "outcome": {"status": outcome}, "metadata": {"amount": amount},
        });
        service.record(event).await;
    }
    service
}

async fn stats(service: &Service, token: &str, query: &str) -> Value {
    let answer = service.get(&format!("/api/v1/logs/stats?{query}"), token).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()
}

#[tokio::test]
async fn events_are_counted_by_values_over_time_and_by_numbers() {
    let service = filled().await;
    let query = "by=actor.id,outcome&numbers=metadata.amount&interval=1h&split=actor.id\
                 &from=2026-03-29T00:00:00Z&to=2026-03-29T03:00:00Z";
    let body = stats(&service, &admin(), query).await;
    assert_eq!(body["count"], json!({"value": 4, "precision": "exact"}));
    assert_eq!(
        body["facets"],
        json!([
            {
                "field": "actor.id", "other": 0, "missing": 0, "precision": "exact",
                "values": [{"value": "ann", "count": 3}, {"value": "anton", "count": 1}],
            },
            {
                "field": "outcome", "other": 0, "missing": 0, "precision": "exact",
                "values": [{"value": "success", "count": 3}, {"value": "failure", "count": 1}],
            },
        ])
    );
    let amount = &body["numbers"][0];
    assert_eq!(amount["count"], 2);
    assert_eq!(amount["sum"], 6.5);
    assert_eq!(
        (&amount["min"], &amount["max"], &amount["avg"]),
        (&json!(2.0), &json!(4.5), &json!(3.25))
    );
    let buckets = body["histogram"]["buckets"].as_array().unwrap();
    let counts: Vec<u64> = buckets.iter().map(|bucket| bucket["count"].as_u64().unwrap()).collect();
    assert_eq!(counts, [2, 0, 2], "empty ones are there");
    let split = json!([{"value": "ann", "count": 1}, {"value": "anton", "count": 1}]);
    assert_eq!(buckets[2]["split"]["values"], split);
}

#[tokio::test]
async fn days_are_those_of_the_time_zone() {
    let service = filled().await;
    let query = "interval=1d&from=2026-03-29T00:00:00Z&to=2026-03-29T03:00:00Z&time_zone=";
    let body = stats(&service, &admin(), &format!("{query}Europe/Berlin")).await;
    let bucket = &body["histogram"]["buckets"][0];
    assert_eq!(bucket["start"], "2026-03-29T00:00:00+01:00");
    assert_eq!(bucket["end"], "2026-03-30T00:00:00+02:00", "a day of 23 hours");
    let body = stats(&service, &admin(), &format!("{query}America/New_York")).await;
    assert_eq!(body["histogram"]["buckets"][0]["start"], "2026-03-28T00:00:00-04:00");
    let wrong = service.get(&format!("/api/v1/logs/stats?{query}Mars/Olympus"), &admin()).await;
    assert_eq!(wrong.code(), "BAD_USER_INPUT");
}

#[tokio::test]
async fn graphql_counts_as_rest_does() {
    let service = filled().await;
    let document = "query($fields: [String!]!) {
        facets(query: \"after:2026-03-29 before:2026-03-30\", fields: $fields, limit: 1) {
            field values { value count } other missing precision }
        numbers(fields: [\"metadata.amount\"]) { count sum min max avg precision }
        histogram(query: \"after:2026-03-29 before:2026-03-30\", interval: DAY, by: \"outcome\",
                  timeZone: \"UTC\") {
            interval precision buckets { start end count values { value count } other missing } }
        suggestions(field: \"actor.id\", prefix: \"an\") { values complete }
    }";
    let answer = service.ask(&admin(), document, json!({"fields": ["actor.id"]})).await;
    let data = &answer["data"];
    let facet = json!([{
        "field": "actor.id", "values": [{"value": "ann", "count": 3}], "other": 1, "missing": 0,
        "precision": "EXACT",
    }]);
    assert_eq!(data["facets"], facet, "{answer}");
    let numbers = json!([{
        "count": 2, "sum": 6.5, "min": 2.0, "max": 4.5, "avg": 3.25, "precision": "EXACT",
    }]);
    assert_eq!(data["numbers"], numbers);
    let histogram = json!({
        "interval": "DAY", "precision": "EXACT",
        "buckets": [{
            "start": "2026-03-29T00:00:00Z", "end": "2026-03-30T00:00:00Z", "count": 4,
            "values": [{"value": "success", "count": 3}, {"value": "failure", "count": 1}],
            "other": 0, "missing": 0,
        }],
    });
    assert_eq!(data["histogram"], histogram);
    assert_eq!(data["suggestions"], json!({"values": ["ann", "anton"], "complete": true}));
}

#[tokio::test]
async fn nobody_counts_or_is_suggested_what_they_may_not_see() {
    let service = filled().await;
    let ann = token("ann", "acme", "user");
    let body = stats(&service, &ann, "by=actor.id").await;
    assert_eq!(body["facets"][0]["values"], json!([{"value": "ann", "count": 3}]));
    let suggested = service.get("/api/v1/logs/suggest?field=actor.id&prefix=an", &ann).await;
    assert_eq!(suggested.json(), json!({"values": ["ann"], "complete": true}));
    let foreign = token("root", "globex", "admin");
    let body = stats(&service, &foreign, "by=actor.id,type&interval=1h").await;
    assert_eq!(body["count"]["value"], 0);
    assert_eq!(body["facets"][0]["values"], json!([]));
    let suggested = service.get("/api/v1/logs/suggest?field=actor.id", &foreign).await;
    assert_eq!(suggested.json()["values"], json!([]));
    let writer = service.get("/api/v1/logs/stats?by=type", &token("w", "acme", "writer")).await;
    assert_eq!(writer.code(), "FORBIDDEN");
}

#[tokio::test]
async fn what_cannot_be_counted_is_refused_with_a_reason() {
    let service = Service::start().await;
    for (query, reason) in [
        ("by=actor", "actor.id"),
        ("by=typo", "did you mean `type`"),
        ("by=", "is no field"),
        ("by=type,type,type,type,type,type", "more than 5"),
        ("by=type&limit=0", "from 1 to 100"),
        ("by=type&limit=101", "from 1 to 100"),
        ("by=type&limit=x", "must be a number"),
        ("numbers=type", "holds no numbers"),
        ("interval=2h", "1m, 5m, 1h"),
        ("interval=1m&from=2020-01-01&to=2021-01-01", "more than 1000"),
        ("split=type", "`interval`"),
        ("interval=1h&interval=1d", "twice"),
        ("interval=1h&time=never", "`occurred` or `received`"),
        ("colour=red", "no parameter"),
    ] {
        let answer = service.get(&format!("/api/v1/logs/stats?{query}"), &admin()).await;
        assert_eq!(answer.code(), "BAD_USER_INPUT", "{query}");
        assert!(answer.text.contains(reason), "{query}: {}", answer.text);
    }
    let long = format!("/api/v1/logs/suggest?field=type&prefix={}", "x".repeat(300));
    assert_eq!(service.get(&long, &admin()).await.code(), "BAD_USER_INPUT");
}

#[tokio::test]
async fn only_values_that_begin_so_are_counted_where_that_is_asked() {
    let service = filled().await;
    let body = stats(&service, &admin(), "by=actor.id,outcome&search=ant&limit=1").await;
    assert_eq!(body["facets"][0]["values"], json!([{ "value": "anton", "count": 1 }]));
    assert_eq!(body["facets"][1]["values"], json!([]));
    let document = "{ facets(fields: [\"outcome\"], search: \"FAIL\") { values { value count } } }";
    let answer = service.ask(&admin(), document, json!({})).await;
    let values = &answer["data"]["facets"][0]["values"];
    assert_eq!(*values, json!([{ "value": "failure", "count": 1 }]), "{answer}");
    let long = "a".repeat(300);
    let refused = service.get(&format!("/api/v1/logs/stats?by=type&search={long}"), &admin()).await;
    assert_eq!(refused.status, 400);
}

#[tokio::test]
async fn new_and_vanished_values_are_told_the_same_by_rest_and_by_graphql() {
    let service = filled().await;
    let (from, to) = ("2026-03-29T02:00:00Z", "2026-03-29T03:00:00Z");
    let period = format!("from={from}&to={to}");
    let query = format!("field=actor.id&{period}&compare_from=2026-03-29T00:00:00Z");
    let answer = service.get(&format!("/api/v1/logs/comparison?{query}"), &admin()).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let body = answer.json();
    assert_eq!(body["period"], json!({ "start": from, "end": to }));
    assert_eq!(body["compared_with"], json!({ "start": "2026-03-29T00:00:00Z", "end": from }));
    let anton = json!({ "value": "anton", "count": 1, "first_seen_at": "2026-03-29T02:10:00Z",
        "last_seen_at": "2026-03-29T02:10:00Z" });
    assert_eq!(body["new"], json!({ "total": 1, "values": [anton] }));
    assert_eq!(body["vanished"], json!({ "total": 0, "values": [] }));
    let gone = format!("field=outcome&{period}&compare_from=2026-03-29T00:00:00Z");
    let gone = service.get(&format!("/api/v1/logs/comparison?{gone}"), &admin()).await.json();
    assert_eq!(gone["vanished"]["values"][0]["value"], "failure", "{gone}");
    let document = "query($query: String, $from: DateTime) {
        comparison(field: \"actor.id\", query: $query, compareFrom: $from) {
            field period { start end } new { total values { value count firstSeenAt } }
            vanished { total } precision } }";
    let variables = json!({ "query": format!("after:{from} before:{to}"),
        "from": "2026-03-29T00:00:00Z" });
    let answer = service.ask(&admin(), document, variables).await;
    let compared = &answer["data"]["comparison"];
    assert_eq!(compared["period"]["start"], from, "{answer}");
    assert_eq!(compared["new"]["values"][0]["value"], "anton");
    assert_eq!(
        (&compared["vanished"]["total"], &compared["precision"]),
        (&json!(0), &json!("EXACT"))
    );
    let backwards = format!("/api/v1/logs/comparison?{period}&compare_from={to}");
    assert_eq!(service.get(&backwards, &admin()).await.status, 400);
    let analyst = token("lee", "acme", "analyst");
    let hidden = service.get("/api/v1/logs/comparison?field=actor.name", &analyst).await;
    assert_eq!(hidden.status, 403);
}

//! Bad questions: each is told what is wrong with it, and where.

use annals_tests::{LogStream, samples};

use crate::{service, text};

/// Parameter, value, path that is named, and what the answer must say.
type Bad = (&'static str, &'static str, &'static str, &'static str);

const BAD: &[Bad] = &[
    ("actr", "ann", "actr", "is no parameter"),
    ("limit", "0", "limit", "1 to 250"),
    ("limit", "251", "limit", "1 to 250"),
    ("limit", "many", "limit", "1 to 250"),
    ("order", "random", "order", "newest"),
    ("count", "perhaps", "count", "true"),
    ("from", "yesterday", "from", "must be a date"),
    ("severity", "loud", "severity", "must be"),
    ("ip", "10.0.0.0/99", "ip", "must be"),
    ("user_id", "", "user_id", "empty"),
    ("q", "actr:ann", "q", "column 1"),
    ("q", "type:a (actor:ben", "q", "column"),
    ("q", "actor:ann AND", "q", "column"),
    ("q", "\"open", "q", "column 1"),
    ("q", "severity>=loud", "q", "column"),
    ("q", "after:2026-99-99", "q", "column"),
    ("q", "ip:300.1.1.1", "q", "column"),
];

#[tokio::test]
async fn a_question_that_cannot_be_answered_is_told_where_it_is_wrong() {
    let service = service().await;
    let auditor = service.caller("audit", "acme", "auditor").await;
    for (name, value, path, says) in BAD {
        let answer = auditor.list(&[(name, value)]).await;
        let problem = answer.expect(400);
        assert_eq!(problem["code"], "BAD_USER_INPUT", "{name}={value}");
        assert_eq!(problem["errors"][0]["path"], *path, "{name}={value}: {}", answer.text);
        assert!(text(&problem["detail"]).contains(says), "{name}={value}: {}", answer.text);
        let stream = LogStream::open(&auditor, &[(name, value)]).await;
        assert_eq!(stream.err().and_then(|closed| closed.code), Some(400), "{name}={value}");
    }
}

#[tokio::test]
async fn cursors_that_were_not_made_here_are_refused() {
    let service = service().await;
    let admin = service.caller("root", "acme", "admin").await;
    let real = text(&admin.record(&samples::login("ann")).await.expect(201)["position"]);
    let mut changed = real.clone().into_bytes();
    changed[3] = if changed[3] == b'A' { b'B' } else { b'A' };
    let changed = String::from_utf8(changed).unwrap();
    for cursor in ["1", "", "x", "../..", &"A".repeat(34), &changed] {
        for name in ["cursor", "min_position"] {
            let refused = admin.list(&[(name, cursor)]).await.expect(400);
            assert_eq!(refused["code"], "INVALID_CURSOR", "{name}={cursor}");
        }
    }
    admin.list(&[("cursor", &real)]).await.expect(200);
    // Cursors of another installation are not ours either.
    let other = crate::service().await;
    let other = other.caller("root", "acme", "admin").await;
    let refused = other.list(&[("cursor", &real)]).await.expect(400);
    assert_eq!(refused["code"], "INVALID_CURSOR");
}

#[tokio::test]
async fn questions_without_end_are_refused() {
    let service = service().await;
    let auditor = service.caller("audit", "acme", "auditor").await;
    let long = "x".repeat(5000);
    let deep = format!("{}actor:ann{}", "(".repeat(200), ")".repeat(200));
    let wide = vec!["actor:ann"; 200].join(" OR ");
    let denied = format!("{}actor:ann", "NOT ".repeat(200));
    for query in [&long, &deep, &wide, &denied] {
        let refused = auditor.list(&[("q", query)]).await.expect(400);
        assert_eq!(refused["errors"][0]["path"], "q");
    }
    let many: Vec<(&str, &str)> = vec![("actor", "ann"); 200];
    assert_eq!(auditor.list(&many).await.status, 400);
    for broken in ["%", "%zz", "%ff", "q=%00"] {
        let answer = auditor.get(&format!("/api/v1/logs?{broken}"), &[]).await;
        assert!(matches!(answer.status, 200 | 400), "{broken}: {}", answer.text);
    }
}

#[tokio::test]
async fn a_path_that_is_no_id_is_no_event() {
    let service = service().await;
    let auditor = service.caller("audit", "acme", "auditor").await;
    for id in ["17", "..", "%00", "x'%20OR%201=1", &samples::id()] {
        let refused = auditor.event(id).await;
        assert_eq!(refused.status, 404, "{id}: {}", refused.text);
    }
}

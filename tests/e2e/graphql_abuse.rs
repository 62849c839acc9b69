//! GraphQL documents and requests that are meant to cost much: one table.
//!
//! Each is refused, or harmless, within a moment; and the process does not grow by them.

use std::time::{Duration, Instant};

use annals_tests::{Caller, GraphqlAnswer, TestService};
use serde_json::{Value, json};

use crate::service;

/// A request that costs more is not cheap, even in a build without optimisation.
const CHEAP: Duration = Duration::from_millis(250);
/// Of so many tries the quickest tells what a request costs; the others tell what else the machine
/// does.
const TRIES: usize = 5;
const ROUNDS: usize = 200;
/// Memory may grow by so much, for what is kept on purpose.
const GROWTH_MAX: u64 = 32 * 1024 * 1024;

/// What comes of a request.
enum Expect {
    /// A code of an error, any of these.
    Code(&'static [&'static str]),
    /// An answer without an error.
    Harmless,
}

use Expect::{Code, Harmless};

const TOO_MUCH: Expect = Code(&["QUERY_TOO_COMPLEX"]);
const INVALID: Expect = Code(&["GRAPHQL_VALIDATION_FAILED"]);
const UNREADABLE: Expect = Code(&["GRAPHQL_PARSE_FAILED"]);
const NO_REQUEST: Expect = Code(&["BAD_USER_INPUT"]);

struct Abuse {
    name: &'static str,
    body: String,
    expect: Expect,
}

fn document(name: &'static str, text: &str, expect: Expect) -> Abuse {
    Abuse { name, body: json!({ "query": text }).to_string(), expect }
}

fn body(name: &'static str, body: impl Into<String>, expect: Expect) -> Abuse {
    Abuse { name, body: body.into(), expect }
}

fn variables(name: &'static str, variables: Value, expect: Expect) -> Abuse {
    let body = json!({ "query": "{ me { id } }", "variables": variables });
    Abuse { name, body: body.to_string(), expect }
}

fn repeated(count: usize, part: impl Fn(usize) -> String) -> String {
    (0..count).map(part).collect()
}

fn literals(open: &str, close: &str, depth: usize) -> String {
    let (open, close) = (open.repeat(depth), close.repeat(depth));
    format!("{{ auditEvents(filter: {open}1{close}) {{ nodes {{ id }} }} }}")
}

/// Fields within fields, as deep as asked.
fn deep(depth: usize) -> String {
    format!("{{__type(name:\"Query\"){{{}name{}}}}}", "ofType{".repeat(depth), "}".repeat(depth))
}

#[rustfmt::skip]
fn table() -> Vec<Abuse> {
    let me = "{ me { id } }";
    let doubling = repeated(40, |n| format!("fragment f{n} on Query {{ ...f{next} ...f{next} }} ", next = n + 1));
    let chain = repeated(500, |n| format!("fragment f{n} on Query {{ ...f{next} }} ", next = n + 1));
    let ring = repeated(40, |n| format!("fragment f{n} on Query {{ ...f{next} }} ", next = (n + 1) % 40));
    let operations = repeated(1_000, |n| format!("query q{n} {{ me {{ id }} }} "));
    let unfolding = "fields{type{fields{type{fields{type{fields{type{name}}}}}}}}";
    let quadratic = repeated(2_000, |n| format!("a{n}: id "));
    vec![
        // depth
        document("fields in fields, 100", &deep(100), TOO_MUCH),
        document("fields in fields, 10 000", &deep(9_000), TOO_MUCH),
        document("inline fragments in each other", &format!("{}me{{id}}{}", "{...on Query".repeat(200), "}".repeat(200)), TOO_MUCH),
        document("literal lists, 5 000 deep", &literals("[", "]", 5_000), TOO_MUCH),
        document("literal objects, 5 000 deep", &literals("{not:", "}", 5_000), TOO_MUCH),
        document("lists that never end", &format!("{{a(b:{}", "[".repeat(60_000)), TOO_MUCH),
        document("brackets that never end", &"{".repeat(60_000), TOO_MUCH),
        document("parentheses", &"(".repeat(60_000), TOO_MUCH),
        document("list types, 5 000 deep", &format!("query($a: {}Int{}) {me}", "[".repeat(5_000), "]".repeat(5_000)), TOO_MUCH),
        document("filters in filters", &format!("{{auditEventsCount(filter:{}{{}}{}){{value}}}}", "{not:".repeat(30), "}".repeat(30)), Code(&["QUERY_TOO_COMPLEX", "BAD_USER_INPUT"])),
        // width
        document("aliases, 31", &format!("{{{}}}", repeated(31, |n| format!("a{n}: me {{ id }} "))), TOO_MUCH),
        document("aliases, 2 000 of a leaf", &format!("{{ me {{ {quadratic} }} }}"), TOO_MUCH),
        document("dear fields side by side", &format!("{{ {} }}", "auditEventsCount { value } ".repeat(500)), TOO_MUCH),
        document("the same field 20 001 times", &format!("{{me{{{}}}}}", "id ".repeat(20_001)), TOO_MUCH),
        document("a page too large", "{ auditEvents(first: 2147483647) { nodes { id changes { path } } } }", TOO_MUCH),
        document("numbers out of range", "{ auditEvents(first: 99999999999999999999) { nodes { id } } }", Code(&["GRAPHQL_VALIDATION_FAILED", "QUERY_TOO_COMPLEX", "BAD_USER_INPUT"])),
        document("a number of 50 000 digits", &format!("{{auditEvents(first:{}){{nodes{{id}}}}}}", "9".repeat(50_000)), TOO_MUCH),
        document("a name of 60 000 letters", &format!("{{{}}}", "a".repeat(60_000)), TOO_MUCH),
        document("arguments, 2 000", &format!("{{me({}){{id}}}}", repeated(2_000, |n| format!("a{n}:1 "))), INVALID),
        document("variables defined, 3 000", &format!("query({}) {me}", repeated(3_000, |n| format!("$v{n}:Int "))), TOO_MUCH),
        // fragments
        document("fragments that double", &format!("{doubling} fragment f40 on Query {me} {{ ...f0 }}"), TOO_MUCH),
        document("fragments in a row, 500", &format!("{chain} fragment f500 on Query {me} {{ ...f0 }}"), TOO_MUCH),
        document("fragments in a ring", &format!("{ring} {{ ...f0 }}"), INVALID),
        document("a fragment in itself", "fragment f on Query { ...f } { ...f }", INVALID),
        document("fragments that nobody uses", &repeated(1_000, |n| format!("fragment f{n} on Query {me} ")), Code(&["GRAPHQL_VALIDATION_FAILED", "GRAPHQL_PARSE_FAILED", "QUERY_TOO_COMPLEX"])),
        document("unknown fragments, 2 000", &format!("{{{}}}", repeated(2_000, |n| format!("...f{n} "))), INVALID),
        // directives
        document("directives, 3 000 on a field", &format!("{{ me {{ id {} }} }}", "@include(if: true) ".repeat(3_000)), TOO_MUCH),
        document("unknown directives", &format!("{{ me {{ id {} }} }}", "@a ".repeat(5_000)), TOO_MUCH),
        document("directives on the operation", &format!("query {} {me}", "@a ".repeat(5_000)), Code(&["GRAPHQL_VALIDATION_FAILED", "QUERY_TOO_COMPLEX"])),
        // introspection
        document("the schema unfolded", &format!("{{__schema{{types{{{unfolding}}}}}}}"), TOO_MUCH),
        document("the schema thirty times", &format!("{{{}}}", repeated(31, |n| format!("a{n}: __schema {{ types {{ name }} }} "))), TOO_MUCH),
        document("types in types", &format!("{{__schema{{types{{fields{{type{{{}name{}}}}}}}}}}}", "ofType{".repeat(40), "}".repeat(40)), TOO_MUCH),
        // operations
        document("a thousand operations", &operations, Code(&["GRAPHQL_VALIDATION_FAILED", "QUERY_TOO_COMPLEX"])),
        body("a thousand operations, one chosen", json!({ "query": operations, "operationName": "q1" }).to_string(), Harmless),
        document("operations without a name", &me.repeat(500), UNREADABLE),
        document("definitions of types", &repeated(500, |n| format!("type T{n} {{ a: Int }} ")), UNREADABLE),
        // text
        document("a comment of 60 000 characters", &format!("{me} #{}", "x".repeat(60_000)), Harmless),
        document("comments, 30 000", &format!("{me}{}", "\n#".repeat(30_000)), Harmless),
        document("commas, 60 000", &format!("{}{me}", ",".repeat(60_000)), Harmless),
        document("a document of 1 MiB", &format!("{{me{{{}}}}}", "id ".repeat(340_000)), Code(&["QUERY_TOO_COMPLEX", "TOO_LARGE"])),
        document("blanks, 1 MiB", &" ".repeat(1_000_000), Code(&["QUERY_TOO_COMPLEX", "TOO_LARGE"])),
        document("a string without an end", &format!("{{ auditEvents(query: \"{}", "a".repeat(60_000)), UNREADABLE),
        document("a block string without an end", &format!("{{ auditEvents(query: \"\"\"{}", "a".repeat(60_000)), UNREADABLE),
        document("a block string of quotes", &format!("{{auditEvents(query:\"\"\"{}\"\"\"){{nodes{{id}}}}}}", "\\\"\"\"".repeat(10_000)), Code(&["BAD_USER_INPUT"])),
        document("a block string of lines", &format!("{{auditEvents(query:\"\"\"{}\"\"\"){{nodes{{id}}}}}}", "\n ".repeat(20_000)), Harmless),
        document("escapes, 10 000", &format!("{{auditEvents(query:\"{}\"){{nodes{{id}}}}}}", "\\u0041".repeat(10_000)), Code(&["BAD_USER_INPUT"])),
        document("half a surrogate", "{ auditEvents(query: \"\\uD83D\") { nodes { id } } }", UNREADABLE),
        document("surrogates the wrong way round", "{ auditEvents(query: \"\\uDE00\\uD83D\") { nodes { id } } }", UNREADABLE),
        document("a byte order mark", &format!("\u{feff}{me}"), Harmless),
        document("byte order marks", &"\u{feff}".repeat(20_000), TOO_MUCH),
        document("characters of control", "{ me { id \u{0} } }", UNREADABLE),
        document("a query that is deep", &format!("{{auditEvents(query:\"{}a\"){{nodes{{id}}}}}}", "(".repeat(3_000)), Code(&["BAD_USER_INPUT"])),
        document("a query of many terms", &format!("{{auditEvents(query:\"{}\"){{nodes{{id}}}}}}", "a OR ".repeat(800)), Code(&["BAD_USER_INPUT"])),
        document("a mutation of many fields", &format!("mutation {{{}}}", "markNotificationsRead(input: { ids: [] }) { unreadCount } ".repeat(50)), TOO_MUCH),
        // bodies
        body("a batch", format!("[{}]", vec![r#"{"query":"{me{id}}"}"#; 1_000].join(",")), NO_REQUEST),
        body("a batch of one", r#"[{"query":"{me{id}}"}]"#, NO_REQUEST),
        body("lists in JSON, 100 000 deep", format!(r#"{{"query":"{{me{{id}}}}","variables":{{"a":{}"#, "[".repeat(100_000)), NO_REQUEST),
        body("objects in JSON, 50 000 deep", r#"{"a":"#.repeat(50_000), NO_REQUEST),
        body("a key twice", r#"{"query":"{me{id}}","query":"{me{id}}"}"#, NO_REQUEST),
        body("a number beyond all", r#"{"query":"{me{id}}","variables":{"a":1e999999}}"#, NO_REQUEST),
        body("half a body", r#"{"query":"{me{id}}"#, NO_REQUEST),
        body("2 MiB", format!(r#"{{"query":"{{me{{id}}}}","variables":{{"a":"{}"}}}}"#, "x".repeat(2_097_152)), Code(&["TOO_LARGE"])),
        body("extensions without an end", format!(r#"{{"query":"{{me{{id}}}}","extensions":{{"a":[{}0]}}}}"#, "0,".repeat(100_000)), Harmless),
        variables("variables, 40 000", repeated_variables(40_000), Harmless),
        variables("a variable of 900 kB", json!({ "a": "x".repeat(900_000) }), Harmless),
        variables("a list of 100 000", json!({ "a": vec![0; 100_000] }), Harmless),
        // known documents
        body("a hash that is not the document's", json!({ "query": me, "extensions": { "persistedQuery": { "version": 1, "sha256Hash": "0".repeat(64) } } }).to_string(), NO_REQUEST),
        body("a hash of 100 000 digits", json!({ "extensions": { "persistedQuery": { "version": 1, "sha256Hash": "0".repeat(100_000) } } }).to_string(), NO_REQUEST),
    ]
}

fn repeated_variables(count: usize) -> Value {
    (0..count).map(|n| (format!("v{n}"), json!(n))).collect()
}

async fn attempt(caller: &Caller, abuse: &Abuse) -> (Duration, GraphqlAnswer) {
    let body = abuse.body.clone();
    let began = Instant::now();
    let answer = caller.post("/graphql", "application/json", body).await;
    (began.elapsed(), GraphqlAnswer::of(answer))
}

fn check(abuse: &Abuse, answer: &GraphqlAnswer) {
    let shown = &answer.text[..answer.text.floor_char_boundary(500)];
    match abuse.expect {
        Code(codes) => assert!(codes.contains(&answer.code()), "{}: {shown}", abuse.name),
        Harmless => assert!(answer.errors.is_empty(), "{}: {shown}", abuse.name),
    }
}

/// Memory of the process that lies in RAM, bytes.
fn resident(service: &TestService) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", service.process_id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    let kilobytes = line.trim().trim_end_matches("kB").trim();
    kilobytes.parse::<u64>().unwrap() * 1024
}

#[tokio::test]
async fn every_abuse_is_refused_at_once_and_memory_stays_flat() {
    let service = service().await;
    let admin = service.caller("root", "acme", "admin").await;
    let table = table();
    for abuse in &table {
        let mut quickest = Duration::MAX;
        for _ in 0..TRIES {
            let (took, answer) = attempt(&admin, abuse).await;
            check(abuse, &answer);
            quickest = quickest.min(took);
        }
        println!("{:>8.1} ms  {}", quickest.as_secs_f64() * 1000.0, abuse.name);
        assert!(quickest < CHEAP, "{}: {quickest:?}", abuse.name);
    }
    let before = resident(&service);
    for round in 0..ROUNDS {
        let abuse = &table[round % table.len()];
        check(abuse, &attempt(&admin, abuse).await.1);
    }
    let after = resident(&service);
    println!("{} requests; memory {before} B before, {after} B after {ROUNDS} more", table.len());
    assert!(after < before + GROWTH_MAX, "{before} B before, {after} B after");
    assert_eq!(admin.ask("{ me { id } }", json!({})).await.data["me"]["id"], "root");
}

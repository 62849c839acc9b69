//! A thousand subscribers at once: over event streams and sockets, each with a filter of their own and
//! some of them slow or cut off; each is told everything once, in order.

use std::sync::Arc;

use axum::body::{Body, BodyDataStream};
use futures_util::StreamExt;
use serde_json::{Value, json};

use crate::support::{Listening, Service, Socket, connect, request, token, within};

const STREAM: &str = "subscription($query: String, $after: String) { \
    auditEventStream(query: $query, after: $after, batchSize: 20) \
    { cursor events { type metadata } } }";
const EVENTS: usize = 120;
/// Matches every filter and comes last, so that everybody knows when they have heard everything.
const END: &str = "the.end";

/// What decides who is told of event number `n`.
struct Traits {
    person: usize,
    family: usize,
    thing: usize,
    network: usize,
    severity: &'static str,
}

fn traits(n: usize) -> Traits {
    let severity = ["info", "warning", "error"][n % 3];
    Traits { person: n % 50, family: n % 20, thing: n * 7 % 25, network: n % 30, severity }
}

fn event(n: usize) -> Value {
    let Traits { person, family, thing, network, severity } = traits(n);
    json!({
        "type": format!("shop.f{family}.changed"), "severity": severity,
        "actor": { "id": format!("u{person}") }, "description": format!("about item{thing}"),
        "client": { "ip": format!("10.{network}.0.7") }, "metadata": { "n": n },
    })
}

/// Whether a subscriber is to be told of an event.
type Holds = Box<dyn Fn(&Traits) -> bool>;

/// The query of subscriber number `number`, and the events they are to be told of.
fn wish(number: usize) -> (String, Vec<u64>) {
    let k = number / 8;
    let of = |path: fn(&Traits) -> usize, count: usize| move |t: &Traits| path(t) == k % count;
    let person = of(|t| t.person, 50);
    let (query, holds): (String, Holds) = match number % 8 {
        0 => (format!("actor:u{}", k % 50), Box::new(person)),
        1 => (format!("type:shop.f{}.*", k % 20), Box::new(of(|t| t.family, 20))),
        2 => (format!("item{}", k % 25), Box::new(of(|t| t.thing, 25))),
        3 => (format!("ip:10.{}.0.0/16", k % 30), Box::new(of(|t| t.network, 30))),
        4 => {
            let family = of(|t| t.family, 20);
            let query = format!("severity>=warning type:shop.f{}.*", k % 20);
            (query, Box::new(move |t: &Traits| t.severity != "info" && family(t)))
        }
        5 => {
            let query = format!("(actor:u{} OR item{})", k % 50, k % 25);
            let thing = of(|t| t.thing, 25);
            (query, Box::new(move |t: &Traits| person(t) || thing(t)))
        }
        6 => {
            let family = of(|t| t.family, 20);
            let query = format!("type:shop.f{}.* -severity:info", k % 20);
            (query, Box::new(move |t: &Traits| t.severity != "info" && family(t)))
        }
        _ => ("actor:nobody".to_owned(), Box::new(|_: &Traits| false)),
    };
    let told = (0..EVENTS).filter(|n| holds(&traits(*n))).map(|n| n as u64).collect();
    (format!("({query}) OR type:{END}"), told)
}

/// A subscription over events, within this process.
struct Subscriber {
    query: String,
    token: String,
    body: BodyDataStream,
    unread: String,
    cursor: Value,
    told: Vec<u64>,
    ended: bool,
}

impl Subscriber {
    async fn open(service: &Service, query: String, token: String) -> Self {
        let body = Self::body(service, &query, &token, &Value::Null).await;
        let (unread, told) = (String::new(), Vec::new());
        Self { query, token, body, unread, cursor: Value::Null, told, ended: false }
    }

    async fn body(service: &Service, query: &str, token: &str, after: &Value) -> BodyDataStream {
        let variables = json!({ "query": query, "after": after });
        let asked = json!({ "query": STREAM, "variables": variables }).to_string();
        let mut asked = request(http::Method::POST, "/graphql", Some(token), Body::from(asked));
        asked.headers_mut().insert("accept", "text/event-stream".parse().unwrap());
        let response = within(service.open(asked)).await;
        assert_eq!(response.status(), 200);
        response.into_body().into_data_stream()
    }

    /// Is cut off and comes back behind what it was told.
    async fn come_back(&mut self, service: &Service) {
        self.unread.clear();
        self.body = Self::body(service, &self.query, &self.token, &self.cursor).await;
    }

    /// Takes the next batch.
    async fn take(&mut self) {
        let event = loop {
            if let Some((event, rest)) = self.unread.split_once("\n\n") {
                let (event, rest) = (event.to_owned(), rest.to_owned());
                self.unread = rest;
                if event != ":" {
                    break event;
                }
                continue;
            }
            let bytes = within(self.body.next()).await.expect("it goes on").unwrap();
            self.unread.push_str(std::str::from_utf8(&bytes).unwrap());
        };
        let data = event.split_once("data:").unwrap().1;
        let data: Value = data.parse().unwrap();
        let batch = &data["data"]["auditEventStream"];
        assert!(batch.is_object(), "{data}");
        self.cursor = batch["cursor"].clone();
        self.ended |= note(&batch["events"], &mut self.told);
    }

    async fn listen(mut self) -> Vec<u64> {
        while !self.ended {
            self.take().await;
        }
        self.told
    }
}

/// Notes the numbers of the events; whether the end is among them.
fn note(events: &Value, told: &mut Vec<u64>) -> bool {
    let events = events.as_array().unwrap();
    told.extend(events.iter().filter_map(|event| event["metadata"]["n"].as_u64()));
    events.iter().any(|event| event["type"] == END)
}

async fn listen_at(mut socket: Socket) -> Vec<u64> {
    let mut told = Vec::new();
    while !note(&socket.next().await.unwrap()["events"], &mut told) {}
    told
}

/// A caller for so many streams as one may have.
fn caller(number: usize) -> String {
    token(&format!("watcher-{}", number / 60), "acme", "admin")
}

async fn bulk(service: &Service, events: &[Value]) {
    let body = Value::from(events).to_string();
    let answer = service.post("/api/v1/logs/bulk", &token("shop", "acme", "writer"), body).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
}

/// The numbers of all events, as they lie in the log.
async fn recorded(service: &Service) -> Vec<u64> {
    let path = "/api/v1/logs?order=oldest&limit=250&q=type:shop.*";
    let page = service.get(path, &token("root", "acme", "admin")).await.json();
    let mut numbers = Vec::new();
    note(&page["events"], &mut numbers);
    assert_eq!(numbers.len(), EVENTS, "{page}");
    numbers
}

async fn watching(listening: &Listening, query: &str, token: &str) -> Socket {
    let query = query.replace(' ', "%20").replace('>', "%3E");
    let path = format!("/api/v1/logs/stream?q={query}");
    let bearer = format!("Bearer {token}");
    connect(listening.address, &path, &[("authorization", &bearer)]).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_subscribers_are_told_everything_once_and_in_order() {
    let listening = Arc::new(Service::start().await.listen().await);
    let service = &listening.service;
    let mut told = Vec::new();
    for number in 0..60 {
        let (query, expected) = wish(number);
        let socket = watching(&listening, &query, &caller(number)).await;
        told.push((tokio::spawn(listen_at(socket)), expected));
    }
    let mut cut_off = Vec::new();
    for number in 60..1000 {
        let (query, expected) = wish(number);
        let subscriber = Subscriber::open(service, query, caller(number)).await;
        match number % 40 {
            0 => cut_off.push((subscriber, expected)),
            _ => told.push((tokio::spawn(subscriber.listen()), expected)),
        }
    }
    let events: Vec<Value> = (0..EVENTS).map(event).collect();
    let (first, second) = events.split_at(EVENTS / 2);
    for part in first.chunks(5) {
        bulk(service, part).await;
    }
    for (subscriber, expected) in &mut cut_off {
        // Told of half of what has come for them, and then away while the rest comes.
        if !expected.is_empty() {
            while subscriber.told.is_empty() {
                subscriber.take().await;
            }
            subscriber.come_back(service).await;
        }
    }
    for part in second.chunks(5) {
        bulk(service, part).await;
    }
    bulk(service, &[json!({ "type": END, "actor": { "id": "x" } })]).await;
    // The events of one bulk lie in streams of their own, and in any order to each other.
    let log = recorded(service).await;
    let in_order = |expected: &[u64]| -> Vec<u64> {
        log.iter().copied().filter(|number| expected.contains(number)).collect()
    };
    for (listening, expected) in told {
        assert_eq!(listening.await.unwrap(), in_order(&expected));
    }
    for (subscriber, expected) in cut_off {
        let query = subscriber.query.clone();
        assert_eq!(subscriber.listen().await, in_order(&expected), "{query}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_reads_nothing_holds_up_nobody_and_misses_nothing() {
    // More than the system keeps for a socket, and than waits for one subscriber.
    const LARGE: usize = 1000;
    let listening = Service::start().await.listen().await;
    let all: Vec<u64> = (0..LARGE as u64).collect();
    let query = format!("type:big OR type:{END}");
    let slow = watching(&listening, &query, &caller(0)).await;
    let quick = tokio::spawn(listen_at(watching(&listening, &query, &caller(0)).await));
    let text = "x".repeat(16_000);
    let large = |n: usize| {
        json!({
            "type": "big", "actor": { "id": "ann" }, "description": text, "metadata": { "n": n },
        })
    };
    let events: Vec<Value> = (0..LARGE).map(large).collect();
    for part in events.chunks(50) {
        bulk(&listening.service, part).await;
    }
    bulk(&listening.service, &[json!({ "type": END, "actor": { "id": "x" } })]).await;
    assert_eq!(quick.await.unwrap(), all);
    assert_eq!(listen_at(slow).await, all);
}

//! Speaking REST to the service.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, HeaderMap};
use reqwest::{Method, RequestBuilder};
use serde_json::Value;

use crate::waiting::{PATIENCE, wait_until};

/// Events on one page at most.
pub const PAGE_MAX: usize = 250;
/// Finds what callers recorded, and not what Annals itself tells of: readings, deliveries, findings.
pub const RECORDED: &str = "-type:annals.*";

/// Where the service answers; changes when it is started again.
#[derive(Debug, Clone, Default)]
pub struct Address(Arc<Mutex<String>>);

impl Address {
    /// Host and port.
    pub fn get(&self) -> String {
        self.0.lock().expect("no holder panics").clone()
    }

    pub(crate) fn set(&self, address: String) {
        *self.0.lock().expect("no holder panics") = address;
    }
}

/// Somebody with a token.
#[derive(Debug, Clone)]
pub struct Caller {
    http: reqwest::Client,
    address: Address,
    token: String,
}

/// An answer, read to its end.
#[derive(Debug, Clone)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Headers.
    pub headers: HeaderMap,
    /// Body.
    pub text: String,
}

impl Caller {
    pub(crate) fn new(http: reqwest::Client, address: Address, token: &str) -> Self {
        Self { http, address, token: token.to_owned() }
    }

    /// The token.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// Where the service answers.
    pub fn address(&self) -> String {
        self.address.get()
    }

    /// A request with the token.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.anonymous(method, path).bearer_auth(&self.token)
    }

    /// A request without it.
    pub fn anonymous(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("http://{}{path}", self.address.get()))
    }

    /// Records one event.
    pub async fn record(&self, event: &Value) -> Answer {
        self.try_record(event).await.expect("the service answers")
    }

    /// Records one event, on a service that may go away meanwhile.
    pub async fn try_record(&self, event: &Value) -> Result<Answer, reqwest::Error> {
        Answer::of(self.request(Method::POST, "/api/v1/logs").json(event)).await
    }

    /// Records many events as a JSON array.
    pub async fn bulk(&self, events: &[Value]) -> Answer {
        self.try_bulk(events).await.expect("the service answers")
    }

    /// Records many events, on a service that may go away meanwhile.
    pub async fn try_bulk(&self, events: &[Value]) -> Result<Answer, reqwest::Error> {
        Answer::of(self.request(Method::POST, "/api/v1/logs/bulk").json(events)).await
    }

    /// Sends a body as it is.
    pub async fn post(&self, path: &str, media_type: &str, body: impl Into<Vec<u8>>) -> Answer {
        let request = self.request(Method::POST, path).header(CONTENT_TYPE, media_type);
        Answer::of(request.body(body.into())).await.expect("the service answers")
    }

    /// Reads a page.
    pub async fn get(&self, path: &str, parameters: &[(&str, &str)]) -> Answer {
        let request = self.request(Method::GET, &format!("{path}{}", query_string(parameters)));
        Answer::of(request).await.expect("the service answers")
    }

    /// Lists events.
    pub async fn list(&self, parameters: &[(&str, &str)]) -> Answer {
        self.get("/api/v1/logs", parameters).await
    }

    /// Lists the events of a query that fit on one page.
    pub async fn find(&self, query: &str) -> Vec<Value> {
        let body = self.list(&[("q", query), ("limit", "250")]).await.expect(200);
        assert!(body["next_cursor"].is_null(), "`{query}` finds more than a page");
        body["events"].as_array().expect("a list of events").clone()
    }

    /// How many events a query finds, as the service counts.
    pub async fn count(&self, query: &str) -> u64 {
        let page = [("q", query), ("count", "true"), ("limit", "1")];
        let body = self.list(&page).await.expect(200);
        assert_eq!(body["count"]["precision"], "exact", "{query}");
        body["count"]["value"].as_u64().expect("a number")
    }

    /// One event.
    pub async fn event(&self, id: &str) -> Answer {
        self.get(&format!("/api/v1/logs/{id}"), &[]).await
    }

    /// Every event that the caller sees, oldest first, page by page; only those behind a cursor,
    /// if one is given.
    pub async fn walk(&self, after: Option<&str>, query: &str) -> Vec<Value> {
        let mut events = Vec::new();
        let mut cursor = after.map(str::to_owned);
        let limit = PAGE_MAX.to_string();
        loop {
            let mut page = vec![("order", "oldest"), ("limit", &limit), ("q", query)];
            page.extend(cursor.as_deref().map(|cursor| ("cursor", cursor)));
            let mut body = self.list(&page).await.expect(200);
            match body["events"].take() {
                Value::Array(page) => events.extend(page),
                other => panic!("`events` is {other}"),
            }
            match body["next_cursor"].as_str() {
                Some(next) => cursor = Some(next.to_owned()),
                None => return events,
            }
        }
    }

    /// Walks what callers recorded; see [`RECORDED`].
    pub async fn walk_recorded(&self, after: Option<&str>) -> Vec<Value> {
        self.walk(after, RECORDED).await
    }

    /// Waits until searches show all that lies up to a position, also on another node than the one that
    /// told it.
    pub async fn wait_until_visible(&self, position: &str, patience: Duration) {
        let page = [("min_position", position), ("limit", "1")];
        wait_until("searches show what was recorded", patience, async || {
            let answer = self.list(&page).await;
            assert!(matches!(answer.status, 200 | 503), "{}: {}", answer.status, answer.text);
            (answer.status == 200).then_some(())
        })
        .await;
    }

    /// Waits until searches, profiles and inboxes show all that is in the log.
    ///
    /// # Panics
    /// When an event was set aside because a projection could not take it.
    pub async fn wait_until_current(&self) {
        wait_until("the projections catch up with the log", PATIENCE, async || {
            let ready = self.get("/readyz", &[]).await.expect(200);
            assert_eq!(ready["parked"], 0, "{ready}");
            let lag = ready["lag"].as_object().expect("a lag of each projection");
            let all = lag.len() >= 3 && lag.values().all(|behind| *behind == 0);
            (all && ready["catching_up"] == false).then_some(())
        })
        .await;
    }

    /// A number of `/metrics`.
    pub async fn metric(&self, name: &str) -> Option<f64> {
        let text = self.get("/metrics", &[]).await.text;
        let line = text.lines().find(|line| line.split([' ', '{']).next() == Some(name))?;
        line.rsplit(' ').next()?.parse().ok()
    }
}

impl Answer {
    /// Sends a request and reads the answer.
    pub async fn of(request: RequestBuilder) -> Result<Self, reqwest::Error> {
        let response = request.send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Ok(Self { status, headers, text: response.text().await? })
    }

    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text)
            .unwrap_or_else(|error| panic!("{}: {error}: {}", self.status, self.text))
    }

    /// The body, provided that the status is this one.
    pub fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", shortened(&self.text));
        self.json()
    }
}

fn shortened(text: &str) -> &str {
    &text[..text.floor_char_boundary(2000)]
}

pub(crate) fn query_string(parameters: &[(&str, &str)]) -> String {
    let mut text = String::new();
    for (name, value) in parameters {
        text.push(if text.is_empty() { '?' } else { '&' });
        text.push_str(name);
        text.push('=');
        for byte in value.bytes() {
            match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => {
                    text.push(byte.into());
                }
                _ => text.push_str(&format!("%{byte:02X}")),
            }
        }
    }
    text
}

//! A server that gives prepared answers.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{Method, Request, StatusCode};
use axum::response::Response;
use futures_util::{StreamExt as _, stream};
use tokio::task::AbortHandle;

/// An answer that a server was told to give.
#[derive(Clone)]
pub(in crate::export) struct Prepared {
    status: u16,
    header: Option<(&'static str, &'static str)>,
    body: String,
    breaks_off: bool,
}

pub(in crate::export) fn says(status: u16, body: impl ToString) -> Prepared {
    Prepared { status, header: None, body: body.to_string(), breaks_off: false }
}

impl Prepared {
    pub(in crate::export) fn with(self, name: &'static str, value: &'static str) -> Self {
        Self { header: Some((name, value)), ..self }
    }

    /// The answer ends in the middle.
    pub(in crate::export) fn broken_off(self) -> Self {
        Self { breaks_off: true, ..self }
    }
}

/// A server that gives prepared answers, the last one again and again, and keeps what it was asked.
#[derive(Clone, Default)]
pub(in crate::export) struct Script {
    answers: Arc<Mutex<VecDeque<Prepared>>>,
    asked: Arc<Mutex<Vec<String>>>,
}

/// A script that is played at an address, until it is dropped.
pub(in crate::export) struct Server {
    pub(in crate::export) url: String,
    script: Script,
    task: AbortHandle,
}

impl Server {
    pub(in crate::export) async fn that(answers: impl IntoIterator<Item = Prepared>) -> Self {
        let script = Script::default();
        script.answers.lock().unwrap().extend(answers);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let router = Router::new().fallback(answer).with_state(script.clone());
        let task = tokio::spawn(async move { axum::serve(listener, router).await }).abort_handle();
        Self { url, script, task }
    }

    pub(in crate::export) fn asked(&self) -> Vec<String> {
        self.script.asked.lock().unwrap().clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn answer(State(script): State<Script>, request: Request<Body>) -> Response {
    assert_eq!(request.headers()["authorization"], "Bearer secret");
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let body = axum::body::to_bytes(request.into_body(), 4096).await.unwrap();
    let body = String::from_utf8(body.to_vec()).unwrap();
    let asked = if method == Method::GET { path } else { format!("{path} {body}") };
    script.asked.lock().unwrap().push(format!("{method} {asked}"));
    let prepared = {
        let mut answers = script.answers.lock().unwrap();
        let next = answers.front().unwrap().clone();
        if answers.len() > 1 {
            answers.pop_front();
        }
        next
    };
    let mut response = Response::builder().status(StatusCode::from_u16(prepared.status).unwrap());
    if let Some((name, value)) = prepared.header {
        response = response.header(name, value);
    }
    let body = match prepared.breaks_off {
        true => {
            let parts = [Ok(prepared.body), Err(std::io::Error::other("the file was removed"))];
            Body::from_stream(stream::iter(parts).then(|part| async move {
                if part.is_err() {
                    // Until then the part before it is on its way.
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                part
            }))
        }
        false => prepared.body.into(),
    };
    response.body(body).unwrap()
}

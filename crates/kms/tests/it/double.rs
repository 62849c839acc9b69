//! A server on a real socket that keeps what it is asked, and can be told to fail.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use serde_json::Value;

/// One request.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

/// What the next requests get instead of an answer.
#[derive(Debug, Clone)]
pub(crate) struct Failure {
    pub(crate) status: u16,
    pub(crate) body: String,
}

/// What the service answers to a request: status and body.
pub(crate) type Answer = fn(&Double, &Asked) -> (u16, String);

/// The server.
pub(crate) struct Double {
    answer: Answer,
    pub(crate) asked: Mutex<Vec<Asked>>,
    pub(crate) failures: Mutex<Vec<Failure>>,
    /// What was wrapped: the name it has, the key, and what it is bound to.
    pub(crate) wrapped: Mutex<HashMap<String, (String, String)>>,
}

impl Double {
    /// Starts it, and tells its address.
    pub(crate) async fn start(answer: Answer) -> (Arc<Self>, String) {
        let double = Arc::new(Self {
            answer,
            asked: Mutex::default(),
            failures: Mutex::default(),
            wrapped: Mutex::default(),
        });
        let app = Router::new().fallback(serve).with_state(Arc::clone(&double));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        (double, address)
    }

    pub(crate) fn fail(&self, times: usize, status: u16, body: &str) {
        let failure = Failure { status, body: body.to_owned() };
        self.failures.lock().unwrap().extend(std::iter::repeat_n(failure, times));
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

async fn serve(
    State(double): State<Arc<Double>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, String) {
    let body = serde_json::from_slice(&body).unwrap_or_default();
    let asked = Asked { method, path: uri.path().to_owned(), headers, body };
    double.asked.lock().unwrap().push(asked.clone());
    let failure = double.failures.lock().unwrap().pop();
    let (status, body) = match failure {
        Some(Failure { status, body }) => (status, body),
        None => (double.answer)(&double, &asked),
    };
    (StatusCode::from_u16(status).unwrap(), body)
}

//! An issuer for tests: it publishes what it is told to, over HTTP, and signs.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{Response, StatusCode, header};
use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};

/// What an issuer answers.
#[derive(Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) location: Option<String>,
    pub(crate) body: Bytes,
    /// How often the body is sent, in chunks, its length untold.
    pub(crate) repeat: Option<usize>,
}

impl Answer {
    pub(crate) fn of(status: u16, body: &str) -> Self {
        Self { status, location: None, body: body.to_owned().into(), repeat: None }
    }

    fn response(self) -> Response<Body> {
        let mut response = Response::builder().status(StatusCode::from_u16(self.status).unwrap());
        if let Some(location) = self.location {
            response = response.header(header::LOCATION, location);
        }
        let body = match self.repeat {
            None => Body::from(self.body),
            Some(times) => {
                let chunks = std::iter::repeat_n(Ok::<_, Infallible>(self.body), times);
                Body::from_stream(futures_util::stream::iter(chunks))
            }
        };
        response.body(body).unwrap()
    }
}

struct Shared {
    answer: Mutex<Answer>,
    requests: AtomicUsize,
}

/// Listens on a port of its own.
pub(crate) struct Issuer {
    shared: Arc<Shared>,
    pub(crate) address: SocketAddr,
}

impl Issuer {
    pub(crate) async fn start(answer: Answer) -> Self {
        let shared = Arc::new(Shared { answer: Mutex::new(answer), requests: AtomicUsize::new(0) });
        let router = Router::new().fallback(answer_of).with_state(Arc::clone(&shared));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { shared, address }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// From now on it answers so.
    pub(crate) fn answer(&self, answer: Answer) {
        *self.shared.answer.lock().unwrap() = answer;
    }

    /// How often it was asked, for whatever.
    pub(crate) fn requests(&self) -> usize {
        self.shared.requests.load(Ordering::SeqCst)
    }
}

async fn answer_of(State(shared): State<Arc<Shared>>) -> Response<Body> {
    shared.requests.fetch_add(1, Ordering::SeqCst);
    let answer = shared.answer.lock().unwrap().clone();
    answer.response()
}

/// Signs tokens of Ann.
pub(crate) struct Signer {
    kid: String,
    key: Ed25519KeyPair,
}

impl Signer {
    pub(crate) fn new(kid: &str) -> Self {
        Self { kid: kid.to_owned(), key: Ed25519KeyPair::generate().unwrap() }
    }

    pub(crate) fn jwk(&self) -> Value {
        let x = BASE64URL_NOPAD.encode(self.key.public_key().as_ref());
        json!({ "kty": "OKP", "crv": "Ed25519", "use": "sig", "kid": self.kid, "x": x })
    }

    pub(crate) fn token(&self, exp: i64) -> String {
        self.token_named(&self.kid, exp)
    }

    /// A token that names another key.
    pub(crate) fn token_named(&self, kid: &str, exp: i64) -> String {
        self.token_under(&json!({ "alg": "EdDSA", "kid": kid }).to_string(), exp)
    }

    pub(crate) fn token_under(&self, header: &str, exp: i64) -> String {
        let claims = json!({ "sub": "ann", "tenant": "acme", "roles": ["user"], "exp": exp });
        let encode = |bytes: &[u8]| BASE64URL_NOPAD.encode(bytes);
        let signed =
            format!("{}.{}", encode(header.as_bytes()), encode(claims.to_string().as_bytes()));
        let signature = encode(self.key.sign(signed.as_bytes()).as_ref());
        format!("{signed}.{signature}")
    }
}

/// A published set of these keys.
pub(crate) fn key_set(signers: &[&Signer]) -> Answer {
    let keys: Vec<Value> = signers.iter().map(|signer| signer.jwk()).collect();
    Answer::of(200, &json!({ "keys": keys }).to_string())
}

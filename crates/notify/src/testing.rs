//! What tests of several carriers need: a message, an endpoint, and a receiver that does what a test wants.

use std::fs::File;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use annals_domain::notification::{
    Endpoint, EndpointKind, Outgoing, Payload, Route, SignatureKind, delivery_id,
};
use annals_domain::time::DateTime;
use annals_domain::{EventId, Position, TenantId};
use annals_ports::{OpenEndpoint, Target};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::any;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use uuid::Uuid;

use crate::{OutgoingHttp, OutgoingSettings};

/// A message to Ann, that Bob changed her password.
pub(crate) fn message(route: Route) -> Outgoing {
    let tenant = TenantId::new("acme").unwrap();
    let event = EventId(Uuid::from_u128(7));
    Outgoing {
        id: delivery_id(&tenant, event, "password-changed", Some("ann"), &route),
        tenant,
        recipient: Some("ann".into()),
        route,
        rule: "password-changed".into(),
        severity: "warning".into(),
        template: "default".into(),
        locale: "en".into(),
        title: "Password changed".into(),
        body: "Bob changed the password of Ann".into(),
        event,
        event_type: "user.password.changed".into(),
        occurred_at: DateTime::parse("2026-11-21T09:30:00+01:00").unwrap(),
        recorded_at: "2026-11-21T08:30:01Z".parse().unwrap(),
        position: Position(3),
        more: Vec::new(),
        is_theirs: true,
    }
}

/// A message to an endpoint.
pub(crate) fn told() -> Outgoing {
    message(Route::Endpoint { id: Uuid::from_u128(9) })
}

/// An endpoint of this kind, with one secret.
pub(crate) fn endpoint(kind: EndpointKind, url: String) -> OpenEndpoint {
    let endpoint = Endpoint {
        id: Uuid::from_u128(9),
        event: EventId(Uuid::from_u128(8)),
        name: "the endpoint".into(),
        kind,
        url,
        signature: SignatureKind::Hmac,
        payload: Payload::Thin,
        template_id: None,
        enabled: true,
        disabled_because: None,
        rotated_at: None,
    };
    OpenEndpoint { endpoint, secrets: vec![[7; 32]] }
}

/// As carriers take it.
pub(crate) fn target(open: OpenEndpoint) -> Target {
    Target::Endpoint(Box::new(open))
}

/// Settings that allow this machine, where tests have their receivers.
pub(crate) fn settings(timeout_seconds: u64) -> OutgoingSettings {
    OutgoingSettings {
        allow_networks: vec!["127.0.0.1".into()],
        allow_hosts: Vec::new(),
        connect_seconds: timeout_seconds,
        timeout_seconds,
    }
}

/// A client for receivers on this machine.
pub(crate) fn http(timeout_seconds: u64) -> Arc<OutgoingHttp> {
    Arc::new(OutgoingHttp::open(&settings(timeout_seconds)).unwrap())
}

type Answer = Arc<dyn Fn() -> Response + Send + Sync>;
pub(crate) type Gotten = mpsc::UnboundedReceiver<(HeaderMap, Bytes)>;

/// Starts a receiver that answers so on every path.
pub(crate) async fn receiver(
    answer: impl Fn() -> Response + Send + Sync + 'static,
) -> (SocketAddr, Gotten) {
    type Got = mpsc::UnboundedSender<(HeaderMap, Bytes)>;
    async fn receive(
        State((answer, got)): State<(Answer, Got)>,
        headers: HeaderMap,
        body: Bytes,
    ) -> Response {
        got.send((headers, body)).unwrap();
        answer()
    }
    let (got, gotten) = mpsc::unbounded_channel();
    let state: (Answer, Got) = (Arc::new(answer), got);
    let router = Router::new().fallback(any(receive)).with_state(state);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    (address, gotten)
}

/// Programs that others wrote, or that use what others wrote.
const FOREIGN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/foreign/notify");
/// Their Python, made once for all tests.
const HOME: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/tmp/foreign-notify");

/// A script beside them.
pub(crate) fn foreign(script: &str) -> PathBuf {
    Path::new(FOREIGN).join(script)
}

/// A Python with their packages.
pub(crate) async fn python() -> PathBuf {
    let home = Path::new(HOME);
    std::fs::create_dir_all(home).unwrap();
    // Tests of other processes may want the same at this moment.
    let turn = File::create(home.join("turn")).unwrap();
    let locked = tokio::task::spawn_blocking(move || turn.lock().map(|()| turn)).await;
    let _turn = locked.unwrap().unwrap();
    annals_tests::python_with_packages(Path::new(FOREIGN), home).await
}

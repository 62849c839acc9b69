//! The service, called directly or over a real listener.

use std::net::SocketAddr;
use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::{Arc, LazyLock};

use annals_api::auth::{Expectations, Verifier};
use annals_api::cursor::Cursors;
use annals_api::{Api, ApiParts, RateLimitSettings, RateLimits, router, server};
use annals_domain::admission::UnknownTypes;
use annals_domain::catalogue::Catalogue;
use annals_domain::limits::Limits;
use annals_engine::enrich::{EnrichSettings, Enricher};
use annals_engine::{
    Clock, DeliverySettings, Permits, Ports, ProjectionSettings, RecorderSettings, Roles, Settings,
    SupervisionSettings, System,
};
use annals_ports::memory::{
    MemoryEventLog, MemoryInbox, MemoryKeyStore, MemoryProfiles, MemoryRegisters,
};
use annals_record::MasterKey;
use axum::Router;
use axum::body::{Body, HttpBody};
use http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::BodyExt;
use metrics_exporter_prometheus::PrometheusBuilder;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use super::index::MemoryIndex;
use super::limiter::StillLimiter;
use super::log::AilingLog;
use super::token::SECRET;
use super::{token, until, within};

static CATALOGUE: LazyLock<Arc<Catalogue>> = LazyLock::new(|| Arc::new(Catalogue::shipped()));
static ENRICHER: LazyLock<Arc<Enricher>> = LazyLock::new(|| {
    Arc::new(Enricher::new(EnrichSettings { geoip_database: None }).expect("it needs no file"))
});

/// A whole service in memory.
pub(crate) struct Service {
    pub(crate) api: Api,
    pub(crate) log: MemoryEventLog,
    pub(crate) index: Arc<MemoryIndex>,
    pub(crate) limiter: Arc<StillLimiter>,
    pub(crate) health: Arc<AilingLog>,
    router: Router,
    _system: System,
}

/// A service that listens on a port of its own; it is stopped when dropped.
pub(crate) struct Listening {
    pub(crate) service: Service,
    pub(crate) address: SocketAddr,
    pub(crate) serving: Option<JoinHandle<()>>,
}

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Service {
    pub(crate) async fn start() -> Self {
        Self::with_limits(|_| {}).await
    }

    /// A service whose limits were changed.
    pub(crate) async fn with_limits(change: impl FnOnce(&mut Limits)) -> Self {
        Self::with(development(), change).await
    }

    pub(crate) async fn with(verifier: Verifier, change: impl FnOnce(&mut Limits)) -> Self {
        let mut limits = Limits::shipped();
        change(&mut limits);
        Self::made_of(verifier, limits, plenty(), Roles::default()).await
    }

    /// A service whose quotas were changed; its limiter stands still in time.
    pub(crate) async fn with_quotas(change: impl FnOnce(&mut RateLimitSettings)) -> Self {
        let mut quotas = plenty();
        change(&mut quotas);
        Self::made_of(development(), Limits::shipped(), quotas, Roles::default()).await
    }

    /// A node of a cluster.
    pub(crate) async fn with_roles(roles: Roles) -> Self {
        Self::made_of(development(), Limits::shipped(), plenty(), roles).await
    }

    async fn made_of(
        verifier: Verifier,
        limits: Limits,
        quotas: RateLimitSettings,
        roles: Roles,
    ) -> Self {
        let (log, index) = (MemoryEventLog::new(), Arc::new(MemoryIndex::default()));
        let ports = Ports {
            log: Arc::new(log.clone()),
            keys: Arc::new(MemoryKeyStore::default()),
            index: index.clone(),
            profiles: Arc::new(MemoryProfiles::default()),
            inbox: Arc::new(MemoryInbox::default()),
            registers: Arc::new(MemoryRegisters::default()),
            channels: Vec::new(),
        };
        let request = &limits.request;
        let permits = Permits::new(request.in_flight_bytes_max, request.in_flight_events_max);
        let master = MasterKey::generate().unwrap();
        let system = System::start(ports, master, CATALOGUE.clone(), settings(permits, roles))
            .await
            .unwrap();
        let limiter = Arc::new(StillLimiter::default());
        let health = Arc::new(AilingLog::new(log.clone()));
        let api = Arc::new(ApiParts {
            log: health.clone(),
            delivery: system.delivery.clone(),
            roles,
            rate_limits: RateLimits::new(&quotas, limiter.clone(), &[9; 32]),
            recorder: system.recorder.clone(),
            queries: system.queries.clone(),
            inbox_news: system.inbox_news.clone(),
            catalogue: CATALOGUE.clone(),
            limits: Arc::new(limits),
            unknown_types: UnknownTypes::Accept,
            enricher: ENRICHER.clone(),
            verifier: Arc::new(verifier),
            cursors: Cursors::new(&[7; 32]),
            clock: Arc::new(Clock::default()),
            stopping: CancellationToken::new(),
            metrics: PrometheusBuilder::new().build_recorder().handle(),
        });
        let router = router::router(api.clone());
        Self { router, api, log, index, limiter, health, _system: system }
    }

    /// Sends a request.
    pub(crate) async fn call(&self, request: Request<Body>) -> Answer {
        let response = within(self.router.clone().oneshot(request)).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = within(body.collect()).await.unwrap().to_bytes();
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        Answer { status: parts.status, headers: parts.headers, text }
    }

    pub(crate) async fn get(&self, path: &str, token: &str) -> Answer {
        self.call(request(Method::GET, path, Some(token), Body::empty())).await
    }

    pub(crate) async fn post(&self, path: &str, token: &str, body: impl Into<Body>) -> Answer {
        self.call(request(Method::POST, path, Some(token), body.into())).await
    }

    /// Sends a GraphQL request.
    pub(crate) async fn ask(&self, token: &str, document: &str, variables: Value) -> Value {
        let body = json!({ "query": document, "variables": variables }).to_string();
        self.post("/graphql", token, body).await.json()
    }

    /// Records an event of Ann in the tenant `acme` and waits until it is found; returns its id.
    pub(crate) async fn record(&self, event: Value) -> String {
        let answer = self.post("/api/v1/logs", &writer(), event.to_string()).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        let receipt = answer.json();
        let id = receipt["id"].as_str().unwrap().to_owned();
        let position = receipt["position"].as_str().unwrap();
        let path = format!("/api/v1/logs?limit=1&min_position={position}");
        let found = self.get(&path, &token("root", "acme", "admin")).await;
        assert_eq!(found.status, 200, "{}", found.text);
        id
    }

    /// Listens on a free port.
    pub(crate) async fn listen(self) -> Listening {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let serving = tokio::spawn(server::serve(listener, self.api.clone()));
        Listening { service: self, address, serving: Some(serving) }
    }

    /// Waits until nothing is under way.
    pub(crate) async fn is_idle(&self) {
        let permits = &self.api.recorder.permits;
        until("all permits are back", async || permits.under_way() == (0, 0)).await;
    }
}

impl Listening {
    /// Stops the service and waits for its end.
    pub(crate) async fn stop(&mut self) {
        self.service.api.stopping.cancel();
        if let Some(serving) = self.serving.take() {
            within(serving).await.unwrap();
        }
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.service.api.stopping.cancel();
    }
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text)
            .unwrap_or_else(|error| panic!("{}: {error}: {}", self.status, self.text))
    }

    pub(crate) fn header(&self, name: impl header::AsHeaderName) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The code of a problem.
    pub(crate) fn code(&self) -> String {
        assert_eq!(self.header(header::CONTENT_TYPE), "application/problem+json", "{}", self.text);
        let problem = self.json();
        assert_eq!(problem["status"], self.status.as_u16());
        assert!(!self.header("x-request-id").is_empty());
        problem["code"].as_str().unwrap().to_owned()
    }
}

/// A request with a JSON body.
pub(crate) fn request(
    method: Method,
    path: &str,
    token: Option<&str>,
    body: Body,
) -> Request<Body> {
    let mut request = Request::builder().method(method).uri(path);
    if let Some(token) = token {
        request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
    }
    if let Some(length) = body.size_hint().exact() {
        request = request.header(header::CONTENT_LENGTH, length);
    }
    request.header(header::CONTENT_TYPE, "application/json").body(body).unwrap()
}

fn development() -> Verifier {
    Verifier::new(&[], Some(SECRET), &Expectations::default()).unwrap()
}

/// Quotas that no test reaches by chance.
fn plenty() -> RateLimitSettings {
    let many = NonZeroU32::new(1_000_000).unwrap();
    RateLimitSettings {
        enabled: true,
        requests_per_second: many,
        requests_burst: many,
        events_per_second: many,
        events_burst: many,
        keys_max: NonZeroUsize::new(1000).unwrap(),
    }
}

fn writer() -> String {
    token("shop", "acme", "writer")
}

fn settings(permits: Permits, roles: Roles) -> Settings {
    Settings {
        recorder: RecorderSettings { shards: 2, batch_events_max: 4096 },
        projections: ProjectionSettings {
            recent_events_max: 50_000,
            batch_events_max: 2048,
            index_commit_ms: 20,
            profiles_commit_ms: 20,
            inbox_commit_ms: 20,
        },
        supervision: SupervisionSettings { restarts_max: 5, restarts_within_seconds: 60 },
        delivery: DeliverySettings {
            lease_renew_seconds: 2,
            lease_expires_seconds: 10,
            attempts_max: 3,
            in_flight_max: 10,
        },
        roles,
        node: "one".into(),
        permits,
    }
}

//! The service, called directly or over a real listener.

use std::net::SocketAddr;
use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, LazyLock};

use annals_api::auth::{Expectations, Verifier};
use annals_api::cursor::Cursors;
use annals_api::graphql::GraphqlParts;
use annals_api::lifecycle::{LifecycleParts, LifecycleSettings, job};
use annals_api::links::LinkTokens;
use annals_api::{
    AllowedOrigins, Api, ApiParts, Credentials, EndpointParts, NotifyingParts, RateLimitSettings,
    RateLimits, WebSettings, router, server,
};
use annals_domain::access::AccessPolicy;
use annals_domain::access::state::AccessRules;
use annals_domain::admission::UnknownTypes;
use annals_domain::catalogue::Catalogue;
use annals_domain::limits::Limits;
use annals_domain::masking::Masker;
use annals_domain::notification::{Channel, Outgoing};
use annals_domain::profile::PersonRef;
use annals_domain::query::QueryContext;
use annals_domain::retention::RetentionPolicy;
use annals_engine::enrich::{EnrichSettings, Enricher};
use annals_engine::tiles::{AuditSettings, FileMark, KeptHeads, LogSigner};
use annals_engine::{
    Clock, DeliverySettings, ExportParts, ExportSettings, Permits, Ports, ProjectionSettings,
    QuarantineSettings, RecorderSettings, RetentionRules, RetentionTime, Roles, Settings,
    SpoolSettings, SpoolUse, SupervisionSettings, System, TileParts, WallClock,
};
use annals_ports::memory::{
    MemoryAccess, MemoryArchive, MemoryEventLog, MemoryInbox, MemoryKeyStore, MemoryProfiles,
    MemoryQuarantine, MemoryRegisters, MemorySpool, MemoryTrees,
};
use annals_ports::{Worded, Wording, WordingError};
use annals_record::RootKey;
use annals_record::sealed_file::FileKey;
use axum::Router;
use axum::body::{Body, HttpBody};
use http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::BodyExt;
use jiff::SignedDuration;
use metrics_exporter_prometheus::PrometheusBuilder;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use super::carrier::{TestCarrier, TestRules};
use super::index::MemoryIndex;
use super::limiter::StillLimiter;
use super::log::AilingLog;
use super::token::SECRET;
use super::{token, until, within};

static ACCESS: LazyLock<Arc<AccessPolicy>> = LazyLock::new(|| Arc::new(AccessPolicy::shipped()));
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
    pub(crate) quarantine: Arc<MemoryQuarantine>,
    pub(crate) registers: Arc<MemoryRegisters>,
    pub(crate) archive: Arc<MemoryArchive>,
    pub(crate) carrier: Arc<TestCarrier>,
    /// How far the wall clock is ahead of the system's, in milliseconds.
    pub(crate) wall_ahead_ms: Arc<AtomicI64>,
    router: Router,
    _system: System,
    _exports: tempfile::TempDir,
}

/// What few tests change.
#[derive(Default)]
struct Beside {
    spool: Option<Arc<MemorySpool>>,
    unknown_types: UnknownTypes,
    /// Rules of masking; none: those that are shipped.
    masking: Option<&'static str>,
    /// Roles beside those that are shipped.
    more_roles: &'static str,
    /// Whether messages leave.
    carries: bool,
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

    /// A service that serves GraphQL as told.
    pub(crate) async fn with_graphql(graphql: GraphqlParts) -> Self {
        let (limits, roles) = (Limits::shipped(), Roles::default());
        Self::made_with(development(), limits, plenty(), roles, graphql, web(), Beside::default())
            .await
    }

    /// A service that tells browsers other things.
    pub(crate) async fn with_web(change: impl FnOnce(&mut WebSettings)) -> Self {
        let (limits, roles, mut web) = (Limits::shipped(), Roles::default(), web());
        change(&mut web);
        let graphql = GraphqlParts::default();
        Self::made_with(development(), limits, plenty(), roles, graphql, web, Beside::default())
            .await
    }

    /// A service with a spool for three events.
    pub(crate) async fn with_spool() -> Self {
        let (limits, roles) = (Limits::shipped(), Roles::default());
        let (graphql, spool) = (GraphqlParts::default(), Arc::new(MemorySpool::default()));
        Self::made_with(
            development(),
            limits,
            plenty(),
            roles,
            graphql,
            web(),
            Beside { spool: Some(spool), ..Beside::default() },
        )
        .await
    }

    /// A service that treats types which the catalogue does not know as told.
    pub(crate) async fn with_unknown_types(unknown_types: UnknownTypes) -> Self {
        let (limits, roles) = (Limits::shipped(), Roles::default());
        let beside = Beside { unknown_types, ..Beside::default() };
        let graphql = GraphqlParts::default();
        Self::made_with(development(), limits, plenty(), roles, graphql, web(), beside).await
    }

    /// A service that masks by these rules, and has a spool for three events.
    pub(crate) async fn with_masking(rules: &'static str) -> Self {
        let (limits, roles) = (Limits::shipped(), Roles::default());
        let spool = Some(Arc::new(MemorySpool::default()));
        let beside = Beside { masking: Some(rules), spool, ..Beside::default() };
        let graphql = GraphqlParts::default();
        Self::made_with(development(), limits, plenty(), roles, graphql, web(), beside).await
    }

    /// A service from which messages leave, to endpoints.
    pub(crate) async fn with_carrier() -> Self {
        let (limits, roles) = (Limits::shipped(), Roles::default());
        let beside = Beside { carries: true, ..Beside::default() };
        let graphql = GraphqlParts::default();
        Self::made_with(development(), limits, plenty(), roles, graphql, web(), beside).await
    }

    /// A service with further roles, as `access.toml` writes them.
    pub(crate) async fn with_more_roles(more_roles: &'static str) -> Self {
        let (limits, roles) = (Limits::shipped(), Roles::default());
        let beside = Beside { more_roles, ..Beside::default() };
        Self::made_with(
            development(),
            limits,
            plenty(),
            roles,
            GraphqlParts::default(),
            web(),
            beside,
        )
        .await
    }

    async fn made_of(
        verifier: Verifier,
        limits: Limits,
        quotas: RateLimitSettings,
        roles: Roles,
    ) -> Self {
        let graphql = GraphqlParts { playground: true, ..GraphqlParts::default() };
        Self::made_with(verifier, limits, quotas, roles, graphql, web(), Beside::default()).await
    }

    async fn made_with(
        verifier: Verifier,
        limits: Limits,
        quotas: RateLimitSettings,
        roles: Roles,
        graphql: GraphqlParts,
        web: WebSettings,
        Beside { spool, unknown_types, masking, more_roles, carries }: Beside,
    ) -> Self {
        let (log, index) = (MemoryEventLog::new(), Arc::new(MemoryIndex::default()));
        let exports = tempfile::tempdir().unwrap();
        let quarantine = Arc::new(MemoryQuarantine::default());
        let registers = Arc::new(MemoryRegisters::default());
        let archive = Arc::new(MemoryArchive::default());
        let carrier = Arc::new(TestCarrier::default());
        let carriers = carries.then(|| carrier.clone() as _);
        let ports = Ports {
            log: Arc::new(log.clone()),
            keys: Arc::new(MemoryKeyStore::default()),
            index: index.clone(),
            profiles: Arc::new(MemoryProfiles::default()),
            inbox: Arc::new(MemoryInbox::default()),
            access: Arc::new(MemoryAccess::default()),
            registers: registers.clone(),
            quarantine: quarantine.clone(),
            spool: spool.map(|spool| spool as _),
            detection: None,
            carriers: carriers.into_iter().collect(),
            standing: Vec::new(),
            exports: Some(ExportParts {
                dir: exports.path().join("exports"),
                settings: few_exports(),
                key: FileKey::from_bytes([6; 32]),
            }),
            tiles: Some(TileParts {
                store: Arc::new(MemoryTrees::default()),
                signer: LogSigner::new("log.test/annals", RootKey::from_bytes([7; 32])).unwrap(),
                mark: Arc::new(FileMark::new(exports.path().join("tiles.mark"))),
                audit: AuditSettings { interval_seconds: 1, records_per_second: u64::MAX },
                ends: Arc::new(log.clone()),
                heads: Arc::new(KeptHeads::new(exports.path().join("heads"))),
                publishing: annals_engine::tiles::Publishing::default(),
            }),
            archive: Some(annals_engine::ArchiveParts { reader: archive.clone(), writes: true }),
        };
        let permits = Permits::of(&limits.request);
        let root = RootKey::generate().unwrap();
        let system =
            System::start(ports, root, CATALOGUE.clone(), settings(permits, roles)).await.unwrap();
        let (limiter, wall_ahead_ms) = (Arc::new(StillLimiter::default()), Arc::default());
        let health = Arc::new(AilingLog::new(log.clone()));
        let api = Arc::new(ApiParts {
            log: health.clone(),
            delivery: system.delivery.clone(),
            roles,
            rate_limits: RateLimits::new(&quotas, limiter.clone(), &[9; 32]),
            recorder: system.recorder.clone(),
            quarantine: system.quarantine.clone(),
            queries: system.queries.clone(),
            exports: system.exports.clone(),
            rebuilding: system.rebuilding.clone(),
            key_rotation: system.key_rotation.clone(),
            tiles: system.tiles.clone(),
            retention: system.retention(RetentionRules {
                installation: RetentionPolicy::default(),
                catalogue: CATALOGUE.clone(),
                limits: limits.query.clone(),
            }),
            eraser: system.eraser.clone(),
            lifecycle: lifecycle(&registers, &wall_ahead_ms).await,
            inbox_news: system.inbox_news.clone(),
            catalogue: CATALOGUE.clone(),
            masker: Arc::new(
                masking.map_or_else(Masker::shipped, |rules| Masker::read(rules).unwrap()),
            ),
            access: access_with(more_roles),
            limits: Arc::new(limits),
            unknown_types,
            enricher: ENRICHER.clone(),
            verifier: Arc::new(verifier),
            credentials: Credentials::new(
                system.access.clone(),
                AccessRules::default(),
                registers.clone(),
                &[5; 32],
            ),
            endpoints: EndpointParts {
                secrets: system.endpoint_secrets.clone(),
                rules: Arc::new(TestRules),
            },
            cursors: Cursors::new(&[7; 32]),
            clock: Arc::new(Clock::default()),
            stopping: CancellationToken::new(),
            live: annals_api::LiveParts::default(),
            graphql,
            web,
            notifying: notifying(),
            health: annals_api::HealthBoard::default(),
            metrics: PrometheusBuilder::new().build_recorder().handle(),
        });
        job::start(&api);
        if let Some(exports) = &api.exports {
            exports.open_desk(annals_api::export_desk(&api));
        }
        let router = router::router(api.clone());
        Self {
            router,
            api,
            log,
            index,
            limiter,
            health,
            quarantine,
            registers,
            archive,
            carrier,
            wall_ahead_ms,
            _system: system,
            _exports: exports,
        }
    }

    /// Sends a request, and leaves its answer to be read.
    pub(crate) async fn open(&self, request: Request<Body>) -> axum::response::Response {
        within(self.router.clone().oneshot(request)).await.unwrap()
    }

    /// Sends a request.
    pub(crate) async fn call(&self, request: Request<Body>) -> Answer {
        let response = self.open(request).await;
        let (parts, body) = response.into_parts();
        let bytes = within(body.collect()).await.unwrap().to_bytes();
        // Tiles are no text.
        let text = String::from_utf8_lossy(&bytes).into_owned();
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

    /// The ids of the events that messages in somebody's inbox are about, the newest first.
    pub(crate) async fn inbox(&self, person: &str) -> Vec<String> {
        let tenant = annals_domain::TenantId::new("acme").unwrap();
        let person = PersonRef { tenant, id: person.into() };
        let items = self.api.queries.inbox(person, None, None, 100).await.unwrap();
        items.iter().map(|item| item.notification.event.to_string()).collect()
    }

    /// The events of a type of Annals in the tenant `acme`, the newest first.
    pub(crate) async fn facts(&self, event_type: &str) -> Vec<Value> {
        let path = format!("/api/v1/logs?type={event_type}");
        let found = self.get(&path, &token("root", "acme", "admin")).await;
        assert_eq!(found.status, 200, "{}", found.text);
        found.json()["events"].as_array().unwrap().clone()
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

    /// Puts the wall clock; the clock of events follows it forwards.
    pub(crate) fn put_wall_clock(&self, to: jiff::Timestamp) {
        let ahead = to.duration_since(jiff::Timestamp::now());
        self.wall_ahead_ms.store(ahead.as_millis() as i64, Ordering::SeqCst);
        self.api.clock.catch_up(to);
    }

    /// Puts the clocks, and somebody vouches for them.
    pub(crate) async fn confirm_clocks(&self, to: jiff::Timestamp) {
        self.put_wall_clock(to);
        self.api.lifecycle.time.confirm(to).await.unwrap();
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

fn access_with(more_roles: &str) -> Arc<AccessPolicy> {
    if more_roles.is_empty() {
        return ACCESS.clone();
    }
    let limits = Limits::shipped();
    let context = QueryContext {
        limits: &limits.query,
        now: jiff::Timestamp::UNIX_EPOCH,
        catalogue: &CATALOGUE,
    };
    let roles = format!("{}\n{more_roles}", annals_domain::access::SHIPPED);
    Arc::new(AccessPolicy::read(&roles, &context).unwrap())
}

fn development() -> Verifier {
    Verifier::new(&[], Some(SECRET), &Expectations::default()).unwrap()
}

/// As it is shipped.
fn web() -> WebSettings {
    let allowed_origins = AllowedOrigins::default();
    WebSettings { allowed_origins, docs: true, compression: true }
}

/// Quotas that no test reaches by chance.
fn plenty() -> RateLimitSettings {
    let many = NonZeroU32::new(1_000_000).unwrap();
    RateLimitSettings {
        enabled: true,
        requests_per_second: many,
        requests_burst: many,
        tenant_requests_per_second: many,
        tenant_requests_burst: many,
        failures_per_second: many,
        failures_burst: many,
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
            tiles_commit_ms: 20,
        },
        quarantine: QuarantineSettings { entries_max: 100, bytes_max: 1 << 20, days_max: 30 },
        spool: SpoolSettings {
            enabled: SpoolUse::Remote,
            events_max: 3,
            bytes_max: 1 << 20,
            hours_max: 24,
        },
        supervision: SupervisionSettings { restarts_max: 5, restarts_within_seconds: 60 },
        scrub: annals_engine::ScrubSettings { interval_seconds: 0, bytes_per_second: u64::MAX },
        delivery: DeliverySettings {
            lease_renew_seconds: 2,
            lease_expires_seconds: 10,
            attempts_max: 3,
            in_flight_max: 10,
        },
        access: AccessRules::default(),
        roles,
        node: "one".into(),
        permits,
        query: Limits::shipped().query,
    }
}

/// Limits of exports that tests can reach.
fn few_exports() -> ExportSettings {
    ExportSettings {
        expires_seconds: 3600,
        running_max: 2,
        running_per_tenant_max: 1,
        waiting_per_tenant_max: 3,
        kept_per_tenant_max: 10,
        direct_max: 4,
        direct_per_tenant_max: 2,
        direct_seconds_max: 60,
        bytes_max: 1 << 30,
        free_bytes_min: 0,
    }
}

/// Mail leaves, worded in few words.
fn notifying() -> NotifyingParts {
    let (links, wording) = (LinkTokens::new(&[3; 32]), Some(Arc::new(FewWords) as _));
    NotifyingParts::new([Channel::Email].into(), wording, links, &CATALOGUE)
}

/// Says which template, language and message it was asked for.
struct FewWords;

impl Wording for FewWords {
    fn word(
        &self,
        template: &str,
        locale: &str,
        message: Option<&Outgoing>,
    ) -> Result<Worded, WordingError> {
        let text = message.map_or_else(|| "sample".into(), |message| message.body.clone());
        Ok(Worded { subject: format!("{template} {locale}"), text, locale: locale.into() })
    }
}

/// The retention job runs only when it is asked to.
async fn lifecycle(registers: &Arc<MemoryRegisters>, ahead_ms: &Arc<AtomicI64>) -> LifecycleParts {
    let ahead_ms = Arc::clone(ahead_ms);
    let wall = WallClock::telling(move || {
        let ahead = SignedDuration::from_millis(ahead_ms.load(Ordering::SeqCst));
        jiff::Timestamp::now() + ahead
    });
    LifecycleParts {
        settings: LifecycleSettings {
            interval_seconds: 0,
            records_per_second: 1_000_000,
            shortening_delay_days: 7,
        },
        time: RetentionTime::open(registers.clone(), wall.now()).await.unwrap(),
        wall,
        certifier: LogSigner::new("log.test/annals", RootKey::from_bytes([7; 32])).unwrap(),
        job: job::JobStatus::default(),
        work: tokio::sync::Notify::new(),
    }
}

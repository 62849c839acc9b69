//! What every handler shares.

use std::sync::Arc;

use annals_domain::access::AccessPolicy;
use annals_domain::admission::UnknownTypes;
use annals_domain::catalogue::Catalogue;
use annals_domain::limits::Limits;
use annals_domain::masking::Masker;
use annals_domain::profile::PersonRef;
use annals_engine::enrich::Enricher;
use annals_engine::tiles::Tiles;
use annals_engine::{
    Clock, DeliveryStatus, Eraser, Exports, KeyRotation, Quarantine, Queries, Rebuilding, Recorder,
    Retention, Role, Roles,
};
use annals_ports::EventLog;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;

use crate::auth::{PURPOSE_HEADER, Principal, Verifier};
use crate::credentials::{Credentials, api_keys};
use crate::cursor::Cursors;
use crate::endpoints::EndpointParts;
use crate::error::{ApiError, Code};
use crate::graphql::GraphqlParts;
use crate::health::HealthBoard;
use crate::layers::WebSettings;
use crate::lifecycle::LifecycleParts;
use crate::live::LiveParts;
use crate::notifying::NotifyingParts;
use crate::rate_limits::RateLimits;
use crate::roles;

/// After how many seconds to send events again that the log could not take.
const TROUBLE_RETRY_SECONDS: u32 = 2;

/// The parts of a running service, for the handlers. Cheap to clone.
pub type Api = Arc<ApiParts>;

/// The parts of a running service.
pub struct ApiParts {
    /// Records events.
    pub recorder: Recorder,
    /// Keeps refused events.
    pub quarantine: Quarantine,
    /// Answers questions.
    pub queries: Queries,
    /// Takes events out of the log; none on a node that makes no exports.
    pub exports: Option<Exports>,
    /// Reads the Merkle trees of the log; none on a node that keeps none.
    pub tiles: Option<Tiles>,
    /// Fills the search index anew; none on a node that keeps none.
    pub rebuilding: Option<Rebuilding>,
    /// Rotates the keys of tenants.
    pub key_rotation: KeyRotation,
    /// Removes events whose time is over.
    pub retention: Retention,
    /// Erases persons.
    pub eraser: Eraser,
    /// What is kept and what is forgotten.
    pub lifecycle: LifecycleParts,
    /// Tells how the event log is.
    pub log: Arc<dyn EventLog>,
    /// Whether this node tells people outside.
    pub delivery: DeliveryStatus,
    /// What this node does for callers.
    pub roles: Roles,
    /// How much each caller may ask.
    pub rate_limits: RateLimits,
    /// Tells whose inbox changed.
    pub inbox_news: broadcast::Sender<PersonRef>,
    /// Which types of events there are.
    pub catalogue: Arc<Catalogue>,
    /// What is hidden in events before they are stored.
    pub masker: Arc<Masker>,
    /// Which roles there are, and what each may do.
    pub access: Arc<AccessPolicy>,
    /// How large things may be.
    pub limits: Arc<Limits>,
    /// What is done with unknown types.
    pub unknown_types: UnknownTypes,
    /// Fills in devices and places.
    pub enricher: Arc<Enricher>,
    /// Verifies tokens.
    pub verifier: Arc<Verifier>,
    /// API keys, revocations, emergency access.
    pub credentials: Credentials,
    /// What endpoints of notifications take.
    pub endpoints: EndpointParts,
    /// Makes and reads cursors.
    pub cursors: Cursors,
    /// The time.
    pub clock: Arc<Clock>,
    /// Cancelled when the service is to stop: it takes no more connections and closes its sockets.
    pub stopping: CancellationToken,
    /// What streams share.
    pub live: LiveParts,
    /// How GraphQL is served.
    pub graphql: GraphqlParts,
    /// What browsers are told, and how answers travel.
    pub web: WebSettings,
    /// What speaks of notifications needs.
    pub notifying: NotifyingParts,
    /// What is wrong with Annals itself.
    pub health: HealthBoard,
    /// Renders `/metrics`.
    pub metrics: PrometheusHandle,
}

impl ApiParts {
    /// The caller of a request.
    pub async fn principal(&self, headers: &http::HeaderMap) -> Result<Principal, ApiError> {
        let token = bearer_token(headers).ok_or_else(ApiError::unauthenticated)?;
        let named =
            headers.get(crate::auth::TENANT_HEADER).map(|name| name.to_str().unwrap_or_default());
        let principal = self.principal_of_token(token, named).await?;
        match headers.get(PURPOSE_HEADER) {
            None => Ok(principal),
            Some(purpose) => principal.unmasked(purpose.to_str().unwrap_or_default()),
        }
    }

    /// Refuses at once what cannot be recorded here, or not at this moment; the operator reads in
    /// `/readyz` why.
    pub(crate) fn require_recording(&self) -> Result<(), ApiError> {
        roles::require(self.roles, Role::Ingest)?;
        if self.log.health().trouble.is_none() {
            return Ok(());
        }
        let message = "events cannot be recorded at the moment; send them again with the same ids";
        let error = ApiError::new(Code::Unavailable, message);
        Err(ApiError { retry_after: Some(TROUBLE_RETRY_SECONDS), ..error })
    }

    /// Refuses at once events that can be taken neither into the log nor into the spool.
    pub(crate) fn require_intake(&self) -> Result<(), ApiError> {
        match self.recorder.spools() {
            true => roles::require(self.roles, Role::Ingest),
            false => self.require_recording(),
        }
    }

    /// Refuses to read on a node that answers no questions.
    pub(crate) fn require_reading(&self) -> Result<(), ApiError> {
        roles::require(self.roles, Role::Query)
    }

    /// The caller of a token, or of an API key. A token whose key the issuer is being asked for is
    /// waited for, for a bounded time: issuers change their keys without telling.
    pub async fn principal_of_token(
        &self,
        token: &str,
        tenant: Option<&str>,
    ) -> Result<Principal, ApiError> {
        if api_keys::is_meant(token) {
            return api_keys::principal(self, token, tenant);
        }
        match self.verifier.verify_patiently(token).await {
            Ok(claims) => {
                let expires_at = self.verifier.end_of(&claims);
                self.admitted(Principal::new(claims, expires_at, tenant, &self.access)?)
            }
            Err(error) => {
                metrics::counter!("annals_tokens_refused_total").increment(1);
                tracing::debug!(error = &error as &dyn std::error::Error, "a token was refused");
                Err(ApiError::unauthenticated())
            }
        }
    }
}

/// The one token that a request shows.
pub(crate) fn bearer_token(headers: &http::HeaderMap) -> Option<&str> {
    // Of two headers a proxy may have looked at the one, and we at the other.
    let mut all = headers.get_all(http::header::AUTHORIZATION).iter();
    match (all.next(), all.next()) {
        (Some(only), None) => token_of(only.to_str().ok()?),
        _ => None,
    }
}

/// The token in `Bearer <token>`.
pub(crate) fn token_of(authorization: &str) -> Option<&str> {
    let (scheme, token) = authorization.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

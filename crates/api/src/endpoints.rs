//! Endpoints that take notifications, by REST and by GraphQL: who has which, and how they are changed.
//!
//! They follow from events in the log, as API keys do: a change is recorded, and only then is it in
//! effect, on every node. Neither a secret nor the path of a URL is recorded but sealed.

mod checking;
pub(crate) mod requests;

use std::sync::Arc;

use annals_domain::EventId;
use annals_domain::event::JsonObject;
use annals_domain::notification::{
    ENDPOINT_REMOVED, ENDPOINT_ROTATED, ENDPOINT_SET, ENDPOINTS_MAX, Endpoint, EndpointKind,
    KeptEndpoint, Payload, SignatureKind,
};
use annals_domain::problem::ErrorCode;
use annals_engine::EndpointSecrets;
use annals_ports::EndpointRules;
use uuid::Uuid;

use self::checking::{
    changed, full, metadata_of, no_secret, not_yet, of_endpoint, origin, target, template, wrong,
};
use crate::caller::Caller;
use crate::context::ApiParts;
use crate::credentials;
use crate::error::{ApiError, Code};
use crate::own_facts::Fact;
use crate::seen::Seen;

const NAME_CHARS_MAX: usize = 100;
/// Why an endpoint is off when nobody but its people wanted that.
const SWITCHED_OFF: &str = "it was switched off";

/// What endpoints take beside the log.
pub struct EndpointParts {
    /// Makes and seals their secrets.
    pub secrets: Arc<EndpointSecrets>,
    /// Says where they may be.
    pub rules: Arc<dyn EndpointRules>,
}

/// An endpoint as somebody wants to have it.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wanted {
    pub(crate) name: String,
    pub(crate) kind: EndpointKind,
    pub(crate) url: String,
    #[serde(default)]
    pub(crate) signature: Option<SignatureKind>,
    #[serde(default)]
    pub(crate) payload: Payload,
    #[serde(default)]
    pub(crate) template_id: Option<String>,
    #[serde(default = "yes")]
    pub(crate) enabled: bool,
}

/// What shall be otherwise; what is not named stays.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Change {
    #[serde(default)]
    pub(crate) name: Option<String>,
    #[serde(default)]
    pub(crate) url: Option<String>,
    #[serde(default)]
    pub(crate) payload: Option<Payload>,
    #[serde(default)]
    pub(crate) template_id: Option<String>,
    #[serde(default)]
    pub(crate) enabled: Option<bool>,
}

/// An endpoint as it is shown.
pub(crate) struct Shown {
    /// Its URL is scheme, host and port alone.
    pub(crate) endpoint: Endpoint,
    /// What verifies its messages, where that is no secret.
    pub(crate) public_key: Option<String>,
}

/// An endpoint with its secret, which is shown this one time.
pub(crate) struct Made {
    pub(crate) shown: Shown,
    /// None: nothing is signed, or what verifies is no secret.
    pub(crate) secret: Option<String>,
}

fn yes() -> bool {
    true
}

/// The endpoints of the caller's tenant, by name.
pub(crate) fn list(api: &ApiParts, caller: &Caller) -> Result<Vec<Shown>, ApiError> {
    let state = api.access_state()?;
    let tenant = state.tenant(&caller.principal.tenant);
    let all = tenant.into_iter().flat_map(|tenant| tenant.notifications().endpoints());
    let mut all: Vec<&Arc<KeptEndpoint>> = all.collect();
    all.sort_by(|one, other| {
        (&one.endpoint.name, one.endpoint.id).cmp(&(&other.endpoint.name, other.endpoint.id))
    });
    Ok(all.into_iter().map(|kept| shown(api, caller, kept)).collect())
}

/// The endpoint of that id, if it is of the caller's tenant.
pub(crate) fn one(api: &ApiParts, caller: &Caller, id: &str) -> Result<Shown, ApiError> {
    Ok(shown(api, caller, &*find(api, caller, id)?))
}

/// Makes an endpoint.
pub(crate) async fn create(
    api: &ApiParts,
    caller: &Caller,
    wanted: Wanted,
) -> Result<Made, ApiError> {
    if wanted.payload == Payload::Full {
        caller.require_all_of_tenant(api)?;
    }
    let name = credentials::text("name", &wanted.name, 1, NAME_CHARS_MAX)?;
    let origin = origin(api, &wanted.url)?;
    if wanted.signature.is_some() && wanted.kind != EndpointKind::Webhook {
        return Err(wrong("signature", ErrorCode::Contradiction, "only webhooks are signed"));
    }
    let template_id = template(wanted.kind, wanted.template_id)?;
    let _turn = api.credentials.turn().await;
    let state = api.access_state()?;
    let tenant = &caller.principal.tenant;
    let held = state.tenant(tenant).map_or(0, |it| it.notifications().endpoints().count());
    if held >= ENDPOINTS_MAX {
        return Err(full());
    }
    let id = Uuid::now_v7();
    let endpoint = Endpoint {
        id,
        event: EventId(Uuid::nil()),
        name,
        kind: wanted.kind,
        url: origin,
        signature: wanted.signature.unwrap_or_default(),
        payload: wanted.payload,
        template_id,
        enabled: wanted.enabled,
        disabled_because: (!wanted.enabled).then(|| SWITCHED_OFF.to_owned()),
        rotated_at: None,
    };
    let secrets = &api.endpoints.secrets;
    let (secret, sealed) = secrets.make(tenant, id).map_err(no_secret)?;
    let sealed_url = secrets.seal_url(tenant, id, &wanted.url).map_err(no_secret)?;
    let mut metadata = metadata_of(&endpoint, Some(sealed_url))?;
    metadata.insert("sealed_secret".into(), sealed.into());
    let kept = record(api, caller, ENDPOINT_SET, &endpoint, metadata).await?;
    Ok(made(api, caller, &kept, &secret))
}

/// Changes an endpoint that still is as the caller saw it, or switches it on or off.
pub(crate) async fn change(
    api: &ApiParts,
    caller: &Caller,
    id: &str,
    change: Change,
    seen: Seen,
) -> Result<Shown, ApiError> {
    let _turn = api.credentials.turn().await;
    let kept = find(api, caller, id)?;
    seen.require(Some(kept.endpoint.event), "the endpoint")?;
    let mut endpoint = kept.endpoint.clone();
    if let Some(name) = &change.name {
        endpoint.name = credentials::text("name", name, 1, NAME_CHARS_MAX)?;
    }
    if change.template_id.is_some() {
        endpoint.template_id = template(endpoint.kind, change.template_id)?;
    }
    endpoint.payload = change.payload.unwrap_or(endpoint.payload);
    if let Some(enabled) = change.enabled.filter(|enabled| *enabled != endpoint.enabled) {
        endpoint.enabled = enabled;
        endpoint.disabled_because = (!enabled).then(|| SWITCHED_OFF.to_owned());
    }
    let mut sealed_url = kept.sealed_url.clone();
    if let Some(url) = &change.url {
        endpoint.url = origin(api, url)?;
        let sealed = api.endpoints.secrets.seal_url(&caller.principal.tenant, endpoint.id, url);
        sealed_url = Some(sealed.map_err(no_secret)?);
    }
    if endpoint == kept.endpoint && sealed_url == kept.sealed_url {
        return Ok(shown(api, caller, &kept));
    }
    // Whoever looks after endpoints may switch a full one off, or make it thin.
    let switched_off =
        !endpoint.enabled && endpoint.payload == kept.endpoint.payload && change.url.is_none();
    if endpoint.payload == Payload::Full && !switched_off {
        caller.require_all_of_tenant(api)?;
    }
    let metadata = metadata_of(&endpoint, sealed_url)?;
    let kept = record(api, caller, ENDPOINT_SET, &endpoint, metadata).await?;
    Ok(shown(api, caller, &kept))
}

/// Gives an endpoint a new secret; the one before signs for a day longer.
pub(crate) async fn rotate(api: &ApiParts, caller: &Caller, id: &str) -> Result<Made, ApiError> {
    let _turn = api.credentials.turn().await;
    let kept = find(api, caller, id)?;
    let endpoint = &kept.endpoint;
    if endpoint.kind != EndpointKind::Webhook {
        let message = "nothing is signed for this endpoint; its URL is the secret: change that";
        return Err(ApiError::new(Code::Conflict, message));
    }
    let (secret, sealed) =
        api.endpoints.secrets.make(&caller.principal.tenant, endpoint.id).map_err(no_secret)?;
    let mut metadata = of_endpoint(endpoint.id);
    metadata.insert("sealed_secret".into(), sealed.into());
    let kept = record(api, caller, ENDPOINT_ROTATED, endpoint, metadata).await?;
    Ok(made(api, caller, &kept, &secret))
}

/// Takes an endpoint away that still is as the caller saw it. What is still on its way to it is given up.
pub(crate) async fn remove(
    api: &ApiParts,
    caller: &Caller,
    id: &str,
    seen: Seen,
) -> Result<(), ApiError> {
    let _turn = api.credentials.turn().await;
    let kept = find(api, caller, id)?;
    seen.require(Some(kept.endpoint.event), "the endpoint")?;
    let metadata = of_endpoint(kept.endpoint.id);
    let targets = vec![target(&kept.endpoint)];
    let fact = Fact { targets, metadata, ..Fact::new(ENDPOINT_REMOVED) };
    credentials::record(api, caller, fact).await?;
    Ok(())
}

fn find(api: &ApiParts, caller: &Caller, id: &str) -> Result<Arc<KeptEndpoint>, ApiError> {
    let state = api.access_state()?;
    let found = id.parse().ok().and_then(|id| {
        state.tenant(&caller.principal.tenant)?.notifications().endpoint(id).cloned()
    });
    found.ok_or_else(|| ApiError::not_found("endpoint"))
}

/// Records a change, and answers with the endpoint as it is after it.
async fn record(
    api: &ApiParts,
    caller: &Caller,
    event_type: &'static str,
    endpoint: &Endpoint,
    metadata: JsonObject,
) -> Result<Arc<KeptEndpoint>, ApiError> {
    let targets = vec![target(endpoint)];
    let fact = Fact { targets, metadata, ..Fact::new(event_type) };
    let (receipt, in_effect) = credentials::record(api, caller, fact).await?;
    let kept = find(api, caller, &endpoint.id.to_string()).ok();
    match (kept.filter(|kept| kept.endpoint.event == receipt.id), in_effect) {
        (Some(kept), _) => Ok(kept),
        // On another node somebody was faster, or took the last place.
        (None, true) => Err(changed()),
        (None, false) => Err(not_yet()),
    }
}

fn shown(api: &ApiParts, caller: &Caller, kept: &KeptEndpoint) -> Shown {
    let endpoint = kept.endpoint.clone();
    let public =
        endpoint.kind == EndpointKind::Webhook && endpoint.signature == SignatureKind::Ed25519;
    let EndpointParts { secrets, rules } = &api.endpoints;
    let opened = public.then(|| secrets.open(&caller.principal.tenant, endpoint.id, &kept.secret));
    // One that does not open verifies nothing either; it is rotated.
    let public_key = opened.and_then(Result::ok);
    let public_key = public_key.map(|seed| rules.verified_with(endpoint.signature, &seed));
    Shown { endpoint, public_key }
}

fn made(api: &ApiParts, caller: &Caller, kept: &KeptEndpoint, secret: &[u8; 32]) -> Made {
    let Endpoint { kind, signature, .. } = kept.endpoint;
    let shares = kind == EndpointKind::Webhook && signature == SignatureKind::Hmac;
    let secret = shares.then(|| api.endpoints.rules.verified_with(signature, secret));
    Made { shown: shown(api, caller, kept), secret }
}

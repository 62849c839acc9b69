//! What the service itself does leaves a trace in the log: that it came up, with which configuration,
//! and that it stopped. In the tenant `system`.

use std::sync::Arc;
use std::time::Duration;

use annals_api::Api;
use annals_domain::access::state::{
    CONFIGURATION_LOADED, ConfigurationDigests, Differences, SYSTEM_TENANT,
};
use annals_domain::event::{Event, JsonObject};
use annals_domain::time::DateTime;
use annals_domain::{EventId, TenantId};
use annals_record::RootKey;
use anyhow::Context;
use aws_lc_rs::hmac;
use data_encoding::HEXLOWER;
use tracing::{info, warn};
use uuid::Uuid;

use crate::configuration::Settings;

const STARTED: &str = "annals.service.started";
const STOPPED: &str = "annals.service.stopped";
/// Of these every node has its own.
const OF_THE_NODE: &[&str] = &["node"];
/// Namespace of the events that tell of a configuration: nodes that come up with the same one after
/// the same one tell of it once.
const NAMESPACE: Uuid = Uuid::from_u128(0x83d1_2b6e_50f7_4c39_9e42_17ab_c86d_f051);
/// How often recording is tried, and how long lies between: the log may be elsewhere, and away.
const ATTEMPTS: u32 = 60;
const PAUSE: Duration = Duration::from_secs(5);
/// How long stopping waits for its own trace.
const STOP_PATIENCE: Duration = Duration::from_secs(2);
/// Names of what changed that are told one by one.
const NAMES_MAX: usize = 100;

/// Records that the service came up and, if that is so, with another configuration than the last.
pub(crate) fn started(api: &Api, settings: &Settings, root: &RootKey) {
    let now = digests(api, settings, root);
    let api = Arc::clone(api);
    tokio::spawn(async move {
        if let Err(error) = tell_of_start(&api, now).await {
            warn!(error = &*error as &dyn std::error::Error, "the start is not recorded");
        }
    });
}

async fn tell_of_start(api: &Api, now: ConfigurationDigests) -> anyhow::Result<()> {
    record(api, event_of(api, STARTED, lifetime(api))?).await?;
    api.credentials.view().until_current().await;
    let state = api.credentials.view().now();
    let before = state.configuration();
    if before.is_some_and(|before| before.digests == now) {
        return Ok(());
    }
    // The first configuration is told as a whole by its digests; everything in it is new.
    let changed = before.map(|before| now.differences_from(&before.digests)).unwrap_or_default();
    let mut event = event_of(api, CONFIGURATION_LOADED, metadata(&now, changed)?)?;
    let before = before.map(|before| before.event.to_string()).unwrap_or_default();
    let parts = event.metadata.get("parts").and_then(|parts| parts.as_str()).unwrap_or_default();
    event.id = EventId(Uuid::new_v5(&NAMESPACE, format!("{before}\n{parts}").as_bytes()));
    record(api, event).await?;
    info!("the configuration is another than at the last start; that is recorded");
    Ok(())
}

/// Records that the service stops. It does not wait long: a log that is away must not keep it up.
pub(crate) async fn stopping(api: &Api) {
    let stopped = async {
        let event = event_of(api, STOPPED, lifetime(api))?;
        api.recorder.record_own(event.clone(), content_of(&event)).await?;
        anyhow::Ok(())
    };
    match tokio::time::timeout(STOP_PATIENCE, stopped).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => {
            warn!(error = &*error as &dyn std::error::Error, "the stop is not recorded");
        }
        Err(_) => warn!("the stop is not recorded: the log does not answer"),
    }
}

pub(crate) async fn record(api: &Api, event: Event) -> anyhow::Result<()> {
    let content = content_of(&event);
    let mut attempt = 1;
    loop {
        let recorded = api.recorder.record_own(event.clone(), content).await;
        match recorded {
            Ok(_) => return Ok(()),
            Err(error) if attempt == ATTEMPTS || api.stopping.is_cancelled() => {
                return Err(error).context("recording what the service does");
            }
            Err(_) => attempt += 1,
        }
        tokio::select! {
            () = tokio::time::sleep(PAUSE) => {}
            () = api.stopping.cancelled() => {}
        }
    }
}

/// Of the same fact all nodes send the same; when they do is no part of it.
pub(crate) fn content_of(event: &Event) -> [u8; 32] {
    annals_record::content_digest(&serde_json::to_vec(&event.metadata).unwrap_or_default())
}

fn lifetime(api: &Api) -> JsonObject {
    let mut metadata = JsonObject::new();
    metadata.insert("version".into(), env!("CARGO_PKG_VERSION").into());
    metadata.insert("position".into(), api.queries.head().0.into());
    metadata
}

fn metadata(now: &ConfigurationDigests, changed: Differences) -> anyhow::Result<JsonObject> {
    let whole = |parts| -> anyhow::Result<String> {
        Ok(HEXLOWER.encode(&annals_record::content_digest(&serde_json::to_vec(parts)?)))
    };
    let mut metadata = JsonObject::new();
    metadata.insert("version".into(), now.version.as_str().into());
    metadata.insert("settings".into(), whole(&now.settings)?.into());
    metadata.insert("roles".into(), whole(&now.roles)?.into());
    metadata.insert("types".into(), whole(&now.types)?.into());
    let names = |names: Vec<String>| names.into_iter().take(NAMES_MAX).collect::<Vec<_>>();
    metadata.insert("changed_settings".into(), names(changed.settings).into());
    metadata.insert("changed_roles".into(), names(changed.roles).into());
    metadata.insert("changed_types".into(), names(changed.types).into());
    metadata.insert("parts".into(), serde_json::to_string(now)?.into());
    Ok(metadata)
}

/// The digests of what is in force here. They are keyed: from the digest of a short value nobody can
/// find the value.
fn digests(api: &Api, settings: &Settings, root: &RootKey) -> ConfigurationDigests {
    let key = hmac::Key::new(hmac::HMAC_SHA256, root.derive("configuration").as_slice());
    let digest = |text: &str| HEXLOWER.encode(&hmac::sign(&key, text.as_bytes()).as_ref()[..8]);
    let of_settings =
        settings.sections.iter().filter(|(name, _)| !OF_THE_NODE.contains(&name.as_str()));
    let of_roles = api.access.roles().map(|(name, role)| (name, format!("{role:?}")));
    let of_types = api.catalogue.types().map(|entry| (&entry.name, format!("{entry:?}")));
    ConfigurationDigests {
        version: env!("CARGO_PKG_VERSION").into(),
        settings: of_settings.map(|(name, text)| (name.clone(), digest(text))).collect(),
        roles: of_roles.map(|(name, text)| (name.to_owned(), digest(&text))).collect(),
        types: of_types.map(|(name, text)| (name.clone(), digest(&text))).collect(),
    }
}

pub(crate) fn event_of(api: &Api, event_type: &str, metadata: JsonObject) -> anyhow::Result<Event> {
    let (tenant, id) = (TenantId::new(SYSTEM_TENANT)?, EventId(Uuid::now_v7()));
    let now = DateTime::utc(api.clock.now());
    Ok(Event { metadata, ..Event::of_annals(&api.catalogue, event_type, tenant, id, now) })
}

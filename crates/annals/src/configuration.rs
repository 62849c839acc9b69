//! Settings: the built-in file, a file of the operator's over it, the environment over that.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use annals_api::auth::KeySettings;
use annals_api::graphql::GraphqlSettings;
use annals_api::lifecycle::LifecycleSettings;
use annals_api::{AllowedOrigins, RateLimitSettings, WebSettings};
use annals_domain::access::state::AccessRules;
use annals_domain::admission::UnknownTypes;
use annals_domain::retention::RetentionPolicy;
use annals_engine::{
    DeliverySettings, ExportSettings, ProjectionSettings, QuarantineSettings, RecorderSettings,
    Roles, SpoolSettings, SupervisionSettings,
};
use annals_notify::{
    CarrierSettings, EmailSettings, OutgoingSettings, SyslogSettings, TemplateSettings,
    WebhookSettings,
};
use annals_store_redis::RedisSettings;
use anyhow::Context;
use config::{Config, File, FileFormat};
use jiff::SignedDuration;
use serde::Deserialize;

use crate::archive::ArchiveSettings;
use crate::backup::BackupSettings;
use crate::detection::DetectionSettings;
use crate::index_settings::IndexSettings;
use crate::integrity::IntegritySettings;
use crate::masking::MaskingSettings;
use crate::master_key::KeySettings as MasterKeySettings;
use crate::watching::AlertSettings;

/// `config/annals.toml` as it was when the program was built: every setting, with its default.
pub(crate) const DEFAULTS: &str = include_str!("../../../config/annals.toml");

/// All settings.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Settings {
    pub(crate) server: ServerSettings,
    pub(crate) node: NodeSettings,
    pub(crate) store: StoreSettings,
    pub(crate) auth: AuthSettings,
    pub(crate) events: EventSettings,
    pub(crate) graphql: GraphqlSettings,
    pub(crate) recorder: RecorderSettings,
    pub(crate) spool: SpoolSettings,
    pub(crate) quarantine: QuarantineSettings,
    pub(crate) projections: ProjectionSettings,
    pub(crate) integrity: IntegritySettings,
    pub(crate) delivery: DeliverySettings,
    pub(crate) detection: DetectionSettings,
    pub(crate) export: ExportSettings,
    pub(crate) retention: RetentionPolicy,
    pub(crate) lifecycle: LifecycleSettings,
    pub(crate) webhook: WebhookSettings,
    pub(crate) email: EmailSettings,
    pub(crate) templates: TemplateSettings,
    pub(crate) outgoing: OutgoingSettings,
    pub(crate) syslog: SyslogSettings,
    pub(crate) rate_limits: RateLimitSettings,
    pub(crate) redis: RedisSettings,
    pub(crate) index: IndexSettings,
    pub(crate) enrich: EnrichSettings,
    pub(crate) masking: MaskingSettings,
    pub(crate) log: LogSettings,
    pub(crate) alerts: AlertSettings,
    pub(crate) supervision: SupervisionSettings,
    pub(crate) archive: ArchiveSettings,
    pub(crate) backup: BackupSettings,
    pub(crate) keys: MasterKeySettings,
    /// Each section as JSON text, to tell whether it changed.
    #[serde(skip)]
    pub(crate) sections: BTreeMap<String, String>,
}

/// `[server]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ServerSettings {
    /// Address and port.
    pub(crate) listen: String,
    /// Where people reach the service; empty: messages hold no links.
    pub(crate) public_url: String,
    /// Addresses and networks of proxies that are believed.
    pub(crate) trusted_proxies: Vec<String>,
    /// Whose pages may read answers.
    pub(crate) allowed_origins: Vec<String>,
    /// Whether the page of documentation is served.
    pub(crate) docs: bool,
    /// Whether answers are compressed.
    pub(crate) compression: bool,
}

impl ServerSettings {
    /// What browsers are told, and how answers travel.
    pub(crate) fn web(&self) -> anyhow::Result<WebSettings> {
        let origins = AllowedOrigins::read(&self.allowed_origins);
        let allowed_origins = origins.context("reading `server.allowed_origins`")?;
        Ok(WebSettings { allowed_origins, docs: self.docs, compression: self.compression })
    }
}

/// `[node]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NodeSettings {
    /// Name of this node; empty: made once.
    pub(crate) name: String,
    /// What this node does.
    pub(crate) roles: Roles,
}

/// `[store]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StoreSettings {
    /// Where the log is kept: `sqlite` or a connection string.
    pub(crate) url: String,
    /// Before the names of all streams on a server.
    pub(crate) namespace: String,
    /// User of the server; empty: as the URL says.
    pub(crate) user: String,
    /// File with the user's password.
    pub(crate) password_file: PathBuf,
    /// User who may write the metadata of streams; empty: the same.
    pub(crate) keeper: String,
    /// File with the keeper's password.
    pub(crate) keeper_password_file: PathBuf,
    /// Whether a scavenge of the server is started when retention has removed something.
    pub(crate) scavenge: bool,
}

/// The URL that means the embedded store.
pub(crate) const EMBEDDED: &str = "sqlite";

impl StoreSettings {
    /// Whether the log is kept in the data directory.
    pub(crate) fn is_embedded(&self) -> bool {
        self.url == EMBEDDED
    }
}

/// `[auth]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AuthSettings {
    /// Keys that tokens are verified with; none: a secret in the data directory.
    pub(crate) keys: Vec<KeySettings>,
    /// `iss`; empty: not looked at.
    pub(crate) issuer: String,
    /// `aud`; empty: not looked at.
    pub(crate) audience: String,
    /// How far clocks may differ.
    pub(crate) clock_skew_seconds: u64,
    /// How long tokens may hold; 0: not looked at.
    pub(crate) token_lifetime_seconds_max: u64,
    /// Where the issuer publishes its keys; empty: nowhere.
    pub(crate) jwks_url: String,
    /// How often they are fetched.
    pub(crate) jwks_refresh_seconds: u64,
    /// How long they go on when they cannot be fetched.
    pub(crate) jwks_stale_seconds_max: u64,
    /// Whether the issuer may be at a private address.
    pub(crate) jwks_allow_private: bool,
    /// File with the roles; empty: those that ship with Annals.
    pub(crate) access_file: PathBuf,
}

impl AuthSettings {
    /// What is kept of revocations: nothing is left to refuse once every token has ended.
    pub(crate) fn access_rules(&self) -> AccessRules {
        let seconds = i64::try_from(self.token_lifetime_seconds_max).unwrap_or(i64::MAX);
        let lifetime = (seconds > 0).then(|| SignedDuration::from_secs(seconds));
        AccessRules { token_lifetime_max: lifetime }
    }
}

/// `[events]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EventSettings {
    /// What becomes of types that the catalogue does not know.
    pub(crate) unknown_types: UnknownTypes,
}

/// `[enrich]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EnrichSettings {
    /// `MaxMind` database; empty: none.
    pub(crate) geoip_database: PathBuf,
}

/// `[log]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LogSettings {
    /// How much is told.
    pub(crate) level: String,
    /// For people or for programs.
    pub(crate) format: LogFormat,
    /// Where warnings and errors are kept, from the data directory on; empty: nowhere.
    pub(crate) file: PathBuf,
    /// When it has so many bytes a new one is begun.
    pub(crate) file_bytes_max: u64,
    /// So many files are kept.
    pub(crate) files_max: usize,
}

/// How the operations log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogFormat {
    /// For people.
    Text,
    /// For programs.
    Json,
}

impl Settings {
    /// What the ways out to people are opened by.
    pub(crate) fn carriers(&self) -> CarrierSettings<'_> {
        let Self { email, templates, outgoing, syslog, .. } = self;
        CarrierSettings { email, templates, outgoing, syslog }
    }

    /// Reads the settings; an unknown or wrong key is an error that names it.
    pub(crate) fn load(file: Option<&Path>) -> anyhow::Result<Self> {
        Self::layered(file, std::env::vars())
    }

    fn layered(
        file: Option<&Path>,
        environment: impl Iterator<Item = (String, String)>,
    ) -> anyhow::Result<Self> {
        let mut layers = Config::builder().add_source(File::from_str(DEFAULTS, FileFormat::Toml));
        if let Some(file) = file {
            let text = std::fs::read_to_string(file)
                .with_context(|| format!("reading the configuration `{}`", file.display()))?;
            layers = layers.add_source(File::from_str(&text, FileFormat::Toml));
        }
        for (name, value) in environment {
            // ANNALS_<SECTION>__<KEY>; other names, such as ANNALS_TOKEN, are no settings.
            let Some((section, key)) =
                name.strip_prefix("ANNALS_").and_then(|rest| rest.split_once("__"))
            else {
                continue;
            };
            let path = format!("{}.{}", section.to_lowercase(), key.to_lowercase());
            layers = layers
                .set_override(&path, value)
                .with_context(|| format!("the environment variable {name}"))?;
        }
        const WRONG: &str = "the configuration is wrong; config/annals.toml lists every setting";
        let built = layers.build().context(WRONG)?;
        let mut sections: BTreeMap<String, serde_json::Value> =
            built.clone().try_deserialize().context(WRONG)?;
        // Where a node listens is its own, and no change of how the service behaves.
        if let Some(server) = sections.get_mut("server").and_then(|server| server.as_object_mut()) {
            server.remove("listen");
        }
        let sections = sections.into_iter().map(|(name, section)| (name, section.to_string()));
        let settings: Self = built.try_deserialize().context(WRONG)?;
        Ok(Self { sections: sections.collect(), ..settings })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use annals_notify::{Carriers, NoLinks};

    use super::*;

    fn load(file: Option<&str>, environment: &[(&str, &str)]) -> anyhow::Result<Settings> {
        let dir = tempfile::tempdir().unwrap();
        let path = file.map(|text| {
            let path = dir.path().join("annals.toml");
            std::fs::write(&path, text).unwrap();
            path
        });
        let environment = environment.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
        Settings::layered(path.as_deref(), environment)
    }

    #[test]
    fn the_built_in_file_holds_every_setting() {
        let settings = load(None, &[]).unwrap();
        assert_eq!(settings.server.listen, "127.0.0.1:8080");
    }

    #[test]
    fn ways_out_to_people_are_opened_as_the_settings_say() {
        let open = |environment: &[(&str, &str)]| {
            let settings = load(None, environment).unwrap();
            let opened = Carriers::open(&settings.carriers(), Arc::new(NoLinks));
            let opened = opened.map_err(|error| format!("{:#}", anyhow::Error::from(error)))?;
            Ok(opened.all.iter().map(|carrier| carrier.name()).collect::<Vec<_>>())
        };
        assert_eq!(open(&[]), Ok(vec!["webhook", "slack", "adapter"]));
        let servers = [("ANNALS_EMAIL__HOST", "mail.lan"), ("ANNALS_SYSLOG__HOST", "syslog.lan")];
        assert_eq!(open(&servers), Ok(vec!["webhook", "slack", "adapter", "email", "syslog"]));
        let wrong: Result<_, String> = open(&[("ANNALS_OUTGOING__TIMEOUT_SECONDS", "99")]);
        assert!(wrong.unwrap_err().contains("`outgoing.timeout_seconds` is 99"));
    }

    #[test]
    fn the_environment_goes_before_the_file_and_the_file_before_the_defaults() {
        let file = "[server]\nlisten = \"file:1\"\n[recorder]\nshards = 7\n";
        let settings = load(Some(file), &[("ANNALS_SERVER__LISTEN", "env:2")]).unwrap();
        assert_eq!(settings.server.listen, "env:2");
        assert_eq!(settings.recorder.shards, 7);
        assert_eq!(load(None, &[("ANNALS_RECORDER__SHARDS", "3")]).unwrap().recorder.shards, 3);
    }

    #[test]
    fn an_unknown_or_wrong_setting_is_named() {
        let told = |result: anyhow::Result<Settings>| format!("{:#}", result.unwrap_err());
        assert!(told(load(Some("[server]\nlissten = \"x\"\n"), &[])).contains("lissten"));
        assert!(told(load(None, &[("ANNALS_SERVER__COLOUR", "blue")])).contains("colour"));
        assert!(told(load(None, &[("ANNALS_RECORDER__SHARDS", "many")])).contains("shards"));
        assert!(load(None, &[("ANNALS_TOKEN", "x"), ("ANNALS_URL", "y")]).is_ok());
    }
}

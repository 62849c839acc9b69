//! How a service is started: on which store, with which settings and secrets.

use std::fs::DirBuilder;
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tempfile::TempDir;
use uuid::Uuid;

/// Names the file with the master key.
const MASTER_KEY_FILE: &str = "ANNALS_MASTER_KEY_FILE";
/// The secret that `annals token` signs with, in a data directory.
const TOKEN_SECRET: &str = "token.secret";

/// What a service is started with. By default the embedded store and secrets of its own.
#[derive(Debug, Clone, Default)]
pub struct Setup {
    pub(crate) store: Option<String>,
    pub(crate) environment: Vec<(String, String)>,
    pub(crate) secrets: Option<Secrets>,
    pub(crate) disk_bytes: Option<u64>,
}

impl Setup {
    /// The log on a server, as `--store` names it, under the secrets that its nodes share.
    pub fn node_of(url: &str, secrets: &Secrets) -> Self {
        let setup = Self { store: Some(url.to_owned()), ..Self::default() };
        setup.with_secrets(secrets)
    }

    /// Other secrets than those a service makes for itself.
    pub fn with_secrets(mut self, secrets: &Secrets) -> Self {
        let master_key = secrets.master_key().display().to_string();
        self.secrets = Some(secrets.clone());
        self.with(MASTER_KEY_FILE, &master_key)
    }

    /// A setting by its variable, such as `ANNALS_SERVER__LISTEN`.
    pub fn with(mut self, variable: &str, value: &str) -> Self {
        self.environment.push((variable.to_owned(), value.to_owned()));
        self
    }

    /// All data on a disk of so many bytes.
    ///
    /// The disk is a tmpfs in a mount namespace, which needs either root or the right to make user
    /// namespaces; every common Linux gives one of them.
    pub fn on_small_disk(mut self, bytes: u64) -> Self {
        self.disk_bytes = Some(bytes);
        self
    }
}

/// The secrets of an installation of several nodes: the master key and what tokens are signed with.
#[derive(Debug, Clone)]
pub struct Secrets {
    home: Arc<TempDir>,
}

impl Secrets {
    /// Makes new ones.
    pub fn make() -> Self {
        let home = TempDir::with_prefix("annals-e2e-secrets-");
        let secrets = Self { home: Arc::new(home.expect("a temporary directory can be made")) };
        write_secret(&secrets.master_key());
        write_secret(&secrets.home.path().join(TOKEN_SECRET));
        secrets
    }

    fn master_key(&self) -> PathBuf {
        self.home.path().join("master.key")
    }

    /// Puts what tokens are signed with where a node looks for it.
    pub(crate) fn put_into(&self, data_dir: &Path) {
        let made = DirBuilder::new().recursive(true).mode(0o700).create(data_dir);
        made.expect("the temporary directory can be written");
        let copied =
            std::fs::copy(self.home.path().join(TOKEN_SECRET), data_dir.join(TOKEN_SECRET));
        copied.expect("the temporary directory can be written");
    }
}

fn write_secret(path: &Path) {
    let text = format!("{}{}\n", Uuid::new_v4().simple(), Uuid::new_v4().simple());
    let mut options = std::fs::OpenOptions::new();
    let file = options.write(true).create_new(true).mode(0o600).open(path);
    let written = file.and_then(|mut file| file.write_all(text.as_bytes()));
    written.expect("the temporary directory can be written");
}

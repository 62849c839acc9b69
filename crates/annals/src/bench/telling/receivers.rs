//! Those who are told: inboxes that are watched, a webhook, a mail server.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use super::super::service::Service;
use super::super::started::Setting;
use super::arrivals::Arrivals;
use super::inbox::Inbox;
use super::mail;

/// `whsec_` and 32 bytes in base64; of no use to anybody but this run.
const SECRET: &str = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n";

/// Receivers on this machine, and what has come to them.
pub(in crate::bench) struct Receivers {
    runtime: Runtime,
    hook_address: SocketAddr,
    mail_address: SocketAddr,
    secret_file: PathBuf,
    pub(super) inbox: Arc<Arrivals>,
    pub(super) webhook: Arc<Arrivals>,
    pub(super) mail: Arc<Arrivals>,
}

impl Receivers {
    /// Listens on free ports.
    pub(in crate::bench) fn start() -> anyhow::Result<Self> {
        // The load shares the machine with the service, and must not take more of it than it has to.
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let name = format!("annals-bench-{}.secret", std::process::id());
        let secret_file = std::env::temp_dir().join(name);
        std::fs::write(&secret_file, SECRET).context("writing the secret of the webhook")?;
        let (webhook, mail) = (Arc::<Arrivals>::default(), Arc::<Arrivals>::default());
        let listen = || runtime.block_on(TcpListener::bind("127.0.0.1:0")).context("listening");
        let (hook, smtp) = (listen()?, listen()?);
        let (hook_address, mail_address) = (hook.local_addr()?, smtp.local_addr()?);
        let router = axum::Router::new().route("/", post(take)).with_state(Arc::clone(&webhook));
        runtime.spawn(async move { axum::serve(hook, router).await });
        runtime.spawn(mail::serve(smtp, Arc::clone(&mail)));
        let inbox = Arc::default();
        Ok(Self { runtime, hook_address, mail_address, secret_file, inbox, webhook, mail })
    }

    /// What a service must be told to reach them.
    pub(in crate::bench) fn settings(&self) -> Vec<Setting> {
        vec![
            ("ANNALS_WEBHOOK__URL", format!("http://{}/", self.hook_address)),
            ("ANNALS_WEBHOOK__SECRET_FILE", self.secret_file.display().to_string()),
            ("ANNALS_EMAIL__HOST", self.mail_address.ip().to_string()),
            ("ANNALS_EMAIL__PORT", self.mail_address.port().to_string()),
            ("ANNALS_EMAIL__SECURITY", "none".into()),
        ]
    }

    /// Watches the inbox of a person.
    pub(super) fn subscribe(&self, service: &Service, person: &str) -> anyhow::Result<()> {
        let token = service.token_of_person(person).context("a service that was started")??;
        let inbox = self.runtime.block_on(Inbox::open(&service.host, &token));
        let inbox = inbox.with_context(|| format!("watching the inbox of {person}"))?;
        // What does not come is missed at the end of the run.
        self.runtime.spawn(inbox.watch(Arc::clone(&self.inbox)));
        Ok(())
    }
}

impl Drop for Receivers {
    fn drop(&mut self) {
        // It is in the directory for temporary files, and tells nobody anything.
        let _ = std::fs::remove_file(&self.secret_file);
    }
}

async fn take(State(arrivals): State<Arc<Arrivals>>, Json(body): Json<Value>) -> StatusCode {
    match body["data"]["event_id"].as_str() {
        Some(id) => arrivals.add(id.to_owned()),
        None => return StatusCode::BAD_REQUEST,
    }
    StatusCode::NO_CONTENT
}

//! Mail, handed over to the operator's mail server.

mod bounded;
mod letter;
mod server;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use annals_domain::notification::Outgoing;
use annals_ports::{Carrier, DeliveryError, Handed, Target};
use async_trait::async_trait;
use serde::Deserialize;
use tokio::time::timeout;

use crate::tls::TlsError;
use crate::{Links, Templates};
use letter::{Letter, Sender};
use server::MailServer;

/// What may be set for one message, seconds.
const TIMEOUT_SECONDS_MAX: u64 = 50;

/// `[email]`: the server that takes mail on, and from whom it comes.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EmailSettings {
    /// Name of the server; empty: there is no mail.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is protected.
    pub security: Security,
    /// Who signs in; empty: nobody.
    pub user: String,
    /// File with that user's password.
    pub password_file: PathBuf,
    /// From whom mail comes, `Annals <annals@example.org>`.
    pub from: String,
    /// Where answers go; empty: to whom it comes from.
    pub reply_to: String,
    /// As what this side says hello; empty: by the machine's name.
    pub hello_name: String,
    /// File with certificates that are trusted beside the system's; empty: none.
    pub ca_file: PathBuf,
    /// How long one message may take, seconds.
    pub timeout_seconds: u64,
    /// Connections that are kept for the next message.
    pub idle_connections_max: usize,
}

/// How the connection to a mail server is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Security {
    /// TLS from the first byte on.
    Tls,
    /// TLS after the server's greeting; a server that has none gets nothing.
    Starttls,
    /// Not at all.
    None,
}

/// Shows neither user nor addresses.
impl fmt::Debug for EmailSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EmailSettings")
            .field("host", &self.host)
            .field("port", &self.port)
            .field("security", &self.security)
            .field("password_file", &self.password_file)
            .field("ca_file", &self.ca_file)
            .field("timeout_seconds", &self.timeout_seconds)
            .finish_non_exhaustive()
    }
}

/// Mail cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum EmailError {
    /// An address is none.
    #[error("`email.{0}` is no address such as `Annals <annals@example.org>`")]
    Address(&'static str),
    /// The name of the server is none.
    #[error("`email.host` is no name or address of a server")]
    Host,
    /// A time makes no sense.
    #[error("`email.timeout_seconds` is {0}; it must be from 1 to {TIMEOUT_SECONDS_MAX}")]
    Timeout(u64),
    /// A password would go over the wire as it is.
    #[error(
        "`email.user` needs `email.security` to be \"tls\" or \"starttls\": a password is not sent in the clear"
    )]
    PasswordInTheClear,
    /// The password cannot be read.
    #[error("cannot read the password for mail from `{}`", file.display())]
    Password {
        /// The file.
        file: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// TLS cannot be set up.
    #[error("`email.ca_file`")]
    Tls(#[from] TlsError),
    /// The same, for STARTTLS.
    #[error("cannot set up STARTTLS for mail")]
    Starttls(#[source] lettre::transport::smtp::Error),
}

/// Carries mail.
pub struct EmailCarrier {
    server: MailServer,
    sender: Sender,
    templates: Arc<Templates>,
    links: Arc<dyn Links>,
    patience: Duration,
}

impl EmailCarrier {
    /// Reads password and certificates; nothing is sent yet.
    ///
    /// # Errors
    /// When the settings hold what makes no sense, or a file cannot be read.
    pub fn open(
        settings: &EmailSettings,
        templates: Arc<Templates>,
        links: Arc<dyn Links>,
    ) -> Result<Self, EmailError> {
        if !(1..=TIMEOUT_SECONDS_MAX).contains(&settings.timeout_seconds) {
            return Err(EmailError::Timeout(settings.timeout_seconds));
        }
        let patience = Duration::from_secs(settings.timeout_seconds);
        let (server, sender) = (MailServer::new(settings)?, Sender::read(settings)?);
        Ok(Self { server, sender, templates, links, patience })
    }

    async fn hand_over(&self, letter: &Letter) -> Result<Handed, DeliveryError> {
        let late = |_| DeliveryError {
            doing: "hand mail over: the mail server did not answer in time",
            permanent: false,
            retry_after: None,
            source: format!("{} seconds were over", self.patience.as_secs()).into(),
        };
        timeout(self.patience, self.server.send(letter)).await.map_err(late)?
    }
}

#[async_trait]
impl Carrier for EmailCarrier {
    fn name(&self) -> &'static str {
        "email"
    }

    fn carries_to(&self, target: &Target) -> bool {
        matches!(target, Target::Email(_))
    }

    async fn carry(&self, message: &Outgoing, target: &Target) -> Result<Handed, DeliveryError> {
        let Target::Email(address) = target else {
            return Err(hopeless(
                "deliver mail: the target is no address",
                "ask `carries_to` first",
            ));
        };
        let links = self.links.of(message).sound();
        let words = self.templates.render(message, &links);
        let words = words.map_err(|_| hopeless("word the mail", "no template can word it"))?;
        let letter = self.sender.write(message, address, &words, &links);
        self.hand_over(&letter.map_err(|reason| hopeless("write the mail", reason))?).await
    }
}

/// What no other attempt changes.
fn hopeless(doing: &'static str, reason: &'static str) -> DeliveryError {
    DeliveryError { doing, permanent: true, retry_after: None, source: reason.into() }
}

#[cfg(test)]
mod tests;

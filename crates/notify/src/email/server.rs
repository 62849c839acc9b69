//! The operator's mail server, and the connections to it.
//!
//! A connection is taken out of the store while it is used, and comes back only when the server has taken the
//! mail on: one on which a call ended half-way would take the next mail for the rest of that one.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use annals_ports::{DeliveryError, Handed};
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::bounded::Bounded;
use super::letter::Letter;
use super::{EmailError, EmailSettings, Security, hopeless};
use crate::tls;

/// After so many mails a connection is left: many servers would leave it, and what may come over it is
/// bounded.
const MAILS_PER_CONNECTION_MAX: usize = 50;
/// A password is no longer, bytes.
const PASSWORD_BYTES_MAX: u64 = 1024;

pub(super) struct MailServer {
    host: String,
    port: u16,
    protection: Protection,
    credentials: Option<Credentials>,
    hello: ClientId,
    idle_max: usize,
    idle: Mutex<Vec<Idle>>,
}

enum Protection {
    Tls { connector: TlsConnector, name: ServerName<'static> },
    Starttls(TlsParameters),
    None,
}

/// A connection that is not in use, and how many mails went over it.
struct Idle {
    connection: AsyncSmtpConnection,
    mails: usize,
}

/// The server cannot be reached, or does not want to hear us; nothing about a message.
type Unreached = Box<dyn std::error::Error + Send + Sync>;

impl MailServer {
    pub(super) fn new(settings: &EmailSettings) -> Result<Self, EmailError> {
        let host = settings.host.clone();
        let protection = match settings.security {
            Security::None => Protection::None,
            Security::Tls => {
                let name = ServerName::try_from(host.clone()).map_err(|_| EmailError::Host)?;
                Protection::Tls { connector: tls::client(&settings.ca_file)?.into(), name }
            }
            Security::Starttls => Protection::Starttls(starttls(settings)?),
        };
        let credentials = match settings.user.as_str() {
            "" => None,
            _ if settings.security == Security::None => return Err(EmailError::PasswordInTheClear),
            user => Some(Credentials::new(user.to_owned(), password(&settings.password_file)?)),
        };
        let hello = match settings.hello_name.as_str() {
            "" => ClientId::default(),
            name => ClientId::Domain(name.to_owned()),
        };
        let (port, idle_max) = (settings.port, settings.idle_connections_max);
        Ok(Self { host, port, protection, credentials, hello, idle_max, idle: Mutex::default() })
    }

    /// Sends one mail, over a connection that is there or a new one.
    pub(super) async fn send(&self, letter: &Letter) -> Result<Handed, DeliveryError> {
        let Idle { mut connection, mails } = match self.reused().await {
            Some(idle) => idle,
            None => Idle { connection: self.connect().await.map_err(unreached)?, mails: 0 },
        };
        let taken = connection.send(&letter.envelope, &letter.bytes).await.map_err(refused)?;
        self.put_back(Idle { connection, mails: mails + 1 });
        Ok(Handed { code: Some(taken.code().into()) })
    }

    /// A connection of earlier that the server still listens to.
    async fn reused(&self) -> Option<Idle> {
        loop {
            let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop()?;
            if idle.connection.test_connected().await {
                return Some(idle);
            }
        }
    }

    fn put_back(&self, idle: Idle) {
        let mut kept = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.mails < MAILS_PER_CONNECTION_MAX && kept.len() < self.idle_max {
            kept.push(idle);
        }
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, Unreached> {
        let stream = TcpStream::connect((self.host.as_str(), self.port)).await?;
        // A mail is many small words, each waiting for an answer.
        stream.set_nodelay(true)?;
        let (peer, hello) = (stream.peer_addr()?, &self.hello);
        let mut connection = match &self.protection {
            Protection::Tls { connector, name } => {
                let stream = connector.connect(name.clone(), stream).await?;
                let stream = Box::new(Bounded::protected(stream, peer));
                AsyncSmtpConnection::connect_with_transport(stream, hello).await.map_err(unnamed)?
            }
            Protection::Starttls(_) | Protection::None => {
                let stream = Box::new(Bounded::plain(stream, peer));
                AsyncSmtpConnection::connect_with_transport(stream, hello).await.map_err(unnamed)?
            }
        };
        if let Protection::Starttls(parameters) = &self.protection {
            if !connection.can_starttls() {
                return Err("the mail server has no STARTTLS; see `email.security`".into());
            }
            connection.starttls(parameters.clone(), hello).await.map_err(unnamed)?;
        }
        if let Some(credentials) = &self.credentials {
            let mechanisms = [Mechanism::Plain, Mechanism::Login];
            connection.auth(&mechanisms, credentials).await.map_err(unnamed)?;
        }
        Ok(connection)
    }
}

/// What a mail server answers in words may name people: its code says enough.
fn unnamed(error: Error) -> Unreached {
    match error.status() {
        Some(code) => format!("the mail server answered with code {code}").into(),
        None if error.is_response() => "what the mail server answered is not SMTP".into(),
        None if error.is_client() => {
            "the mail server has no way to sign in that is used here".into()
        }
        None if error.is_tls() => "TLS with the mail server cannot be set up".into(),
        None => "the connection to the mail server broke".into(),
    }
}

/// Whatever kept us from the server says nothing about the message.
fn unreached(source: Unreached) -> DeliveryError {
    let doing = "reach the mail server; see `[email]`";
    DeliveryError { doing, permanent: false, retry_after: None, source }
}

fn refused(error: Error) -> DeliveryError {
    if error.is_client() {
        let reason = "the mail server takes no address of this form (SMTPUTF8)";
        return hopeless("hand mail over", reason);
    }
    DeliveryError {
        doing: "hand mail over: the mail server did not take it on",
        permanent: error.is_permanent(),
        retry_after: None,
        source: unnamed(error),
    }
}

fn starttls(settings: &EmailSettings) -> Result<TlsParameters, EmailError> {
    let mut builder = TlsParameters::builder(settings.host.clone());
    for certificate in tls::own_roots(&settings.ca_file)? {
        let certificate = Certificate::from_der(certificate.to_vec());
        builder = builder.add_root_certificate(certificate.map_err(EmailError::Starttls)?);
    }
    builder.build().map_err(EmailError::Starttls)
}

fn password(file: &Path) -> Result<String, EmailError> {
    let told = |source| EmailError::Password { file: file.to_owned(), source };
    let mut text = String::new();
    let opened = File::open(file).map_err(told)?;
    opened.take(PASSWORD_BYTES_MAX).read_to_string(&mut text).map_err(told)?;
    match text.trim_end_matches(['\r', '\n']) {
        "" => Err(told(std::io::Error::other("it is empty"))),
        password => Ok(password.to_owned()),
    }
}

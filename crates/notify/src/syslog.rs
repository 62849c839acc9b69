//! The operators' syslog: RFC 5424 over UDP, over TCP with counted octets (RFC 6587), and over TLS (RFC 5425).
//!
//! Syslog has no answer: what was handed over has left this machine, and no more is known.

mod line;
mod stream;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use annals_domain::notification::Outgoing;
use annals_ports::{Carrier, DeliveryError, Handed, Target};
use async_trait::async_trait;
use rustls::pki_types::ServerName;
use serde::Deserialize;
use tokio::net::{UdpSocket, lookup_host};
use tokio::time::timeout;

use crate::tls::{self, TlsError};
use line::Sender;
use stream::{Protection, StreamServer};

/// What may be set for one message, seconds.
const TIMEOUT_SECONDS_MAX: u64 = 50;
/// Every receiver takes so much (RFC 5424, section 6.1).
const MESSAGE_BYTES_MIN: usize = 480;
/// No more fits into a datagram.
const MESSAGE_BYTES_MAX: usize = 65_000;

/// `[syslog]`: where operators read what concerns them.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SyslogSettings {
    /// Name or address of the server; empty: there is no syslog.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How it is spoken to.
    pub transport: SyslogTransport,
    /// Number of the facility.
    pub facility: u8,
    /// Name of the program in each message.
    pub app_name: String,
    /// Name of this machine in each message; empty: none is told.
    pub hostname: String,
    /// File with certificates that are trusted beside the system's; empty: none.
    pub ca_file: PathBuf,
    /// How long one message may take, seconds.
    pub timeout_seconds: u64,
    /// How long one message may be, bytes.
    pub message_bytes_max: usize,
}

/// How syslog is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SyslogTransport {
    /// A datagram each.
    Udp,
    /// One connection, octets counted.
    Tcp,
    /// The same within TLS.
    Tls,
}

/// Syslog cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum SyslogError {
    /// The name of the server is none.
    #[error("`syslog.host` is no name or address of a server")]
    Host,
    /// There is no such facility.
    #[error("`syslog.facility` is {0}; it must be from 0 to 23")]
    Facility(u8),
    /// A name has what syslog does not take.
    #[error("`syslog.{0}` must be of visible ASCII characters, at most {1}, and no spaces")]
    Name(&'static str, usize),
    /// A time makes no sense.
    #[error("`syslog.timeout_seconds` is {0}; it must be from 1 to {TIMEOUT_SECONDS_MAX}")]
    Timeout(u64),
    /// A length makes no sense.
    #[error(
        "`syslog.message_bytes_max` is {0}; it must be from {MESSAGE_BYTES_MIN} to {MESSAGE_BYTES_MAX}"
    )]
    Length(usize),
    /// TLS cannot be set up.
    #[error("`syslog.ca_file`")]
    Tls(#[from] TlsError),
}

/// Carries to the operators' syslog.
pub struct SyslogCarrier {
    sender: Sender,
    way: Way,
    patience: Duration,
}

enum Way {
    Datagrams { host: String, port: u16 },
    Stream(StreamServer),
}

impl SyslogCarrier {
    /// Reads certificates; nothing is sent yet.
    ///
    /// # Errors
    /// When the settings hold what makes no sense, or the file cannot be read.
    pub fn open(settings: &SyslogSettings) -> Result<Self, SyslogError> {
        if !(1..=TIMEOUT_SECONDS_MAX).contains(&settings.timeout_seconds) {
            return Err(SyslogError::Timeout(settings.timeout_seconds));
        }
        let (host, port) = (settings.host.clone(), settings.port);
        let way = match settings.transport {
            SyslogTransport::Udp => Way::Datagrams { host, port },
            SyslogTransport::Tcp => Way::Stream(StreamServer::new(host, port, Protection::None)),
            SyslogTransport::Tls => {
                let name = ServerName::try_from(host.clone()).map_err(|_| SyslogError::Host)?;
                let connector = tls::client(&settings.ca_file)?.into();
                let protection = Protection::Tls { connector, name };
                Way::Stream(StreamServer::new(host, port, protection))
            }
        };
        let patience = Duration::from_secs(settings.timeout_seconds);
        Ok(Self { sender: Sender::read(settings)?, way, patience })
    }

    async fn send(&self, message: Vec<u8>) -> std::io::Result<()> {
        match &self.way {
            Way::Datagrams { host, port } => send_datagram(host, *port, &message).await,
            Way::Stream(server) => server.send(&message).await,
        }
    }
}

#[async_trait]
impl Carrier for SyslogCarrier {
    fn name(&self) -> &'static str {
        "syslog"
    }

    fn carries_to(&self, target: &Target) -> bool {
        matches!(target, Target::Syslog)
    }

    async fn carry(&self, message: &Outgoing, target: &Target) -> Result<Handed, DeliveryError> {
        let failed = |permanent, source: Box<dyn std::error::Error + Send + Sync>| DeliveryError {
            doing: "hand a message to syslog; see `[syslog]`",
            permanent,
            retry_after: None,
            source,
        };
        if !self.carries_to(target) {
            return Err(failed(true, "the target is none; ask `carries_to` first".into()));
        }
        let sent = timeout(self.patience, self.send(self.sender.line(message))).await;
        let late = || format!("{} seconds were over", self.patience.as_secs());
        sent.map_err(|_| failed(false, late().into()))?
            .map_err(|error| failed(false, error.into()))?;
        Ok(Handed::default())
    }
}

async fn send_datagram(host: &str, port: u16, message: &[u8]) -> std::io::Result<()> {
    let address = lookup_host((host, port)).await?.next();
    let address = address.ok_or_else(|| std::io::Error::other("the name has no address"))?;
    let any = match address {
        SocketAddr::V4(_) => "0.0.0.0:0",
        SocketAddr::V6(_) => "[::]:0",
    };
    UdpSocket::bind(any).await?.send_to(message, address).await.map(drop)
}

#[cfg(test)]
mod tests;

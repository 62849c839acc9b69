//! Where the log is: a connection string, checked before the client sees it.
//!
//! The client takes many mistakes in silence: it does not decode a password, warns of an option it
//! does not know, and panics over a certificate file that is not there. So the string is looked at
//! here first, and what is wrong is said in a sentence that does not hold the password.

use std::fmt;
use std::path::Path;
use std::time::Duration;

use eventstore::{ClientSettings, Credentials};

const PORT: u16 = 2113;

/// What the client understands, in its spelling; it does not look at upper and lower case.
const OPTIONS: [&str; 13] = [
    "maxDiscoverAttempts",
    "discoveryInterval",
    "gossipTimeout",
    "tls",
    "tlsVerifyCert",
    "tlsCaFile",
    "userCertFile",
    "userKeyFile",
    "nodePreference",
    "keepAliveInterval",
    "keepAliveTimeout",
    "defaultDeadline",
    "connectionName",
];

/// The client waits so long before each try to find a node, the first included; by itself half a
/// second. How often a server that is away is tried again is decided elsewhere.
const INTERVAL: &str = "discoveryinterval=";
const SHORT_INTERVAL: &str = "discoveryInterval=20";

/// Names in the scheme that mean the same server.
const SCHEMES: [&str; 4] = ["esdb", "kurrentdb", "kurrent", "kdb"];

/// A connection string that makes sense, and whom to sign in as.
#[derive(Clone)]
pub struct Address {
    /// Without the credentials.
    shown: String,
    settings: ClientSettings,
    credentials: Option<Credentials>,
    keeper: Option<Credentials>,
}

/// A connection string does not make sense.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the address of the event log, `{shown}`, is wrong: {reason}")]
pub struct AddressError {
    shown: String,
    reason: String,
}

/// The credentials are not shown.
impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Address").field(&self.shown).finish()
    }
}

/// Without the credentials.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl Address {
    /// Reads `esdb://[user:password@]host[:port][,host…][?option=value&…]`; with several hosts, or
    /// `esdb+discover://`, the leader of a cluster is looked for.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        let parts = Parts::of(text.trim());
        let shown = parts.shown();
        let wrong = |reason: String| AddressError { shown: shown.clone(), reason };
        let settings = parts.check().map_err(wrong)?;
        let credentials = match parts.credentials {
            None => None,
            Some(text) => Some(credentials(text).map_err(wrong)?),
        };
        Ok(Self { shown, settings, credentials, keeper: None })
    }

    /// The same with other credentials than the string holds.
    pub fn signed_in(self, user: &str, password: &str) -> Self {
        let credentials = Some(Credentials::new(user.to_owned(), password.to_owned()));
        Self { credentials, ..self }
    }

    /// The same with another user who writes the metadata of streams.
    pub fn with_keeper(self, user: &str, password: &str) -> Self {
        let keeper = Some(Credentials::new(user.to_owned(), password.to_owned()));
        Self { keeper, ..self }
    }

    pub(crate) fn keeper(&self) -> Option<Credentials> {
        self.keeper.clone().or_else(|| self.credentials.clone())
    }

    pub(crate) fn settings(&self) -> ClientSettings {
        self.settings.clone()
    }

    pub(crate) fn credentials(&self) -> Option<Credentials> {
        self.credentials.clone()
    }

    /// How long the client may take to find a node, at most.
    pub(crate) fn discovery_time(&self) -> Duration {
        let attempts = u32::try_from(self.settings.max_discover_attempts()).unwrap_or(u32::MAX);
        let attempt = self.settings.gossip_timeout() + self.settings.discovery_interval();
        attempt.saturating_mul(attempts.saturating_add(1))
    }

    /// Whether certificates of the system are needed: the client loads them also without TLS.
    pub(crate) fn uses_system_certificates(&self) -> bool {
        self.settings.tls_ca_file().is_none()
    }
}

/// The string, cut at its marks.
struct Parts<'a> {
    scheme: &'a str,
    credentials: Option<&'a str>,
    hosts: &'a str,
    options: &'a str,
}

impl<'a> Parts<'a> {
    fn of(text: &'a str) -> Self {
        let (scheme, rest) = text.split_once("://").unwrap_or(("", text));
        let (place, options) = rest.split_once('?').unwrap_or((rest, ""));
        let (credentials, hosts) = match place.rsplit_once('@') {
            Some((credentials, hosts)) => (Some(credentials), hosts),
            None => (None, place),
        };
        Self { scheme, credentials, hosts: hosts.trim_end_matches('/'), options }
    }

    fn shown(&self) -> String {
        if let Some((_, behind)) = self.options.rsplit_once('@') {
            // What stands before it may well be a password with a `?` in it.
            return format!("{}://…@{behind}", self.scheme);
        }
        let mark = if self.options.is_empty() { "" } else { "?" };
        format!("{}://{}{mark}{}", self.scheme, self.hosts, self.options)
    }

    /// What the client makes of the string, once nothing is wrong with it.
    fn check(&self) -> Result<ClientSettings, String> {
        let (name, discover) = match self.scheme.split_once('+') {
            Some((name, "discover")) => (name, "+discover"),
            Some(_) => ("", ""),
            None => (self.scheme, ""),
        };
        if self.options.contains('@') {
            return Err(
                "a `?` in the user or the password must be written `%3F`, and an `@` in an \
                        option `%40`"
                    .into(),
            );
        }
        if !SCHEMES.contains(&name) {
            return Err("it must begin with `esdb://` or `esdb+discover://`".into());
        }
        for host in self.hosts.split(',') {
            check_host(host)?;
        }
        let mut options = Vec::new();
        for option in self.options.split('&').filter(|option| !option.is_empty()) {
            check_option(option)?;
            options.push(option);
        }
        if !options.iter().any(|option| option.to_ascii_lowercase().starts_with(INTERVAL)) {
            options.push(SHORT_INTERVAL);
        }
        let options = options.join("&");
        // Tabs and line breaks are dropped by what parses it: they would hide what is connected to.
        let text = format!("esdb{discover}://{}?{options}", self.hosts);
        text.parse().map_err(|_| "the client cannot read it".to_owned())
    }
}

fn check_host(host: &str) -> Result<(), String> {
    let (name, port) = match host.rsplit_once(':') {
        // The colons of an address of version 6 lie within its brackets.
        Some((name, port)) if !port.contains(']') => (name, port.parse::<u16>().ok()),
        _ => (host, Some(PORT)),
    };
    if port.is_none_or(|port| port == 0) {
        return Err(format!("`{host}` has no port between 1 and 65535"));
    }
    let sane = |c: char| c.is_ascii_alphanumeric() || "-._[]:".contains(c);
    match !name.is_empty() && name.chars().all(sane) {
        true => Ok(()),
        false => Err(format!("`{host}` is no name of a host")),
    }
}

fn check_option(option: &str) -> Result<(), String> {
    let (name, value) = option.split_once('=').unwrap_or((option, ""));
    let is = |other: &str| name.eq_ignore_ascii_case(other);
    if !OPTIONS.iter().any(|known| is(known)) {
        return Err(format!("it has an unknown option `{name}`; known are {}", OPTIONS.join(", ")));
    }
    if is("nodePreference") && !value.eq_ignore_ascii_case("leader") {
        let reason = "Annals writes to the leader and reads its leases there";
        return Err(format!("`nodePreference` can only be `leader`: {reason}"));
    }
    if (is("tls") || is("tlsVerifyCert")) && !["true", "false"].contains(&value) {
        return Err(format!("`{name}` must be `true` or `false`"));
    }
    if is("tlsCaFile") || is("userCertFile") || is("userKeyFile") {
        return check_pem(name, Path::new(value));
    }
    Ok(())
}

fn check_pem(name: &str, file: &Path) -> Result<(), String> {
    let text = std::fs::read_to_string(file)
        .map_err(|error| format!("`{name}`: cannot read `{}`: {error}", file.display()))?;
    match text.contains("-----BEGIN ") {
        true => Ok(()),
        false => Err(format!("`{name}`: `{}` holds no PEM", file.display())),
    }
}

fn credentials(text: &str) -> Result<Credentials, String> {
    let (user, password) =
        text.split_once(':').ok_or("it names a user without a password, as in user:password@")?;
    let decode = |part| percent_decoded(part).ok_or("its user or password is badly encoded");
    Ok(Credentials::new(decode(user)?, decode(password)?))
}

/// RFC 3986, section 2.1.
fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let (digits, tail) = tail.split_at_checked(2)?;
        let digits = std::str::from_utf8(digits).ok()?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        rest = tail;
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests;

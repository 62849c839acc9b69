//! One message as RFC 5424 writes it.

use annals_domain::notification::Outgoing;

use super::{MESSAGE_BYTES_MAX, MESSAGE_BYTES_MIN, SyslogError, SyslogSettings};
use crate::plain::shortened;

/// The structured data's name: RFC 5612 keeps the number 32473 for whoever has none.
const SD_ID: &str = "annals@32473";
/// How long a value of the structured data may be, characters.
const VALUE_CHARS_MAX: usize = 200;
/// RFC 5424, section 6.
const HOSTNAME_CHARS_MAX: usize = 255;
/// The same.
const APP_NAME_CHARS_MAX: usize = 48;
/// The same.
const MSGID_CHARS_MAX: usize = 32;
/// No facility is higher.
const FACILITY_MAX: u8 = 23;

/// What is the same in all messages.
pub(super) struct Sender {
    facility: u8,
    hostname: String,
    app_name: String,
    process: u32,
    bytes_max: usize,
}

impl Sender {
    pub(super) fn read(settings: &SyslogSettings) -> Result<Self, SyslogError> {
        if settings.facility > FACILITY_MAX {
            return Err(SyslogError::Facility(settings.facility));
        }
        if !(MESSAGE_BYTES_MIN..=MESSAGE_BYTES_MAX).contains(&settings.message_bytes_max) {
            return Err(SyslogError::Length(settings.message_bytes_max));
        }
        Ok(Self {
            facility: settings.facility,
            hostname: name("hostname", &settings.hostname, HOSTNAME_CHARS_MAX)?,
            app_name: name("app_name", &settings.app_name, APP_NAME_CHARS_MAX)?,
            process: std::process::id(),
            bytes_max: settings.message_bytes_max,
        })
    }

    /// Writes a message; what is too long ends early.
    pub(super) fn line(&self, message: &Outgoing) -> Vec<u8> {
        let priority = u32::from(self.facility) * 8 + severity(&message.severity);
        let at = message.occurred_at.timestamp;
        let kind: String = message.event_type.chars().filter(char::is_ascii_graphic).collect();
        let kind = nil_if_empty(&kind[..kind.len().min(MSGID_CHARS_MAX)]);
        let Self { hostname, app_name, process, .. } = self;
        let header = format!("<{priority}>1 {at:.6} {hostname} {app_name} {process} {kind} ");
        let words = shortened(&format!("{}: {}", message.title, message.body), self.bytes_max);
        // The mark says that what follows is UTF-8.
        let mut line = format!("{header}[{SD_ID}{}] \u{feff}{words}", data(message));
        line.truncate(line.floor_char_boundary(self.bytes_max));
        line.into_bytes()
    }
}

/// What happened to whom, for programs.
fn data(message: &Outgoing) -> String {
    let (event, position) = (message.event.to_string(), message.position.0.to_string());
    let (id, more) = (message.id.to_string(), message.more.len().to_string());
    let values = [
        ("delivery", id.as_str()),
        ("tenant", message.tenant.as_str()),
        ("rule", &message.rule),
        ("event", &event),
        ("type", &message.event_type),
        ("position", &position),
        ("more", &more),
    ];
    values.iter().map(|(name, value)| format!(" {name}=\"{}\"", escaped(value))).collect()
}

/// RFC 5424, section 6.3.3.
fn escaped(value: &str) -> String {
    let short = shortened(value, VALUE_CHARS_MAX);
    let mut escaped = String::with_capacity(short.len());
    for character in short.chars() {
        if matches!(character, '"' | '\\' | ']') {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}

/// The numbers of RFC 5424; what is none of ours is a notice.
fn severity(name: &str) -> u32 {
    match name {
        "critical" => 2,
        "error" => 3,
        "warning" => 4,
        "info" => 6,
        "debug" => 7,
        _ => 5,
    }
}

fn name(key: &'static str, text: &str, chars_max: usize) -> Result<String, SyslogError> {
    let well_formed = text.len() <= chars_max && text.bytes().all(|byte| byte.is_ascii_graphic());
    well_formed.then(|| nil_if_empty(text).to_owned()).ok_or(SyslogError::Name(key, chars_max))
}

fn nil_if_empty(text: &str) -> &str {
    if text.is_empty() { "-" } else { text }
}

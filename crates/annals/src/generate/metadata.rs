//! Metadata that fits the schema of a type, whatever the catalogue says.

use annals_domain::catalogue::EventType;
use serde_json::Value;

use super::json::Json;
use super::random::Random;
use super::words::Words;

/// Optional keys are sent this often, of 100.
const OPTIONAL_SHARE: u64 = 55;
/// The largest number where a schema names none.
const NUMBER_MAX: u64 = 50_000;

/// How to make the value of a metadata key.
#[derive(Debug)]
pub(super) struct Property {
    key: String,
    required: bool,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Enumerated(Vec<String>),
    Flag,
    Integer { least: u64, most: u64 },
    Number { most: u64 },
    List(Text),
    Text(Text),
}

/// What a text looks like; chosen by its key.
#[derive(Debug, Clone, Copy)]
enum Text {
    OneOf(&'static [&'static str]),
    Date,
    Identifier,
    Digest,
    Version,
    Email,
    Phone,
    Network,
    Words,
}

/// The metadata of a type, as its schema describes it.
pub(super) fn properties_of(entry: &EventType) -> Vec<Property> {
    let Some(described) = entry.metadata.get("properties").and_then(Value::as_object) else {
        return Vec::new();
    };
    let required = entry.metadata.get("required").and_then(Value::as_array);
    let is_required = |key: &str| required.is_some_and(|keys| keys.iter().any(|it| it == key));
    let property = |(key, schema): (&String, &Value)| {
        let kind = kind_of(key, schema)?;
        Some(Property { key: key.clone(), required: is_required(key), kind })
    };
    described.iter().filter_map(property).collect()
}

fn kind_of(key: &str, schema: &Value) -> Option<Kind> {
    if let Some(words) = schema.get("enum").and_then(Value::as_array) {
        let words = words.iter().filter_map(Value::as_str).map(str::to_owned).collect();
        return Some(Kind::Enumerated(words));
    }
    let bound = |name: &str| schema.get(name).and_then(Value::as_u64);
    let most = bound("maximum").unwrap_or(NUMBER_MAX).min(NUMBER_MAX);
    match schema.get("type")?.as_str()? {
        "boolean" => Some(Kind::Flag),
        "integer" => Some(Kind::Integer { least: bound("minimum").unwrap_or(0), most }),
        "number" => Some(Kind::Number { most }),
        "array" => Some(Kind::List(text_for(key))),
        "string" => Some(Kind::Text(text_for(key))),
        _ => None,
    }
}

fn text_for(key: &str) -> Text {
    let words: &'static [&'static str] = match key {
        "provider" => &["login.gov", "id.me", "google", "microsoft", "okta"],
        "role" => &["nurse", "physician", "claims_clerk", "support", "administrator", "auditor"],
        "scope" | "facility" => &["North Clinic", "South Clinic", "Regional Office", "Main Campus"],
        "scopes" => &["profile.read", "records.read", "records.write", "claims.read", "offline"],
        "fields" => &["phone", "address", "language", "status", "notes", "next_of_kin", "dosage"],
        "signals" => &["impossible_travel", "new_device", "anonymous_proxy", "unusual_hour"],
        "topics" => &["record.updated", "claim.status.changed", "payment.received"],
        "purpose" => &["research", "reminders", "data sharing", "newsletters"],
        "bank" => &["First National", "Credit Union One", "Harbor Bank"],
        "application" | "integration" => &["HealthKit", "Fitbit", "Salesforce", "Slack", "Epic"],
        "policy" => &["password-policy", "retention-policy", "access-policy", "network-policy"],
        "flag" => &["new-dashboard", "claims-v2", "video-visits", "dark-mode"],
        "plan" => &["basic", "team", "enterprise"],
        "currency" => &["USD", "EUR", "GBP"],
        "media_type" => &["application/pdf", "image/jpeg", "text/csv", "application/dicom"],
        "country" => &["US", "CA", "GB", "DE"],
        "benefit" => &["disability", "education", "health care", "pension", "housing"],
        "destination" | "host" => &["download", "sftp.example.com", "archive.example.net"],
        "algorithm" => &["AES-256-GCM", "RSA-2048", "ECDSA-P256"],
        "detector" | "rule" => &["night-access", "mass-download", "rare-country", "peer-group"],
        "vulnerability" => &["CVE-2025-10234", "CVE-2025-20417", "CVE-2024-45012"],
        "key" => &["session.timeout", "mail.sender", "upload.max_size", "login.max_attempts"],
        "permission" => &["records.read", "records.delete", "users.manage", "billing.write"],
        "ports" => &["22", "443", "5432", "8000-8100"],
        "account_number" => &["021000021-48210034", "011401533-11120934", "091000019-77123409"],
        "last_four" => &["4242", "1881", "0005", "9424"],
        _ => &[],
    };
    match key {
        _ if !words.is_empty() => Text::OneOf(words),
        "sha256" => Text::Digest,
        "version" | "policy_version" | "previous_version" => Text::Version,
        "network" => Text::Network,
        _ if key.contains("email") => Text::Email,
        _ if key.contains("phone") => Text::Phone,
        _ if key.ends_with("_on") || key.ends_with("_at") => Text::Date,
        _ if key.ends_with("_id") || key == "serial" => Text::Identifier,
        _ => Text::Words,
    }
}

/// Writes `"metadata": {…}`, unless there is nothing to say.
pub(super) fn write(
    properties: &[Property],
    words: &Words,
    random: &mut Random,
    json: &mut Json<'_>,
) {
    let mut is_open = false;
    for property in properties {
        if !property.required && !random.percent(OPTIONAL_SHARE) {
            continue;
        }
        if !is_open {
            json.key("metadata").open();
            is_open = true;
        }
        json.key(&property.key);
        write_value(&property.kind, words, random, json);
    }
    if is_open {
        json.close();
    }
}

fn write_value(kind: &Kind, words: &Words, random: &mut Random, json: &mut Json<'_>) {
    match kind {
        Kind::Enumerated(choices) => json.text(random.pick_text(choices)),
        Kind::Flag => json.bare(random.percent(50)),
        Kind::Integer { least, most } => json.bare(small_rather_than_large(*least, *most, random)),
        Kind::Number { most } => {
            let cents = small_rather_than_large(0, most * 100, random);
            json.bare(format_args!("{}.{:02}", cents / 100, cents % 100));
        }
        Kind::List(text) => {
            json.open_list();
            write_items(*text, words, random, json);
            json.close_list();
        }
        Kind::Text(text) => write_text(*text, words, random, json),
    }
}

/// One to three different ones.
fn write_items(text: Text, words: &Words, random: &mut Random, json: &mut Json<'_>) {
    let count = random.between(1, 3) as usize;
    match text {
        Text::OneOf(choices) => {
            let first = random.below(choices.len() as u64) as usize;
            for choice in choices.iter().cycle().skip(first).take(count.min(choices.len())) {
                json.text(choice);
            }
        }
        text => (0..count).for_each(|_| write_text(text, words, random, json)),
    }
}

fn write_text(text: Text, words: &Words, random: &mut Random, json: &mut Json<'_>) {
    match text {
        Text::OneOf(choices) => json.text(random.pick(choices)),
        Text::Date => {
            let (year, month, day) =
                (random.between(2025, 2028), random.between(1, 12), random.between(1, 28));
            json.plain(format_args!("{year}-{month:02}-{day:02}"));
        }
        Text::Identifier => json.plain(format_args!("{:012x}", random.next() >> 16)),
        Text::Digest => {
            let [a, b, c, d] = [random.next(), random.next(), random.next(), random.next()];
            json.plain(format_args!("{a:016x}{b:016x}{c:016x}{d:016x}"));
        }
        Text::Version => {
            json.plain(format_args!(
                "{}.{}.{}",
                random.below(9),
                random.below(30),
                random.below(9)
            ));
        }
        Text::Email => {
            json.plain(format_args!("{}.{}@example.com", words.draw(random), random.below(999)))
        }
        Text::Phone => {
            json.plain(format_args!("+1-555-{:03}-{:04}", random.below(1000), random.below(10_000)))
        }
        Text::Network => json.plain(format_args!("203.0.113.{}", random.below(256))),
        Text::Words => {
            let count = random.between(1, 3);
            json.sentence(words.several(random, count));
        }
    }
}

/// Numbers of a log are small most of the time: each power of two is as likely as the next.
fn small_rather_than_large(least: u64, most: u64, random: &mut Random) -> u64 {
    let most = most.max(least);
    let widest = u64::BITS - (most - least).leading_zeros();
    let width = random.between(0, u64::from(widest));
    let drawn = least + (random.next() & ((1u64 << width) - 1));
    drawn.min(most)
}

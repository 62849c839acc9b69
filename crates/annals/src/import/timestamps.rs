//! Times as audit logs really write them.
//!
//! RFC 3339, the same with a blank for the `T` and without a zone, a fraction without its dot, and
//! numbers of seconds, milliseconds, microseconds or nanoseconds since 1970. A time without a zone
//! is UTC: every one of the supported systems logs in UTC.

use annals_domain::event::JsonObject;
use annals_domain::time::DateTime;
use jiff::Timestamp;
use serde_json::Value;

#[cfg(test)]
mod tests;

/// Smaller numbers are counters or codes, not times: 1973 in seconds.
const EPOCH_SECONDS_MIN: i128 = 100_000_000;

/// Takes the first of the fields `names` that holds a usable time out of `object`.
///
/// A field that holds none (`redacted`) stays where it is and so ends up in the metadata.
pub(crate) fn take_first(object: &mut JsonObject, names: &[&str]) -> Option<DateTime> {
    let (name, time) =
        names.iter().find_map(|name| object.get(*name).and_then(read).map(|time| (*name, time)))?;
    object.remove(name);
    Some(time)
}

/// Reads a time, if the value is one.
pub(crate) fn read(value: &Value) -> Option<DateTime> {
    match value {
        Value::Number(number) => match number.as_i64() {
            Some(whole) => from_epoch(whole.into()),
            None => number.as_f64().and_then(from_fractional_epoch),
        },
        Value::String(text) => read_text(text.trim()),
        _ => None,
    }
}

fn read_text(text: &str) -> Option<DateTime> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.parse::<i128>().ok().and_then(from_epoch);
    }
    let (date, rest) = text.split_at_checked(10)?;
    let rest = rest.strip_prefix(['T', 't', ' '])?;
    let (clock, rest) = rest.split_at_checked(8)?;
    let rest = rest.strip_prefix(['.', ',']).unwrap_or(rest);
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let (fraction, zone) = rest.split_at(digits);
    let zone = match zone.trim() {
        "" | "Z" | "z" | "UTC" | "GMT" => "Z",
        zone => zone,
    };
    // Finer than a nanosecond is noise; an empty fraction would not be RFC 3339.
    let fraction = &fraction[..fraction.len().min(9)];
    let fraction = if fraction.is_empty() { "0" } else { fraction };
    DateTime::parse(&format!("{date}T{clock}.{fraction}{zone}")).ok()
}

/// The unit follows from the magnitude: each is a thousand times the one before.
fn from_epoch(number: i128) -> Option<DateTime> {
    let nanoseconds = match number {
        EPOCH_SECONDS_MIN..100_000_000_000 => number * 1_000_000_000,
        100_000_000_000..100_000_000_000_000 => number * 1_000_000,
        100_000_000_000_000..100_000_000_000_000_000 => number * 1_000,
        100_000_000_000_000_000..100_000_000_000_000_000_000 => number,
        _ => return None,
    };
    Timestamp::from_nanosecond(nanoseconds).ok().map(DateTime::utc)
}

/// `1621305118553.0` is a whole number; `1621305118.553` is seconds with a fraction.
fn from_fractional_epoch(number: f64) -> Option<DateTime> {
    if !number.is_finite() || number.abs() > 1e19 {
        return None;
    }
    if number.fract() == 0.0 || number > 1e11 {
        return from_epoch(number as i128);
    }
    from_epoch((number * 1_000.0).round() as i128)
}

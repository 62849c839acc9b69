//! In which form a client wants its answer (`Accept`).
//!
//! Clients that know `application/graphql-response+json` get statuses that tell of errors; those
//! that only know `application/json` get 200 for whatever the document did. Events are given only
//! to who names them: `*/*` does not mean an answer without an end.

use http::{HeaderMap, header};

/// Media ranges that are looked at; real clients name five.
const RANGES_MAX: usize = 32;

/// The form of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// `application/json`
    Json,
    /// `application/graphql-response+json`
    GraphqlJson,
    /// `text/event-stream`
    Events,
}

impl Form {
    /// As `Content-Type` names it.
    pub(super) fn media_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::GraphqlJson => "application/graphql-response+json",
            Self::Events => "text/event-stream",
        }
    }
}

/// The forms that a client takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Accepted {
    /// For what has one answer.
    pub(super) form: Form,
    /// Whether what has many answers may be told as events.
    pub(super) events: bool,
}

/// What `Accept` leaves of the forms there are; nothing when it leaves none.
pub(super) fn accepted(headers: &HeaderMap) -> Option<Accepted> {
    let told: Vec<&str> =
        headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok()).collect();
    let ranges: Vec<Range<'_>> = told
        .iter()
        .flat_map(|value| value.split(','))
        .take(RANGES_MAX)
        .filter_map(Range::read)
        .collect();
    if ranges.is_empty() {
        return Some(Accepted { form: Form::Json, events: false });
    }
    let events = quality(&ranges, Form::Events, false);
    let json = quality(&ranges, Form::Json, true);
    let graphql_json = quality(&ranges, Form::GraphqlJson, true);
    // Alike: the newer form for who names it, the older one for who takes anything.
    let named = ranges.iter().any(|range| range.names(Form::GraphqlJson));
    let form = match (json, graphql_json) {
        (0, 0) if events > 0 => Form::Events,
        (0, 0) => return None,
        (json, newer) if newer > json || (newer == json && named) => Form::GraphqlJson,
        _ => Form::Json,
    };
    Some(Accepted { form, events: events > 0 })
}

/// How much a form is wanted, in thousandths: what the range that fits it most closely says.
fn quality(ranges: &[Range<'_>], form: Form, wildcards: bool) -> u16 {
    let fitting = ranges.iter().filter_map(|range| {
        let closeness = range.closeness(form)?;
        (closeness == CLOSEST || wildcards).then_some((closeness, range.quality))
    });
    fitting.max().map_or(0, |(_, quality)| quality)
}

/// How closely a range fits that names the form itself.
const CLOSEST: u8 = 2;

/// One part of `Accept`: `application/json;q=0.9`.
struct Range<'h> {
    name: &'h str,
    quality: u16,
}

impl<'h> Range<'h> {
    fn read(text: &'h str) -> Option<Self> {
        let mut parts = text.split(';').map(str::trim);
        let name = parts.next().filter(|name| !name.is_empty())?;
        let told = parts.find_map(|part| part.strip_prefix("q=").or(part.strip_prefix("Q=")));
        let quality = told.map_or(Some(1.0), |told| told.parse::<f32>().ok())?;
        // Bounded, so the number fits.
        Some(Self { name, quality: (quality.clamp(0.0, 1.0) * 1000.0) as u16 })
    }

    fn names(&self, form: Form) -> bool {
        self.name.eq_ignore_ascii_case(form.media_type())
    }

    fn closeness(&self, form: Form) -> Option<u8> {
        let family = form.media_type().split('/').next().unwrap_or_default();
        match self.name.split_once('/') {
            _ if self.names(form) => Some(CLOSEST),
            Some((own, "*")) if own.eq_ignore_ascii_case(family) => Some(1),
            Some(("*", "*")) => Some(0),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;

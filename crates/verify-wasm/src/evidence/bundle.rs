//! A bundle: many events, with everything that proves them.

use std::io::Cursor;

use annals_evidence::{Completeness, KeySource, Report as Found, Trust, verify};

use super::BUNDLE;
use crate::report::{Line, List, Report, Verdict, told_in_full};

const KEYS_OF_BUNDLE: &str = "The keys came with the bundle and not from outside, so this shows only that the \
                              bundle agrees with itself: whoever makes up a bundle can make up its keys. Get the \
                              log.json of the log from where you trust it, paste it and check again.";
const KEYS_OF_CALLER: &str =
    "The signatures were checked with the keys that you gave, not with those in the bundle.";

/// Checks a bundle; without keys from outside, whether it agrees with itself.
pub(super) fn check(evidence: &[u8], trust: Option<Trust>) -> Report {
    let trust = trust.unwrap_or_else(Trust::keys_in_bundle);
    match verify(Cursor::new(evidence), &trust) {
        Ok(found) => told(&found),
        Err(error) => Report::refused(
            Some(BUNDLE),
            format!("the bundle cannot be read: {}", told_in_full(&error)),
        ),
    }
}

fn told(found: &Found) -> Report {
    let (verdict, note) = match (found.is_right(), found.keys) {
        (true, KeySource::Caller) => (Verdict::Proven, KEYS_OF_CALLER),
        (true, KeySource::Bundle) => (Verdict::Consistent, KEYS_OF_BUNDLE),
        (false, KeySource::Caller) => (Verdict::Refused, KEYS_OF_CALLER),
        (false, KeySource::Bundle) => (Verdict::Refused, KEYS_OF_BUNDLE),
    };
    let begun = Report {
        notes: vec![note.to_owned()],
        counts: counts(found),
        ..Report::begun(verdict, Some(BUNDLE))
    };
    if verdict == Verdict::Refused {
        return Report { findings: findings(found), ..begun };
    }
    let shards = found.shards.iter().map(ToString::to_string).collect();
    let streams = found.streams.iter().map(ToString::to_string).collect();
    Report {
        facts: facts(found),
        lists: vec![List::new("Shards of the log", shards), List::new("Streams", streams)],
        ..begun
    }
}

/// What was looked at. Of a bundle that is refused, also whose it says it is.
fn counts(found: &Found) -> Vec<Line> {
    let mut counts = vec![
        Line::new("Events", found.counts.events),
        Line::new("Parts of events that are shown", found.counts.parts_shown),
        Line::new("Parts of events that are withheld", found.counts.parts_withheld),
    ];
    if found.is_right() {
        let is_complete =
            |completeness: &Completeness| matches!(completeness, Completeness::Complete { .. });
        let complete = found.streams.iter().filter(|stream| is_complete(&stream.completeness));
        counts.push(Line::new("Streams", found.streams.len()));
        counts.push(Line::new("Streams that are complete to a signed end", complete.count()));
    } else if let Some(origin) = &found.origin {
        counts.push(Line::new("Log that the bundle names", origin));
    }
    counts
}

fn facts(found: &Found) -> Vec<Line> {
    let origin = found.origin.iter().map(|origin| Line::new("Log", origin));
    let scope = found.scope.iter().map(|scope| Line::new("About, says whoever made it", scope));
    origin.chain(scope).collect()
}

/// What is wrong; where not all is kept, how much more there is.
fn findings(found: &Found) -> Vec<String> {
    let kept = found.findings.kept();
    let mut told: Vec<String> = kept.iter().map(ToString::to_string).collect();
    let more = found.findings.count().saturating_sub(told.len().try_into().unwrap_or(u64::MAX));
    if more > 0 {
        told.push(format!("and {more} findings more"));
    }
    told
}

#[cfg(test)]
mod tests;

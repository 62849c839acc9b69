//! Rules as text.

use std::fmt::Write as _;

use annals_domain::detection::{DetectionRule, Kind, Lasting, Part};
use jiff::SignedDuration;

/// One line a rule.
pub(super) fn table(rules: &[DetectionRule]) -> String {
    let mut table = format!("{:<34} {:<13} {:<9} {}\n", "RULE", "KIND", "SEVERITY", "FINDS");
    for rule in rules {
        let (kind, severity) = (rule.kind.as_str(), rule.severity.as_str());
        let _ = writeln!(table, "{:<34} {kind:<13} {severity:<9} {}", rule.id, rule.title);
    }
    table
}

/// All about a rule.
pub(super) fn whole(rule: &DetectionRule) -> String {
    let mut text = format!("{} ({})\n{}\n{}\n\n", rule.id, rule.severity, rule.title, rule.why);
    let _ = writeln!(text, "looks at   {}", rule.query);
    if !rule.key.is_empty() {
        let _ = writeln!(text, "counts by  {}", list(&rule.key));
    }
    let _ = writeln!(text, "finds      {}", finds(&rule.kind));
    let _ = writeln!(text, "then rests {}", span(rule.cooldown));
    text
}

fn finds(kind: &Kind) -> String {
    match kind {
        Kind::Threshold { times, within, distinct: None } => {
            format!("{times} events within {}", span(*within))
        }
        Kind::Threshold { times, within, distinct: Some(part) } => {
            format!("{times} different values of `{}` within {}", part.as_str(), span(*within))
        }
        Kind::Sequence { times, then_query, within, .. } => {
            format!("{times} events, and then `{then_query}` within {}", span(*within))
        }
        Kind::FirstSeen { of, learn_events, learn } => format!(
            "a new value of {}, once {learn_events} events and {} are known",
            list(of),
            span(*learn)
        ),
        Kind::Vanished { learn_events, silence } => format!(
            "none for {} and three times the longest pause, after {learn_events} events",
            span(*silence)
        ),
        Kind::Rate { least, factor, learn_days } => format!(
            "{factor} times as many in an hour as usual at that hour, at least {least}, after {learn_days} days"
        ),
        Kind::Travel { speed_max, least } => {
            format!("two places at least {least} km apart, faster than {speed_max} km/h")
        }
        Kind::OffHours { learn_events, margin } => format!(
            "an hour of the day without any of {learn_events} acts or more, {margin} hours around it included"
        ),
        Kind::OutsideHours { from, until } => format!("any outside of {from}:00 to {until}:00"),
        Kind::SelfGrant => "who acts is also whom it is done to".into(),
    }
}

fn list(parts: &[Part]) -> String {
    parts.iter().map(|part| part.as_str()).collect::<Vec<_>>().join(", ")
}

fn span(lasting: Lasting) -> String {
    format!("{:#}", SignedDuration::from_millis(lasting.0))
}

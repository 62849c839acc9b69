//! `deploy/prometheus/annals.rules.yml` against the conditions and the table of metrics.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use annals_domain::event::Severity;
use annals_domain::watching::Condition;
use serde::Deserialize;

use crate::telemetry::described;

const RULES: &str = include_str!("../../../../../deploy/prometheus/annals.rules.yml");
const TESTS: &str = include_str!("../../../../../deploy/prometheus/annals.rules.test.yml");

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rules {
    groups: Vec<Group>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Group {
    #[serde(rename = "name")]
    _name: String,
    rules: Vec<Rule>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    alert: String,
    expr: String,
    #[serde(rename = "for")]
    lasts: String,
    labels: Labels,
    annotations: Annotations,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Labels {
    severity: String,
    condition: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Annotations {
    summary: String,
    description: String,
    runbook: String,
}

fn rules() -> Vec<Rule> {
    let rules: Rules =
        serde_saphyr::from_str(RULES).expect("the rules are as this test knows them");
    rules.groups.into_iter().flat_map(|group| group.rules).collect()
}

#[test]
fn every_condition_has_an_alert_that_says_the_same() {
    let rules = rules();
    for condition in Condition::ALL {
        let definition = condition.definition();
        let alerts = || rules.iter().filter(|rule| rule.labels.condition == definition.id);
        assert!(alerts().next().is_some(), "no alert for `{}`", definition.id);
        let severity = match definition.severity {
            Severity::Critical => "critical",
            Severity::Error => "error",
            _ => "warning",
        };
        for rule in alerts() {
            let name = &rule.alert;
            assert_eq!(rule.labels.severity, severity, "{name}");
            assert_eq!(rule.annotations.description, definition.means, "{name}");
            assert_eq!(rule.annotations.runbook, definition.remedy, "{name}");
            assert!(rule.annotations.summary.contains("{{ $labels.instance }}"), "{name}");
            assert!(!rule.lasts.is_empty(), "{name}");
        }
    }
    let known = rules.iter().find(|rule| Condition::named(&rule.labels.condition).is_none());
    assert!(known.is_none(), "of no condition: {known:?}");
    let names: BTreeSet<_> = rules.iter().map(|rule| &rule.alert).collect();
    assert_eq!(names.len(), rules.len(), "two alerts of one name");
}

#[test]
fn every_metric_of_an_alert_is_one_that_annals_tells() {
    let told: BTreeSet<&str> = described::all().map(|row| row.name).collect();
    for rule in rules() {
        let mut named = metrics_in(&rule.expr).peekable();
        assert!(named.peek().is_some(), "{} looks at no metric of Annals", rule.alert);
        let unknown = named.find(|name| !told.contains(name));
        assert_eq!(unknown, None, "{} looks at it", rule.alert);
    }
    let unknown = metrics_in(TESTS).find(|name| !told.contains(name));
    assert_eq!(unknown, None, "the tests of the rules feed it");
}

/// What begins as metrics of Annals do.
fn metrics_in(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    words.filter(|word| word.starts_with("annals_"))
}

#[test]
fn every_alert_is_shown_to_fire_and_to_be_quiet() {
    for rule in rules() {
        let name = format!("alertname: {}\n", rule.alert);
        let shown = TESTS.split(&name).skip(1).count();
        assert!(
            shown >= 2,
            "{} has {shown} tests; it needs one that fires and one that does not",
            rule.alert
        );
    }
}

#[test]
fn prometheus_takes_the_rules_and_finds_them_doing_what_their_tests_say() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/prometheus");
    for (what, file) in [("check", "annals.rules.yml"), ("test", "annals.rules.test.yml")] {
        let mut promtool = Command::new("promtool");
        let ran = promtool.args([what, "rules", file]).current_dir(&folder).output();
        let ran = ran.expect("this test needs `promtool`; on Debian: apt-get install prometheus");
        let (told, wrong) =
            (String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
        assert!(ran.status.success(), "promtool {what} rules {file}:\n{told}\n{wrong}");
    }
}

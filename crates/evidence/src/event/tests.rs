//! The form of a line; that its content is proved is tested with whole bundles.

use super::*;
use crate::demo::DemoLog;

fn line() -> String {
    let log = DemoLog::of(12);
    let event =
        log.event(&log.records[0], &["actor", "on_behalf_of.10", "on_behalf_of.2"]).unwrap();
    serde_json::to_string(&event.to_line().unwrap()).unwrap()
}

#[test]
fn a_line_has_its_fields_in_order_and_names_what_is_withheld() {
    let line = line();
    assert!(line.starts_with(
        r#"{"shard":"2026","index":0,"stream":"system-acme","revision":0,"header":"ey"#
    ));
    assert!(line.contains(
        r#""json":"{\"type\":\"user\",\"id\":\"u-0\",\"name\":\"Zoë \\\"Z\\\" Ünal\"}"}"#
    ));
    assert!(line.contains(
        r#","withheld":["client","description"],"proof":"c2sp.org/tlog-proof@v1\nindex 0\n"#
    ));
    let again = serde_json::to_string(&EventLine::parse(line.as_bytes()).unwrap()).unwrap();
    assert_eq!(again, line);
}

#[test]
fn names_and_numbers_of_a_line_are_checked_before_they_are_repeated() {
    for (from, to, problem) in [
        (r#""shard":"2026""#, r#""shard":"..""#, Problem::Name("shard")),
        (r#""shard":"2026""#, r#""shard":"heads""#, Problem::Name("shard")),
        ("system-acme", "system\u{9b}", Problem::Name("stream")),
        (r#""parts":{"actor""#, r#""parts":{"Actor""#, Problem::Name("part")),
        (r#""index":0"#, r#""index":9007199254740992"#, Problem::Number),
        (r#""revision":0"#, r#""revision":9007199254740992"#, Problem::Number),
        (r#""revision":0"#, r#""revision":-1"#, Problem::NotJson),
    ] {
        let changed = line().replacen(from, to, 1);
        assert_eq!(EventLine::parse(changed.as_bytes()).unwrap_err(), problem, "{to}");
    }
    let largest = line().replacen(r#""index":0"#, r#""index":9007199254740991"#, 1);
    assert!(EventLine::parse(largest.as_bytes()).is_ok());
}

#[test]
fn a_part_is_shown_with_a_salt_of_the_right_length_in_one_form() {
    let header = Header { stream: "s".to_owned(), parts: BTreeMap::new() };
    let with =
        |digest| Header { parts: BTreeMap::from([("actor".to_owned(), digest)]), ..header.clone() };
    let salt = [7; SALT_LEN];
    let part = |salt: &str, json: &str| PartLine { salt: salt.to_owned(), json: json.to_owned() };
    let named = || "actor".to_owned();
    let right = with(part_digest(&salt, "actor", "{}"));
    assert_eq!(check_part(&right, "actor", &part("BwcHBwcHBwcHBwcHBwcHBw==", "{}")), Ok(()));
    for bad in ["BwcHBwcHBwcHBwcHBwcHBw", "BwcHBwcHBwcHBwcHBwcHBx==", "BwcHBwcHBwcHBwcHBwcH", ""] {
        let found = check_part(&right, "actor", &part(bad, "{}"));
        assert_eq!(found, Err(Problem::Base64("salt of a part")), "{bad}");
    }
    let found = check_part(&header, "actor", &part("BwcHBwcHBwcHBwcHBwcHBw==", "{}"));
    assert_eq!(found, Err(Problem::UnknownPart { part: named() }));
    let no_json = with(part_digest(&salt, "actor", "{"));
    let found = check_part(&no_json, "actor", &part("BwcHBwcHBwcHBwcHBwcHBw==", "{"));
    assert_eq!(found, Err(Problem::PartNotJson { part: named() }));
}

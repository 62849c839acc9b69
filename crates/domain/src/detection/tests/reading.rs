//! Files of rules that are wrong are refused with what would be right.

use super::*;

fn refused(text: &str) -> String {
    let error = RuleSet::read([("tried.toml", text)], &Catalogue::default()).unwrap_err();
    match std::error::Error::source(&error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}

#[test]
fn what_is_wrong_with_a_rule_is_told() {
    let whole = "filter = \"*\"\nthreshold = { times = 2, within = \"PT1M\" }";
    let with = |lines: &str| refused(&format!("{COMMON}{lines}"));
    for (lines, told) in [
        ("filter = \"*\"", "0 kinds"),
        (&*format!("{whole}\nself_grant = {{}}"), "2 kinds"),
        ("filter = \"type:\"\nself_grant = {}", "`filter`, column"),
        ("filter = \"after:2026-01-01\"\nself_grant = {}", "asks for a time"),
        ("filter = \"*\"\nthreshold = { times = 0, within = \"PT1M\" }", "from 1 to 1000"),
        ("filter = \"*\"\nthreshold = { times = 1001, within = \"PT1M\" }", "from 1 to 1000"),
        ("filter = \"*\"\nthreshold = { times = 2, within = \"ten minutes\" }", "PT10M"),
        ("filter = \"*\"\nthreshold = { times = 2, within = \"P367D\" }", "366 days"),
        ("filter = \"*\"\ntravel = { speed_max = 900, least = 1 }", "needs a `key`"),
        (
            "filter = \"*\"\nfirst_seen = { of = [], learn_events = 1, learn = \"P1D\" }",
            "names nothing",
        ),
        ("filter = \"*\"\noutside_hours = { from = 20, until = 7 }", "to a later one"),
        (&*format!("{whole}\nkey = [\"shoe_size\"]"), "shoe_size"),
        (&*format!("{whole}\nloud = true"), "loud"),
    ] {
        let message = with(lines);
        assert!(message.contains(told), "{lines}: {message}");
    }
    let bad_id = format!("{COMMON}{whole}").replace("\"tried\"", "\"Tried it\"");
    assert!(refused(&bad_id).contains("lower-case"), "{}", refused(&bad_id));
    let twice = format!("{COMMON}{whole}\n{COMMON}{whole}");
    assert!(refused(&twice).contains("twice"));
    let long = format!("# {}\n", "x".repeat(256 * 1024));
    assert!(refused(&long).contains("at most"));
}

#[test]
fn a_rule_of_a_later_file_takes_the_place_of_one_with_its_id() {
    let catalogue = Catalogue::shipped();
    let mut set = RuleSet::shipped(&catalogue);
    let count = set.rules().len();
    let text =
        format!("{COMMON}filter = \"*\"\nself_grant = {{}}").replace("tried", "mass-reading");
    set.add("own.toml", &text, &catalogue).unwrap();
    assert_eq!(set.rules().len(), count);
    assert_eq!(set.find("mass-reading").unwrap().kind, Kind::SelfGrant);
    set.add("own.toml", &text.replace("mass-reading", "another"), &catalogue).unwrap();
    assert_eq!(set.rules().len(), count + 1);
    assert_eq!(set.only(&["another".to_owned()]).rules().len(), 1);
}

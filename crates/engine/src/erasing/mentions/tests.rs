use super::*;

#[test]
fn a_person_is_named_as_a_whole_or_as_a_word_and_not_in_a_longer_name() {
    let persons = HashSet::from(["p1".to_owned(), "42".to_owned()]);
    let mentions = Mentions::of(&persons);
    let named = |content: &str| mentions.are_in(content.as_bytes());
    assert!(named(r#"{"actor": {"id": "p1"}}"#));
    assert!(named(r#"{"actor": {"id": "\u00701"}}"#), "however it is written");
    assert!(named(r#"{"description": "seen by p1."}"#));
    assert!(named(r#"{"p1": null}"#) && named(r#"{"user": 42}"#));
    assert!(named("not JSON, but of p1 all the same"));
    assert!(!named(r#"{"actor": {"id": "p10"}, "of": ["xp1", "p1-2", "p1_"], "n": 421}"#));
    assert!(!named("") && !named("p 1"));
}

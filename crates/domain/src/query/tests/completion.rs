//! What could be written at the cursor, which stands at `|`.

use super::*;
use crate::examples::catalogue;

fn at_cursor(marked: &str) -> (String, Completion) {
    let cursor = marked.find('|').unwrap();
    let text = marked.replacen('|', "", 1);
    let context = QueryContext { limits: &shipped(), now: now(), catalogue: catalogue() };
    let completion = complete(&text, cursor, &context);
    (text, completion)
}

/// The choices, and what of the text they replace.
#[track_caller]
fn offered(marked: &str) -> (String, Vec<String>) {
    let (text, completion) = at_cursor(marked);
    let texts = completion.choices.into_iter().map(|choice| choice.text).collect();
    (text[completion.replace].to_owned(), texts)
}

/// Paths, beginning and context of the values to look for.
#[track_caller]
fn looked_up(marked: &str) -> (String, String, String) {
    let (_, completion) = at_cursor(marked);
    let Some(lookup) = completion.lookup else { panic!("{marked} looks for nothing") };
    let paths: Vec<_> = lookup.fields.iter().map(|field| &*field.0).collect();
    (paths.join(" "), lookup.prefix, print(&lookup.rest))
}

#[test]
fn names_of_fields_are_offered_with_their_operator() {
    for (marked, replaced, first) in [
        ("act|", "act", "actor:"),
        ("type:a actor.n|", "actor.n", "actor.name:"),
        ("-(ACTOR.E|", "ACTOR.E", "actor.email:"),
        ("emai|", "emai", "actor.email:"),
        ("ip|", "ip", "ip:"),
        ("act|or.id:ann", "actor.id", "actor"),
        ("metad|", "metad", "metadata."),
        ("isl|", "isl", ""),
        ("exact -seve|rity", "severity", "severity:"),
    ] {
        let (text, choices) = offered(marked);
        assert_eq!(text, replaced, "{marked}");
        assert_eq!(choices.first().map_or("", String::as_str), first, "{marked}: {choices:?}");
    }
    assert!(offered("|").1.len() > fields().len());
    assert!(offered("severity|").1.contains(&"severity>=".to_owned()));
}

#[test]
fn words_between_conditions_are_offered_where_they_can_stand() {
    let keywords = |marked: &str| {
        let (_, completion) = at_cursor(marked);
        let choices = completion.choices.into_iter();
        let keywords = choices.filter(|choice| choice.kind == ChoiceKind::Keyword);
        keywords.map(|choice| choice.text).collect::<Vec<_>>()
    };
    assert_eq!(keywords("type:a |"), ["AND", "OR", "NOT"]);
    assert_eq!(keywords("type:a O|"), ["OR"]);
    assert_eq!(keywords("|"), ["NOT"]);
    assert_eq!(keywords("type:a OR |"), ["NOT"]);
    assert_eq!(keywords("type:(a |"), [""; 0]);
}

#[test]
fn values_of_few_words_are_offered() {
    assert_eq!(offered("outcome:|").1, ["success", "failure", "denied", "partial", "unknown"]);
    assert_eq!(offered("outcome:success,d|").1, ["denied"]);
    assert_eq!(offered("outcome:(success OR D|"), ("D".into(), vec!["denied".into()]));
    assert_eq!(offered("severity>=w|arn").1, ["warning"]);
    assert_eq!(offered("severity>=w|arn").0, "warn");
    assert_eq!(offered("mfa:|").1, ["true", "false"]);
    assert_eq!(offered("is:|").1, ["significant", "failed", "change"]);
    assert_eq!(offered("has:acto|").1[0], "actor");
    assert!(!offered("has:|").1.contains(&"after".to_owned()));
    assert!(offered("after:|").1.contains(&"-P7D".to_owned()));
    assert!(offered("occurred>=20|").1[0].starts_with("20"));
    assert_eq!(offered("nothing:|").1, [""; 0]);
    assert_eq!(offered("\"outc|").1, [""; 0]);
    assert_eq!(offered("outcome:d*|").1, [""; 0]);
}

#[test]
fn values_of_events_are_looked_for_within_the_rest_of_the_query() {
    for (marked, paths, prefix, rest) in [
        ("actor.id:an|", "actor.id", "an", ""),
        ("user_id:|", "actor.id", "", ""),
        ("type:a actor.id:an| outcome:denied", "actor.id", "an", "type:a outcome:denied"),
        ("type:a actor.id:b,an|n,c", "actor.id", "an", "type:a"),
        ("actor:an|", "actor.id actor.name actor.email", "an", ""),
        ("actor.name:\"Ann L| type:b", "actor.name", "Ann L", "type:b"),
        ("actor.name:\"Ann L|ee\" type:b", "actor.name", "Ann L", "type:b"),
        ("type:(user.* OR us|)", "type", "us", "type:user.* OR has:type"),
        ("(type:a (actor.id:an|", "actor.id", "an", "type:a"),
        ("type:a -actor.id:an|", "actor.id", "an", "type:a"),
        ("-(type:a OR actor.id:an|)", "actor.id", "an", "-(type:a OR -*)"),
        ("type:a OR actor.id:an|", "actor.id", "an", "type:a OR *"),
        ("metadata.plan:pr|", "metadata.plan", "pr", ""),
        ("metadata.\"a b\":|", "metadata.a b", "", ""),
        ("ip:10.|", "client.ip", "10.", ""),
        ("broken:x actor.id:an|", "actor.id", "an", ""),
    ] {
        let found = looked_up(marked);
        assert_eq!(found, (paths.into(), prefix.into(), rest.into()), "{marked}");
    }
    let none = |marked: &str| at_cursor(marked).1.lookup.is_none();
    assert!(none("id:01|") && none("metadata.n>1|") && none("actor.id:a*|") && none("refund|"));
    assert!(none("description:a|"));
}

#[test]
fn values_are_written_so_that_they_are_read_as_values() {
    let written = |marked: &str, value: &str| at_cursor(marked).1.lookup.unwrap().written(value);
    assert_eq!(written("type:|", "user.created"), "user.created");
    assert_eq!(written("actor.name:|", "ann lee"), "\"ann lee\"");
    assert_eq!(written("actor.name:(|", "or:x"), "\"or:x\"");
    assert_eq!(written("actor.name:(|", "OR"), "\"OR\"");
    assert_eq!(written("actor.name:(|", "-x"), "\"-x\"");
    assert_eq!(written("actor.name:|", "-x"), "-x");
}

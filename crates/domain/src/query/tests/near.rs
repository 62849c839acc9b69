//! `refnud~`, `is:` and beginnings of words.

use super::*;
use crate::examples::catalogue;
use crate::text::NearWord;

fn near(word: &str, slips: u8) -> Filter {
    Filter::Near(NearWord { word: word.into(), slips })
}

#[test]
fn a_word_may_have_slips() {
    for (text, expected) in [
        ("refnud~1", near("refnud", 1)),
        ("refnud~2", near("refnud", 2)),
        ("Émile~", near("emile", 1)),
        ("refnud~", near("refnud", 2)),
        ("ann~", near("ann", 1)),
    ] {
        assert_eq!(filter(text), expected, "{text}");
        assert_eq!(filter(&print(&expected)), expected, "{text}");
    }
    assert_eq!(print(&filter("-refnud~ type:a")), "-refnud~2 type:a");
}

#[test]
fn elsewhere_a_tilde_is_a_sign_like_any_other() {
    same("\"refnud~1\"", "\"refnud 1\"");
    same("~/notes", "notes");
    same("a~b", "\"a b\"");
    assert_eq!(filter("actor.id:ann~1"), Filter::equals("actor.id", "ann~1"));
}

#[test]
fn slips_are_refused_where_they_would_find_too_much_or_mean_nothing() {
    for (text, said) in [
        ("an~", "short word"),
        ("refu~2", "short word"),
        ("refnud~3", "one slip or two"),
        ("refnud~0", "one slip or two"),
        ("refnud~999", "one slip or two"),
        ("a.b.c~1", "one word"),
        ("東京都~1", "one word"),
        ("\"refnud\"~1", "one plain word"),
        ("refn*d~1", "one plain word"),
    ] {
        let error = error(text);
        assert!(error.message.contains(said), "{text}: {error}");
    }
}

#[test]
fn a_beginning_of_one_letter_is_refused_with_the_least_number() {
    assert!(read("re*").is_ok());
    for text in ["r*", "\"refund of the o\"*", "É*"] {
        let error = error(text);
        assert!(error.to_string().contains("at least 2 letters"), "{text}: {error}");
    }
    assert!(read("type:u*").is_ok(), "values of a field are few");
}

#[test]
fn classes_become_their_conditions() {
    same("is:failed", "outcome:failure,denied");
    same("is:change", "operation:create,update,delete,grant,revoke");
    same(
        "is:failed,change",
        "outcome:failure,denied OR operation:create,update,delete,grant,revoke",
    );
    same("-IS:Failed", "-outcome:failure,denied");
    same("is:(failed -change)", "is:failed -is:change");
    assert!(error("is:signifcant").to_string().contains("did you mean `significant`?"));
    assert!(error("is>failed").message.contains("name of a class"));
    assert!(error("is:fail*").message.contains("name of a class"));
    assert!(error("has:is").message.contains("cannot be absent"));
}

#[test]
fn what_is_significant_stands_in_the_catalogue() {
    let significant = filter("is:significant");
    let types = catalogue().types();
    let told: Vec<_> = types.filter(|entry| entry.significant).map(|entry| &*entry.name).collect();
    assert!(!told.is_empty());
    assert_eq!(significant, filter(&format!("type:{}", told.join(","))));
    let Ok(none) = parse(
        "is:significant",
        &QueryContext { limits: &shipped(), now: now(), catalogue: &Default::default() },
    ) else {
        panic!("a catalogue may be empty")
    };
    assert_eq!(none, Filter::Or(Vec::new()));
}

use super::super::fields;
use super::*;

#[test]
fn every_field_either_has_one_path_or_says_what_to_take_instead() {
    for info in fields() {
        let name = info.name.replace("<key>", "k");
        match counted_field(&name) {
            Ok(Field(path)) => assert_eq!(path, info.paths[0].to_owned() + key_of(info)),
            Err(message) => assert!(message.contains(&name), "{message}"),
        }
    }
}

fn key_of(info: &fields::FieldInfo) -> &'static str {
    if info.takes_key() { "k" } else { "" }
}

#[test]
fn what_cannot_be_counted_says_why() {
    let message = |name: &str| counted_field(name).unwrap_err();
    assert_eq!(
        message("actor"),
        "`actor` stands for several; take `actor.id` or `actor.name` or `actor.email`"
    );
    assert_eq!(message("typo"), "`typo` is no field; did you mean `type`?");
    assert_eq!(message("description"), "`description` is free text, which is not counted");
    assert!(message("after").contains("has no values of its own"));
    assert!(message(&"x".repeat(5000)).len() < 100);
}

#[test]
fn numbers_are_taken_from_fields_that_may_hold_some() {
    assert_eq!(number_field("metadata.amount"), Ok(Field("metadata.amount".into())));
    assert_eq!(number_field("severity_rank"), Ok(Field("severity_rank".into())));
    assert!(number_field("actor.id").unwrap_err().contains("holds no numbers"));
}

use super::*;

#[test]
fn the_answers_to_one_event_and_to_a_bulk_are_read() {
    let leaf = Hash([1; 32]).to_base64();
    let one = format!(r#"{{"id":"a","stream":"s","leaf":"{leaf}","receipt":"note"}}"#);
    let event = Promised { id: "a".to_owned(), leaf: Hash([1; 32]) };
    assert_eq!(parsed(&one), Ok(("note".to_owned(), vec![event.clone()])));
    let bulk = format!(
        r#"{{"results":[{{"index":0,"status":422}},{{"id":"a","leaf":"{leaf}"}}],"receipt":"note"}}"#
    );
    assert_eq!(parsed(&bulk), Ok(("note".to_owned(), vec![event])));
}

#[test]
fn what_is_no_answer_is_told() {
    for (text, why) in [
        ("[", "JSON"),
        (r#"{"id":"a"}"#, "no receipt"),
        (r#"{"id":"a","receipt":"note"}"#, "no event"),
        (r#"{"id":"a","leaf":"AAAA","receipt":"note"}"#, "no hash"),
    ] {
        assert!(parsed(text).unwrap_err().contains(why), "{text}");
    }
}

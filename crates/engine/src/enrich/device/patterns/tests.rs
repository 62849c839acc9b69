use super::*;

fn problem_with(text: &str) -> String {
    match read(text) {
        Err(error) => error.to_string(),
        Ok(_) => panic!("was read"),
    }
}

#[test]
fn the_shipped_file_is_read_whole() {
    let Ok(patterns) = shipped() else { panic!("the shipped patterns cannot be read") };
    assert_eq!(patterns.user_agent_parsers.len(), 362);
    assert_eq!(patterns.os_parsers.len(), 201);
    assert_eq!(patterns.device_parsers.len(), 633);
    assert!(patterns.device_parsers.iter().any(|parser| parser.regex_flag.is_some()));
    assert!(patterns.user_agent_parsers.iter().all(|parser| !parser.regex.is_empty()));
}

#[test]
fn quotes_comments_and_null_are_understood() {
    let text = "os_parsers:\n  # a comment\n  - regex: 'it''s: #1' # said so\n    \
                os_replacement: null\n";
    let Ok(patterns) = read(text) else { panic!("cannot be read") };
    assert_eq!(patterns.os_parsers[0].regex, "it's: #1");
    assert_eq!(patterns.os_parsers[0].os_replacement, None);
}

#[test]
fn anything_else_is_refused_with_its_line() {
    assert_eq!(
        problem_with("os_parsers:\n  - regex: \"double\"\n"),
        "line 2 of the user agent patterns has a value without single quotes"
    );
    assert!(problem_with("os_parsers:\n  - regex: 'open\n").contains("is not closed"));
    assert!(problem_with("os_parsers:\n  - regex: 'a' b\n").contains("goes on"));
    assert!(problem_with("  - regex: 'a'\n").contains("outside of a list"));
    assert!(problem_with("engines:\n").contains("no known list"));
    assert!(problem_with("os_parsers:\n    os_replacement: 'a'\n").contains("begin an entry"));
}

//! Texts that are made to take long. The work must grow with their length alone.

use super::masked_text;

/// As large as an event may be.
const BYTES: usize = 256 * 1024;

/// The clock of a busy machine is no measure: the runner ends a test that takes minutes, as one
/// quadratic scan of so much text would.
#[test]
fn the_largest_events_made_of_one_pattern_are_looked_through_at_once() {
    let patterns = [
        "4",
        "4 ",
        "4-",
        "4111 ",
        "a=",
        "=",
        ":",
        "password=",
        "password:\"",
        "password=\\\"",
        "password=[",
        "password={\"",
        "password:['",
        "password=[]",
        "password=[a]",
        "password={\\",
        "password=a b",
        "password=a,",
        "password=a ,",
        "password=a&",
        "password=)",
        "pin: is =",
        "pin: ",
        "pin=a    ",
        "<password>",
        "<password></a>",
        "</a><password>",
        "<password>a",
        "<password a",
        "<token>",
        "<",
        "name=password ",
        "name=password value=",
        "value=",
        "\"--password\",",
        "\"--password\",\"",
        "(password=a",
        "token=",
        "token=a",
        "\"token\":\"",
        "--password ",
        "--",
        "-",
        "--token a",
        "://",
        "://a:",
        "a://b:c@",
        "-----BEGIN ",
        "-----BEGIN PRIVATE KEY-----",
        "-----END ",
        "eyJ",
        "eyJaaaaaaaa.",
        "Bearer ",
        "bearer aaaaaaaaaaaaaaaaa",
        "AKIA",
        "ghp_",
        "xoxb-",
        "sk-",
        "DE89",
        "DE89 ",
        "123-45-",
        "1-",
        "cookie: ",
        "authorization:",
        "\\",
        "\"",
        "[redacted:",
        "pseudonym:",
        "password=[redacted:",
        "annals_",
        "é",
        "\u{1f600}=",
    ];
    for pattern in patterns {
        let text = pattern.repeat(BYTES / pattern.len());
        let once = masked_text(&text);
        assert_eq!(masked_text(&once), once, "{pattern:?}");
    }
}

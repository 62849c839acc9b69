//! Texts that others wrote, made fit to stand in a message.

/// The text on one line, without what is not seen, and at most so long.
pub(crate) fn shortened(text: &str, chars_max: usize) -> String {
    let line: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut chars = line.chars().filter(|character| !unseen(*character));
    let mut short: String = chars.by_ref().take(chars_max).collect();
    if chars.next().is_some() {
        short.pop();
        short.push('…');
    }
    short
}

/// The text without what is not seen; its lines stay.
pub(crate) fn visible(text: &str) -> String {
    text.chars().filter(|&character| character == '\n' || !unseen(character)).collect()
}

/// Control characters, and those that turn the direction of what follows so that it reads as something
/// else.
fn unseen(character: char) -> bool {
    let turns = matches!(character, '\u{061c}' | '\u{200e}' | '\u{200f}')
        || matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let breaks = matches!(character, '\u{2028}' | '\u{2029}');
    character.is_control() || turns || breaks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_holds_no_breaks_and_ends_where_it_must() {
        assert_eq!(shortened(" a\r\nBcc: b\tc\u{0}\u{202e}d ", 50), "a Bcc: b cd");
        assert_eq!(shortened("abcdef", 6), "abcdef");
        assert_eq!(shortened("abcdefg", 6), "abcde…");
        assert_eq!(shortened("", 6), "");
    }

    #[test]
    fn lines_stay_and_what_is_not_seen_goes() {
        assert_eq!(visible("a\r\nb\u{1b}[31m\u{2066}c\u{2028}"), "a\nb[31mc");
    }
}

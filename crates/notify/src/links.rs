//! Links that a message has for whom it tells, and the code of one that verifies an address. They hold
//! secrets, so who makes those makes them, when the message is worded.

use annals_domain::notification::Outgoing;

/// How long a link may be, characters; longer ones break in mail.
const LINK_CHARS_MAX: usize = 900;
/// How long a code may be, characters.
const CODE_CHARS_MAX: usize = 32;

/// The links of one message.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct MessageLinks {
    /// "This wasn't me": needs no sign-in.
    pub wasnt_me: Option<String>,
    /// Where they end these messages.
    pub unsubscribe: Option<String>,
    /// Where they say that the address is theirs.
    pub verify: Option<String>,
    /// The one-use code with which they say so.
    pub code: Option<String>,
}

/// Makes the links of a message when it is worded.
pub trait Links: Send + Sync + 'static {
    /// The links for whom this message tells.
    fn of(&self, message: &Outgoing) -> MessageLinks;
}

/// Where there are none.
#[derive(Debug, Clone, Copy)]
pub struct NoLinks;

impl Links for NoLinks {
    fn of(&self, _: &Outgoing) -> MessageLinks {
        MessageLinks::default()
    }
}

impl MessageLinks {
    /// Those of them that can stand in a header and in a page.
    pub(crate) fn sound(self) -> Self {
        let sound = |link: Option<String>| link.filter(|link| is_sound(link));
        Self {
            wasnt_me: sound(self.wasnt_me),
            unsubscribe: sound(self.unsubscribe),
            verify: sound(self.verify),
            code: self.code.filter(|code| is_code(code)),
        }
    }
}

fn is_sound(link: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_graphic() && !b"<>\"'`\\".contains(&byte);
    let web = link.starts_with("https://") || link.starts_with("http://");
    web && link.len() <= LINK_CHARS_MAX && link.bytes().all(plain)
}

fn is_code(code: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    (1..=CODE_CHARS_MAX).contains(&code.len()) && code.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_letters_and_digits() {
        for (code, good) in [("K7QX-M2PD", true), ("", false), ("<b>", false), ("A\nB", false)] {
            assert_eq!(is_code(code), good, "{code}");
        }
        assert!(is_code(&"A".repeat(CODE_CHARS_MAX)) && !is_code(&"A".repeat(CODE_CHARS_MAX + 1)));
    }

    #[test]
    fn what_is_no_plain_web_address_is_no_link() {
        for good in ["https://example.org/a?b=c&d=%20#e", "http://localhost:8080/"] {
            assert!(is_sound(good), "{good}");
        }
        let long = format!("https://example.org/{}", "a".repeat(LINK_CHARS_MAX));
        for bad in
            ["", "javascript:alert(1)", "https://a\r\nBcc: b", "https://a>", "https://ä", &long]
        {
            assert!(!is_sound(bad), "{bad}");
        }
    }
}

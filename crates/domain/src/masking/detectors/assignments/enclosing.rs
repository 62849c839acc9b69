//! What stands open around a place of a text: quotes, brackets, tags. Only what was opened can be
//! closed by a sign that may as well be part of a password.

/// What is open at a place. The text is read once, from left to right, and values are left out.
#[derive(Debug, Default)]
pub(super) struct Enclosing {
    read: usize,
    /// Quotes of each kind, plain and behind a backslash.
    quotes: [bool; 6],
    round: usize,
    square: usize,
    curly: usize,
    is_in_tag: bool,
    has_tags: bool,
}

impl Enclosing {
    /// Reads on to a place.
    pub(super) fn read_to(&mut self, bytes: &[u8], to: usize) {
        for at in self.read..to {
            self.read_one(bytes, at);
        }
        self.read = self.read.max(to);
    }

    /// Reads on to a value and leaves it out.
    pub(super) fn leave_out(&mut self, bytes: &[u8], start: usize, end: usize) {
        self.read_to(bytes, start);
        self.read = self.read.max(end);
    }

    fn read_one(&mut self, bytes: &[u8], at: usize) {
        match bytes[at] {
            b'(' => self.round += 1,
            b'[' => self.square += 1,
            b'{' => self.curly += 1,
            b')' => self.round = self.round.saturating_sub(1),
            b']' => self.square = self.square.saturating_sub(1),
            b'}' => self.curly = self.curly.saturating_sub(1),
            b'<' => self.is_in_tag |= begins_tag(bytes, at),
            b'>' => {
                self.has_tags |= self.is_in_tag;
                self.is_in_tag = false;
            }
            b'\'' if is_apostrophe(bytes, at) => {}
            _ => {
                if let Some(quote) = quote(bytes, at) {
                    self.quotes[quote] = !self.quotes[quote];
                }
            }
        }
    }

    /// Whether the sign there closes what is open.
    pub(super) fn closes(&self, bytes: &[u8], at: usize) -> bool {
        match bytes[at] {
            b')' => self.round > 0,
            b']' => self.square > 0,
            b'}' => self.curly > 0,
            _ => quote(bytes, at).is_some_and(|quote| self.quotes[quote]),
        }
    }

    /// Whether the sign there closes a tag, or begins the next one.
    pub(super) fn closes_tag(&self, bytes: &[u8], at: usize) -> bool {
        match bytes[at] {
            b'>' => self.is_in_tag,
            _ => self.has_tags && begins_tag(bytes, at),
        }
    }
}

fn quote(bytes: &[u8], at: usize) -> Option<usize> {
    let kind = match bytes[at] {
        b'"' => 0,
        b'\'' => 2,
        b'`' => 4,
        _ => return None,
    };
    let is_escaped = at > 0 && bytes[at - 1] == b'\\';
    Some(kind + usize::from(is_escaped))
}

fn begins_tag(bytes: &[u8], at: usize) -> bool {
    let next = bytes.get(at + 1);
    next.is_some_and(|b| b.is_ascii_alphabetic() || matches!(b, b'/' | b'!' | b'?' | b'\\'))
}

/// Whether the quote stands within a word, as in `don't`.
pub(super) fn is_apostrophe(bytes: &[u8], at: usize) -> bool {
    let letter = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    letter(at.checked_sub(1).and_then(|at| bytes.get(at))) && letter(bytes.get(at + 1))
}

//! Which shape a file has, from its beginning.

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// How events are laid out in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// One object a line, from byte `begin` on.
    Lines { begin: usize },
    /// Elements of an array whose first is at byte `begin`.
    Elements { begin: usize },
}

/// The shape, once enough of the file is known to tell.
pub(super) fn of(prelude: &[u8], container: Option<&str>) -> Option<Shape> {
    if prelude.len() < BYTE_ORDER_MARK.len() && BYTE_ORDER_MARK.starts_with(prelude) {
        return None;
    }
    let lines = Shape::Lines { begin: after_mark(prelude) };
    let mut scanner = Scanner { bytes: prelude, at: after_mark(prelude) };
    match scanner.next_visible()? {
        b'[' => Some(Shape::Elements { begin: scanner.at + 1 }),
        b'{' => match container {
            Some(name) => scanner
                .find_array(name)
                .map(|begin| begin.map_or(lines, |begin| Shape::Elements { begin })),
            None => Some(lines),
        },
        _ => Some(lines),
    }
}

/// Where the file begins behind a byte order mark.
pub(super) fn after_mark(prelude: &[u8]) -> usize {
    if prelude.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len() } else { 0 }
}

struct Scanner<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Scanner<'_> {
    /// The next byte that is not white space; nothing when the bytes do not reach so far.
    fn next_visible(&mut self) -> Option<u8> {
        while self.bytes.get(self.at)?.is_ascii_whitespace() {
            self.at += 1;
        }
        self.bytes.get(self.at).copied()
    }

    /// Looks through the first object for the array called `name`, over plain values only: an event
    /// of its own soon has an object inside.
    fn find_array(&mut self, name: &str) -> Option<Option<usize>> {
        self.at += 1;
        loop {
            if self.next_visible()? != b'"' {
                return Some(None);
            }
            let key_begin = self.at + 1;
            self.skip_string()?;
            let is_name = self.bytes[key_begin..self.at - 1] == *name.as_bytes();
            if self.next_visible()? != b':' {
                return Some(None);
            }
            self.at += 1;
            match self.next_visible()? {
                b'[' if is_name => return Some(Some(self.at + 1)),
                b'[' | b'{' => return Some(None),
                b'"' => self.skip_string()?,
                _ => self.skip_scalar()?,
            }
            if self.next_visible()? != b',' {
                return Some(None);
            }
            self.at += 1;
        }
    }

    /// From the opening quote to behind the closing one.
    fn skip_string(&mut self) -> Option<()> {
        self.at += 1;
        loop {
            match self.bytes.get(self.at)? {
                b'\\' => self.at += 2,
                b'"' => break,
                _ => self.at += 1,
            }
        }
        self.at += 1;
        Some(())
    }

    fn skip_scalar(&mut self) -> Option<()> {
        while !matches!(self.bytes.get(self.at)?, b',' | b'}' | b']') {
            self.at += 1;
        }
        Some(())
    }
}

//! Cutting the elements out of a JSON array, chunk by chunk.

use super::Cut;

/// Where the cutter stands: brackets and strings are all that matters for finding a comma between
/// two elements.
#[derive(Debug, Default)]
pub(super) struct ElementCutter {
    depth: usize,
    in_string: bool,
    escaped: bool,
    array_ended: bool,
}

impl ElementCutter {
    /// Takes bytes up to the end of the current element. What follows the array is left out.
    pub(super) fn cut(&mut self, chunk: &[u8]) -> Cut {
        if self.array_ended {
            return Cut { length: 0, used: chunk.len(), complete: false };
        }
        match chunk.iter().position(|&byte| self.ends_at(byte)) {
            Some(end) => Cut { length: end, used: end + 1, complete: true },
            None => Cut { length: chunk.len(), used: chunk.len(), complete: false },
        }
    }

    /// Moves on by one byte; whether it ends the element.
    fn ends_at(&mut self, byte: u8) -> bool {
        if self.in_string {
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' => self.escaped = true,
                b'"' => self.in_string = false,
                _ => {}
            }
            return false;
        }
        match byte {
            b'"' => self.in_string = true,
            b'{' | b'[' => self.depth += 1,
            b']' if self.depth == 0 => self.array_ended = true,
            b'}' | b']' => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
        self.array_ended || (byte == b',' && self.depth == 0)
    }
}

//! Parts of a file (RFC 9110, 14): one range of bytes at a time.

/// What of a file is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    /// All of it.
    Whole,
    /// From one byte to another, both included.
    Part {
        /// First byte.
        from: u64,
        /// Last byte.
        to: u64,
    },
    /// Bytes that it does not have.
    Outside,
}

/// Reads the header `Range`. What is not understood, several ranges too, asks for the whole file, as
/// the RFC allows.
pub(super) fn wanted(range: Option<&str>, length: u64) -> Wanted {
    let Some((from, to)) = range.and_then(one_range) else { return Wanted::Whole };
    let last = length.checked_sub(1);
    match (from, to, last) {
        (None, None, _) => Wanted::Whole,
        (None, Some(0), _) | (_, _, None) => Wanted::Outside,
        (None, Some(count), Some(last)) => {
            Wanted::Part { from: length.saturating_sub(count), to: last }
        }
        (Some(from), Some(to), _) if to < from => Wanted::Whole,
        (Some(from), _, Some(last)) if from > last => Wanted::Outside,
        (Some(from), to, Some(last)) => Wanted::Part { from, to: to.unwrap_or(last).min(last) },
    }
}

/// First and last byte; a last one alone counts from the end.
fn one_range(range: &str) -> Option<(Option<u64>, Option<u64>)> {
    let (from, to) = range.trim().strip_prefix("bytes=")?.split_once('-')?;
    let number = |text: &str| match text.trim() {
        "" => Some(None),
        digits if digits.bytes().all(|byte| byte.is_ascii_digit()) => digits.parse().ok().map(Some),
        _ => None,
    };
    Some((number(from)?, number(to)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_cut_to_the_file() {
        let part = |from, to| Wanted::Part { from, to };
        for (range, expected) in [
            ("bytes=0-4", part(0, 4)),
            ("bytes=5-", part(5, 9)),
            ("bytes=5-99", part(5, 9)),
            ("bytes=-3", part(7, 9)),
            ("bytes=-99", part(0, 9)),
            ("bytes=9-9", part(9, 9)),
            ("bytes=10-", Wanted::Outside),
            ("bytes=-0", Wanted::Outside),
            ("bytes=4-2", Wanted::Whole),
            ("bytes=-", Wanted::Whole),
            ("bytes=0-1,3-4", Wanted::Whole),
            ("bytes=+1-2", Wanted::Whole),
            ("bytes=99999999999999999999-", Wanted::Whole),
            ("lines=1-2", Wanted::Whole),
        ] {
            assert_eq!(wanted(Some(range), 10), expected, "{range}");
        }
        assert_eq!(wanted(None, 10), Wanted::Whole);
        assert_eq!(wanted(Some("bytes=0-"), 0), Wanted::Outside);
    }
}

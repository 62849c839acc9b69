//! Words that are nearly another: how many slips lie between them.

use super::WORD_BYTES_MAX;

/// More slips make too many words of one.
pub const SLIPS_MAX: u8 = 2;

/// A longer word is near to none: no word of a text is longer than [`WORD_BYTES_MAX`] letters.
const LETTERS_MAX: usize = WORD_BYTES_MAX + SLIPS_MAX as usize;

/// A word, and how far from it others may be.
///
/// A slip is a letter too many, one too few, another one, or two neighbours swapped; what was
/// swapped is not changed once more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NearWord {
    /// The word, as [`super::tokens`] makes it.
    pub word: String,
    /// How many slips, at most [`SLIPS_MAX`].
    pub slips: u8,
}

impl NearWord {
    /// Whether `other` is as near as that.
    pub fn matches(&self, other: &str) -> bool {
        let mut letters = ['\0'; LETTERS_MAX];
        match spread(&self.word, &mut letters) {
            Some(count) => slips_within(&letters[..count], other, self.slips.min(SLIPS_MAX)),
            None => false,
        }
    }
}

fn spread(word: &str, letters: &mut [char; LETTERS_MAX]) -> Option<usize> {
    let mut count = 0;
    for c in word.chars() {
        *letters.get_mut(count)? = c;
        count += 1;
    }
    Some(count)
}

/// The usual table, row by row. Rows begin with the slips of leaving letters out.
fn slips_within(word: &[char], other: &str, slips_max: u8) -> bool {
    const WIDTH: usize = LETTERS_MAX + 1;
    let most = usize::from(slips_max);
    // Most words are told apart by their lengths alone.
    if other.chars().count().abs_diff(word.len()) > most {
        return false;
    }
    let (mut before_last, mut last, mut row) = ([0; WIDTH], [0; WIDTH], [0; WIDTH]);
    for (slips, place) in last.iter_mut().enumerate() {
        *place = slips;
    }
    let mut previous = None;
    for (index, c) in other.chars().enumerate() {
        row[0] = index + 1;
        let mut least = row[0];
        for (j, known) in word.iter().enumerate() {
            let mut slips = last[j] + usize::from(c != *known);
            slips = slips.min(last[j + 1] + 1).min(row[j] + 1);
            if j > 0 && previous == Some(*known) && word[j - 1] == c {
                slips = slips.min(before_last[j - 1] + 1);
            }
            row[j + 1] = slips;
            least = least.min(slips);
        }
        // A swap looks back two rows, so both have to be beyond it.
        if least > most && last[..=word.len()].iter().all(|slips| *slips > most) {
            return false;
        }
        (before_last, last, row) = (last, row, before_last);
        previous = Some(c);
    }
    last[word.len()] <= most
}

#[cfg(test)]
mod tests;

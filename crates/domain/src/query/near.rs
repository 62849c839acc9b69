//! Words with slips: `refnud~`.

use super::Problem;
use super::lexer::Word;
use crate::text::{self, NearWord, SLIPS_MAX};

/// Shorter words are near to too many others.
const LETTERS_MIN: [(u8, usize); 2] = [(1, 3), (2, 5)];
/// From so many letters on, `~` alone allows two slips.
const TWO_SLIPS_FROM: usize = 6;

/// The word and its slips, when `~`, `~1` or `~2` stands behind it.
pub(super) fn word(word: &Word<'_>) -> Result<Option<NearWord>, Problem> {
    let Some((asked, number)) = word.raw.rsplit_once('~') else { return Ok(None) };
    let digits = number.bytes().all(|byte| byte.is_ascii_digit());
    if asked.is_empty() || !digits {
        return Ok(None);
    }
    if word.quoted || !word.stars.is_empty() {
        // Within the quotation marks it is a sign like any other.
        return match word.raw.ends_with('"') {
            true => Ok(None),
            false => Err(wrong(word, "slips are allowed in one plain word only")),
        };
    }
    let words = text::words(asked);
    let [one] = words.as_slice() else {
        return Err(wrong(word, "slips are allowed in one word of letters and digits only"));
    };
    let letters = one.chars().count();
    let slips = match number {
        "" if letters < TWO_SLIPS_FROM => 1,
        "" => 2,
        number => number.parse().unwrap_or(u8::MAX),
    };
    if slips == 0 || slips > SLIPS_MAX {
        return Err(wrong(word, "a word can have one slip or two"));
    }
    if let Some((_, least)) =
        LETTERS_MIN.iter().find(|(of, least)| *of == slips && letters < *least)
    {
        let problem = "a short word with slips is nearly every other";
        return Err(Problem::new(
            word.at,
            problem,
            format!("a word of at least {least} letters before `~{slips}`"),
        ));
    }
    Ok(Some(NearWord { word: one.clone(), slips }))
}

fn wrong(word: &Word<'_>, message: &str) -> Problem {
    let expected = "a word and `~1` or `~2`, such as `refnud~1`, or quotation marks around text that \
                    ends so";
    Problem::new(word.at, message, expected)
}

use proptest::prelude::*;

use super::*;

fn near(word: &str, slips: u8, other: &str) -> bool {
    NearWord { word: word.into(), slips }.matches(other)
}

#[test]
fn a_slip_is_a_letter_more_or_less_or_another_or_two_swapped() {
    for (other, slips) in [
        ("refund", 0),
        ("refnud", 1),
        ("refun", 1),
        ("refunds", 1),
        ("rexund", 1),
        ("refnuds", 2),
        ("reufn", 2),
        ("rfd", 3),
        ("", 6),
    ] {
        for allowed in 0..=SLIPS_MAX {
            assert_eq!(near("refund", allowed, other), slips <= allowed, "{other} {allowed}");
            assert_eq!(near(other, allowed, "refund"), slips <= allowed, "{other} {allowed}");
        }
    }
}

#[test]
fn letters_are_counted_and_not_bytes() {
    assert!(near("дмитрий", 1, "димтрий"));
    assert!(near("дмитрий", 1, "дмитри"));
    assert!(!near("дмитрий", 1, "дмитр"));
}

#[test]
fn what_was_swapped_is_not_changed_once_more() {
    assert!(!near("ca", 2, "abc"));
    assert!(near("ca", 2, "ac"));
}

#[test]
fn a_word_as_long_as_words_can_be_is_near_to_its_like() {
    let longest = "x".repeat(WORD_BYTES_MAX);
    assert!(near(&format!("{longest}yz"), 2, &longest));
    assert!(!near(&format!("{longest}yz"), 1, &longest));
    assert!(!near(&format!("{longest}abc"), 2, &longest));
}

/// The same, as it is defined: try every slip.
fn slips_between(word: &[char], other: &[char]) -> usize {
    match (word.split_last(), other.split_last()) {
        (None, _) => other.len(),
        (_, None) => word.len(),
        (Some((a, word_before)), Some((b, other_before))) => {
            let mut least = slips_between(word_before, other_before) + usize::from(a != b);
            least = least.min(slips_between(word_before, other) + 1);
            least = least.min(slips_between(word, other_before) + 1);
            if let ([word @ .., c, d], [other @ .., e, f]) = (word, other)
                && (c, d) == (f, e)
            {
                least = least.min(slips_between(word, other) + 1);
            }
            least
        }
    }
}

proptest! {
    #[test]
    fn slips_are_counted_as_they_are_defined(word in "[abé]{0,6}", other in "[abé]{0,6}") {
        let letters = |text: &str| text.chars().collect::<Vec<_>>();
        let slips = slips_between(&letters(&word), &letters(&other));
        for allowed in 0..=SLIPS_MAX {
            prop_assert_eq!(near(&word, allowed, &other), slips <= usize::from(allowed));
        }
    }
}

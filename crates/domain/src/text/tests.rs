use proptest::prelude::*;

use super::*;

#[test]
fn words_are_runs_of_letters_and_digits_without_case_and_accents() {
    for (text, expected) in [
        ("Refund of ORDER-7", vec!["refund", "of", "order", "7"]),
        ("ann@example.org", vec!["ann", "example", "org"]),
        ("10.1.2.3", vec!["10", "1", "2", "3"]),
        ("naïve CAFÉ", vec!["naive", "cafe"]),
        ("cafe\u{301}", vec!["cafe"]),
        ("İstanbul Straße", vec!["istanbul", "straße"]),
        ("東京 ｆｕｌｌ", vec!["東京", "full"]),
        ("user_name", vec!["user", "name"]),
        ("*** --- ", vec![]),
        ("", vec![]),
    ] {
        assert_eq!(words(text), expected, "{text}");
    }
}

#[test]
fn a_long_word_is_cut_between_characters() {
    let ascii = "x".repeat(WORD_BYTES_MAX + 5);
    assert_eq!(words(&ascii), [&ascii[..WORD_BYTES_MAX]]);
    let wide = "東".repeat(WORD_BYTES_MAX);
    assert_eq!(words(&wide)[0].len(), WORD_BYTES_MAX / 3 * 3);
}

#[test]
fn the_texts_of_an_event_are_bounded() {
    let long = "é".repeat(TEXT_BYTES_MAX);
    let mut texts = Texts::default();
    texts.push("x");
    texts.push(&long);
    texts.push("late");
    let kept: usize = texts.iter().map(str::len).sum();
    assert!(kept <= TEXT_BYTES_MAX && kept > TEXT_BYTES_MAX - 2, "{kept}");

    let mut many = Texts::default();
    (0..TEXTS_MAX + 5).for_each(|_| many.push("a"));
    many.push("");
    assert_eq!(many.iter().count(), TEXTS_MAX);
}

proptest! {
    #[test]
    fn words_of_words_are_the_same_words(text in "\\PC{0,40}") {
        let once = words(&text);
        prop_assert_eq!(words(&once.join(" ")), once.clone());
        for word in once {
            prop_assert!(!word.is_empty() && word.len() <= WORD_BYTES_MAX);
        }
    }

    #[test]
    fn ascii_is_cut_alike_alone_and_among_other_letters(text in "[ -~]{0,40}") {
        let mut among = words(&format!("{text} é"));
        among.pop();
        prop_assert_eq!(words(&text), among);
    }
}

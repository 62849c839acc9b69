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
        ("İstanbul Straße STRASSE", vec!["istanbul", "strasse", "strasse"]),
        ("ΟΔΌΣ οδός", vec!["οδοσ", "οδοσ"]),
        ("ᾼ ﬁn ｆｕｌｌ", vec!["α", "fin", "full"]),
        ("user_name", vec!["user", "name"]),
        ("*** --- ", vec![]),
        ("", vec![]),
    ] {
        assert_eq!(words(text), expected, "{text}");
    }
}

#[test]
fn each_letter_of_a_script_without_spaces_is_a_word() {
    for (text, expected) in [
        ("東京都で2026年", vec!["東", "京", "都", "で", "2026", "年"]),
        ("ログイン,ﾛｸﾞ", vec!["ロ", "グ", "イ", "ン", "ロ", "グ"]),
        ("がか\u{3099}か", vec!["が", "が", "か"]),
        ("v2東京api", vec!["v2", "東", "京", "api"]),
        ("ลืมรหัส", vec!["ล", "ื", "ม", "ร", "ห", "ั", "ส"]),
        ("𠮷野", vec!["𠮷", "野"]),
    ] {
        assert_eq!(words(text), expected, "{text}");
    }
}

#[test]
fn other_scripts_keep_their_words() {
    for (text, expected) in [
        ("서울에서 로그인", vec!["서울에서", "로그인"]),
        ("Дмитрий Йога", vec!["дмитрии", "иога"]),
        ("שָׁלוֹם", vec!["שלום"]),
        ("السَّلَام أحمد", vec!["السلام", "احمد"]),
        ("हिन्दी", vec!["हिनदी"]),
    ] {
        assert_eq!(words(text), expected, "{text}");
    }
}

#[test]
fn a_long_word_is_cut_between_characters() {
    let ascii = "x".repeat(WORD_BYTES_MAX + 5);
    assert_eq!(words(&ascii), [&ascii[..WORD_BYTES_MAX]]);
    let wide = "ह".repeat(WORD_BYTES_MAX);
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
        prop_assert_eq!(words(&joined(&once)), once.clone());
        for word in once {
            prop_assert!(!word.is_empty() && word.len() <= WORD_BYTES_MAX);
        }
    }

    #[test]
    fn a_part_of_a_text_without_spaces_is_a_phrase_of_it(
        text in "[東京都がログไทย]{1,12}", from in 0_usize..12, length in 1_usize..6,
    ) {
        let part: String = text.chars().skip(from).take(length).collect();
        let (all, asked) = (words(&text), words(&part));
        prop_assert!(asked.is_empty() || all.windows(asked.len()).any(|found| found == asked));
    }

    #[test]
    fn ascii_is_cut_alike_alone_and_among_other_letters(text in "[ -~]{0,40}") {
        let mut among = words(&format!("{text} é"));
        among.pop();
        prop_assert_eq!(words(&text), among);
    }
}

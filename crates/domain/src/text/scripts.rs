//! Which letters stand alone, and which marks count.

/// Whether the letter belongs to a script that puts no space between words: Han, Kana, Bopomofo,
/// Thai, Lao, Khmer, Burmese and their neighbours.
///
/// A letter alone says little, but a phrase of them says exactly what was written, and needs no
/// dictionary that would cut differently one day.
pub(super) fn stands_alone(c: char) -> bool {
    // Most letters are far below the first of these.
    c >= '\u{E01}'
        && matches!(c,
            '\u{0E01}'..='\u{0E3A}' | '\u{0E40}'..='\u{0E4E}' // Thai
            | '\u{0E81}'..='\u{0EBD}' | '\u{0EC0}'..='\u{0ECE}' | '\u{0EDC}'..='\u{0EDF}' // Lao
            | '\u{1000}'..='\u{103F}' | '\u{1050}'..='\u{108F}' // Burmese
            | '\u{1780}'..='\u{17D3}' // Khmer
            | '\u{1950}'..='\u{19CF}' // Tai Le and New Tai Lue
            | '\u{1A20}'..='\u{1A7F}' // Tai Tham
            | '\u{1B00}'..='\u{1B4B}' // Balinese
            | '\u{3005}'..='\u{3007}' | '\u{3021}'..='\u{3029}' | '\u{3031}'..='\u{303C}'
            | '\u{3041}'..='\u{30FF}' // Hiragana and Katakana
            | '\u{3105}'..='\u{312F}' | '\u{31A0}'..='\u{31BF}' // Bopomofo
            | '\u{31F0}'..='\u{31FF}'
            | '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}' // Han
            | '\u{A000}'..='\u{A4CF}' // Yi
            | '\u{A980}'..='\u{A9C0}' // Javanese
            | '\u{F900}'..='\u{FAFF}' // Han that is written otherwise in other places
            | '\u{17000}'..='\u{18DFF}' | '\u{1AFF0}'..='\u{1B2FF}' // Tangut, more Kana, Nüshu
            | '\u{20000}'..='\u{3FFFD}' // rare Han
        )
}

/// Whether the mark makes another letter of Kana: か and が are two.
pub(super) fn is_voicing(c: char) -> bool {
    matches!(c, '\u{3099}' | '\u{309A}')
}

/// Whether the sign may be written or left out without another word coming of it: points of Hebrew
/// and Arabic, the stretched line of Arabic, and the iota below a Greek letter. To Unicode these are
/// letters.
pub(super) fn is_vowel_point(c: char) -> bool {
    matches!(c,
        '\u{0345}' | '\u{0591}'..='\u{05BD}' | '\u{05BF}' | '\u{05C1}'..='\u{05C2}'
        | '\u{05C4}'..='\u{05C5}' | '\u{05C7}' | '\u{0640}' | '\u{064B}'..='\u{065F}' | '\u{0670}'
    )
}

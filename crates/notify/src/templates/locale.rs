//! From a person's language to the nearest that there is.

/// The language of what ships in every part.
pub(super) const LAST: &str = "en";
/// Longer tags are none.
const CHARS_MAX: usize = 35;

/// As templates are filed: `de-at`. None when it is no tag of a language.
pub(super) fn normal(tag: &str) -> Option<String> {
    let well_formed = (1..=CHARS_MAX).contains(&tag.len())
        && tag.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    well_formed.then(|| tag.to_ascii_lowercase().replace('_', "-"))
}

/// The languages to look in, the nearest first: `de-at`, `de`, the operator's, `en`.
pub(super) fn chain(tag: &str, default: &str) -> Vec<String> {
    let mut chain: Vec<String> = Vec::new();
    for tag in [tag, default, LAST].into_iter().filter_map(normal) {
        let ends = tag.match_indices('-').map(|(end, _)| end).rev();
        for end in std::iter::once(tag.len()).chain(ends) {
            if !chain.iter().any(|earlier| earlier == &tag[..end]) {
                chain.push(tag[..end].to_owned());
            }
        }
    }
    chain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_language_goes_first() {
        assert_eq!(chain("de-AT", "fr"), ["de-at", "de", "fr", "en"]);
        assert_eq!(chain("zh_Hant-TW", "en"), ["zh-hant-tw", "zh-hant", "zh", "en"]);
        assert_eq!(chain("en-GB", "en"), ["en-gb", "en"]);
        for none in ["", "../etc", "d e", "ä", &"a".repeat(36)] {
            assert_eq!(chain(none, "de"), ["de", "en"], "{none}");
        }
    }
}

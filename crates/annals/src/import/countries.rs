//! Country codes from the names that some logs write instead.
//!
//! An event holds ISO 3166-1 alpha-2 codes, so that one country has one value in searches and for
//! the detector, whichever system told of it.

/// Code, blank, names separated by `|`.
const COUNTRIES: &str = include_str!("countries.txt");

/// The two-letter code of a country given by code or by English name.
pub(crate) fn code(country: &str) -> Option<String> {
    let country = country.trim();
    if country.len() == 2 && country.bytes().all(|byte| byte.is_ascii_alphabetic()) {
        return Some(country.to_ascii_uppercase());
    }
    COUNTRIES.lines().find_map(|line| {
        let (code, names) = line.split_once(' ')?;
        names.split('|').any(|name| name.eq_ignore_ascii_case(country)).then(|| code.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_codes_become_codes() {
        for (country, expected) in [
            ("United States", Some("US")),
            ("iceland", Some("IS")),
            ("Brazil", Some("BR")),
            ("South Korea", Some("KR")),
            ("us", Some("US")),
            ("Springfield", None),
            ("", None),
        ] {
            assert_eq!(code(country).as_deref(), expected, "{country}");
        }
    }

    #[test]
    fn every_line_of_the_table_is_a_code_and_its_names() {
        for line in COUNTRIES.lines() {
            let (code, names) = line.split_once(' ').unwrap();
            assert!(code.len() == 2 && code.bytes().all(|b| b.is_ascii_uppercase()), "{line}");
            assert!(names.split('|').all(|name| !name.trim().is_empty()), "{line}");
        }
        assert_eq!(COUNTRIES.lines().count(), 249);
    }
}

//! What secrets look like.

use std::borrow::Cow;

use super::rules::Detector;

pub(super) mod assignments;
mod card;
pub(super) mod entropy;
mod glance;
mod iban;
mod ssn;
mod tokens;
mod urls;

pub(super) use glance::Glance;

/// Takes the places of what was found: start and end, in bytes.
type Found<'a> = &'a mut dyn FnMut(usize, usize);

/// Finds what the detector looks for; those by key are in [`assignments`].
pub(super) fn find(detector: Detector, text: &str, glance: &Glance, found: Found<'_>) {
    match detector {
        Detector::Value | Detector::Key | Detector::Entropy => {}
        Detector::UrlPassword if glance.has_colon() => urls::passwords(text, found),
        Detector::PrivateKey if glance.has_fence() => tokens::private_keys(text, found),
        Detector::Jwt if glance.may_hold_token() => tokens::jwts(text, found),
        Detector::Bearer if glance.may_hold_token() => tokens::bearers(text, found),
        Detector::ApiKey if glance.may_hold_token() => tokens::api_keys(text, found),
        Detector::Card if glance.digits() >= card::DIGITS_MIN => card::find(text, found),
        Detector::Ssn if glance.digits() >= ssn::DIGITS => ssn::find(text, found),
        Detector::Iban if glance.digits() >= iban::DIGITS_MIN => iban::find(text, found),
        _ => {}
    }
}

/// One form for all ways to write the same value, so that its pseudonym is the same.
pub(super) fn normal(detector: Detector, value: &str) -> Cow<'_, str> {
    match detector {
        Detector::Card | Detector::Ssn => value.chars().filter(char::is_ascii_digit).collect(),
        Detector::Iban => {
            let letters = value.chars().filter(char::is_ascii_alphanumeric);
            letters.map(|letter| letter.to_ascii_uppercase()).collect()
        }
        // What is compared without regard to case is hidden so, too.
        Detector::Value | Detector::Key => crate::facts::fold(value.trim()).into(),
        _ => value.into(),
    }
}

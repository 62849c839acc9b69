//! The templates that ship with Annals.

/// Language, file name and text of each part of one language.
macro_rules! language {
    ($locale:literal) => {
        [
            part!($locale, "layout.txt"),
            part!($locale, "layout.html"),
            part!($locale, "default.subject"),
            part!($locale, "default.txt"),
            part!($locale, "default.html"),
            part!($locale, "digest.subject"),
            part!($locale, "digest.txt"),
            part!($locale, "digest.html"),
            part!($locale, "security-alert.subject"),
            part!($locale, "security-alert.txt"),
            part!($locale, "security-alert.html"),
            part!($locale, "address-verification.subject"),
            part!($locale, "address-verification.txt"),
            part!($locale, "address-verification.html"),
        ]
    };
}

macro_rules! part {
    ($locale:literal, $name:literal) => {
        ($locale, $name, include_str!(concat!("../../templates/", $locale, "/", $name)))
    };
}

/// All of them.
pub(super) const LANGUAGES: [[(&str, &str, &str); 14]; 2] = [language!("en"), language!("de")];

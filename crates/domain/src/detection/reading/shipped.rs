//! The rules that ship with Annals, as they were when the program was built.

/// File name and text.
pub(super) const FILES: &[(&str, &str)] = &[
    ("accounts.toml", include_str!("../../../../../config/detection/accounts.toml")),
    ("administration.toml", include_str!("../../../../../config/detection/administration.toml")),
    ("annals.toml", include_str!("../../../../../config/detection/annals.toml")),
    ("cloud.toml", include_str!("../../../../../config/detection/cloud.toml")),
    ("data.toml", include_str!("../../../../../config/detection/data.toml")),
    ("streams.toml", include_str!("../../../../../config/detection/streams.toml")),
];

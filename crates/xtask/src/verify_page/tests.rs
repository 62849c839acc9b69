//! The page is whole, and its policy is right for what is in it.

use super::*;

const HTML: &str =
    "<meta '{{script-hash}}' '{{style-hash}}'><style>{{style}}</style><script>{{script}}</script>";

#[test]
fn the_policy_names_the_hashes_of_what_stands_in_the_page() {
    let page = assemble(HTML, "a{}", "const wasm = \"{{wasm}}\";", b"\0asm").unwrap();
    let script = "const wasm = \"AGFzbQ==\";";
    assert_eq!(
        page,
        format!(
            "<meta '{}' '{}'><style>a{{}}</style><script>{script}</script>",
            source_hash(script),
            source_hash("a{}")
        )
    );
}

#[test]
fn a_hash_is_as_browsers_compute_it() {
    // The example of the specification, Content Security Policy Level 3, section 8.3.
    let told = "sha256-qznLcsROx4GACP2dm0UCKCzCG+HiZ1guq6ZZDob/Tng=";
    assert_eq!(source_hash("alert('Hello, world.');"), told);
}

#[test]
fn a_place_that_is_missing_or_there_twice_is_told() {
    assert!(filled("", "style", "").is_err());
    assert!(filled("{{style}}{{style}}", "style", "").is_err());
    assert_eq!(filled("a{{style}}b", "style", "-"), Ok("a-b".to_owned()));
}

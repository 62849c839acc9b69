//! The vectors of RFC 6962's test logs.

use super::*;

fn hex(text: &str) -> Vec<u8> {
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
        .collect()
}

pub(crate) fn vector_leaves() -> Vec<Hash> {
    let entries = [
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    ];
    entries.iter().map(|entry| leaf_hash(&hex(entry))).collect()
}

#[test]
fn leaves_nodes_and_the_empty_tree_have_the_hashes_of_the_rfc() {
    let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    assert_eq!(empty_root().to_string(), empty);
    assert_eq!(root_of(&[]), empty_root());
    let leaf = "395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56";
    assert_eq!(leaf_hash(b"L123456").to_string(), leaf);
    // The published vector hashes strings that are no hashes: 0x01 before both, nothing else.
    let node = "aa217fe888e47007fa15edab33c2b492a722cb106c64667fc2b044444de66bbb";
    assert_eq!(Hash(sha256(b"\x01N123N456")).to_string(), node);
    let (left, right) = (leaf_hash(b"left"), leaf_hash(b"right"));
    let message = [&[1][..], &left.0, &right.0].concat();
    assert_eq!(node_hash(&left, &right), Hash(sha256(&message)));
}

#[test]
fn roots_of_one_to_eight_leaves_are_those_of_the_rfc() {
    let roots = [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];
    let leaves = vector_leaves();
    for (size, root) in (1..).zip(roots) {
        assert_eq!(root_of(&leaves[..size]).to_string(), root, "size {size}");
    }
}

#[test]
fn base64_of_a_hash_is_read_in_its_canonical_form_alone() {
    let hash = leaf_hash(b"");
    let text = hash.to_base64();
    assert_eq!(Hash::from_base64(&text), Some(hash));
    assert_eq!(Hash::from_base64(text.trim_end_matches('=')), None);
    assert_eq!(Hash::from_base64(&format!("{text}=")), None);
    assert_eq!(Hash::from_base64(&text[4..]), None);
    assert_eq!(Hash::from_base64("AAAA"), None);
    // The last character before the padding carries two spare bits.
    assert!(text.ends_with("B0="), "{text}");
    assert_eq!(Hash::from_base64(&text.replace("B0=", "B1=")), None);
}

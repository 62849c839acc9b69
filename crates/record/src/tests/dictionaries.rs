//! The dictionaries are part of the stored form.

use data_encoding::HEXLOWER;

use crate::digest::sha256;

#[test]
fn shipped_dictionaries_never_change() {
    let digest = |bytes: &[u8]| HEXLOWER.encode(&sha256(bytes));
    let headers = digest(include_bytes!("../../dictionaries/headers-1.zdict"));
    let parts = digest(include_bytes!("../../dictionaries/parts-1.zdict"));
    assert_eq!(headers, "939a5f01c16e5a3e6ae6ea83dd7f207dac528244c3a05945b2c7eb65c4b6fbf8");
    assert_eq!(parts, "0958c0cdcb40bbfd08003cb59b9c3c2d5a34aef5c79a5e5ef3078c36f75235fb");
}

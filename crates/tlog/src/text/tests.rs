//! One text a number, one text a string of bytes.

use super::*;

#[test]
fn a_number_has_one_text() {
    assert_eq!(parse_decimal("0"), Some(0));
    assert_eq!(parse_decimal("18446744073709551615"), Some(u64::MAX));
    for wrong in ["", "00", "01", "+1", "-1", " 1", "1 ", "1e3", "18446744073709551616", "١"] {
        assert_eq!(parse_decimal(wrong), None, "{wrong:?}");
    }
    assert_eq!(parse_size("9223372036854775807"), Some(SIZE_MAX));
    assert_eq!(parse_size("9223372036854775808"), None);
}

#[test]
fn base64_is_refused_beyond_its_limit_and_with_spare_bits() {
    assert_eq!(decode_base64("", 0), Some(Vec::new()));
    assert_eq!(decode_base64("YQ==", 1), Some(b"a".to_vec()));
    for wrong in ["YR==", "YQ=", "YQ", "YQ==\n", "YW==", "Y Q=", "Y-==", "YWI="] {
        assert_eq!(decode_base64(wrong, 1), None, "{wrong:?}");
    }
}

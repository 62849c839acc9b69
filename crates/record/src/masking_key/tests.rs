use crate::keys::TenantKey;

#[test]
fn a_pseudonym_is_the_same_for_the_same_rule_and_value_under_one_key_alone() {
    let key = TenantKey::of_one_key(&[7; 32]).masking_key();
    let pseudonym = key.pseudonym("card", "4111111111111111");
    assert_eq!(pseudonym.len(), 26);
    assert!(pseudonym.bytes().all(|b| b.is_ascii_lowercase() || (b'2'..=b'7').contains(&b)));
    assert_eq!(pseudonym, key.pseudonym("card", "4111111111111111"));
    let others = [
        key.pseudonym("card", "4111111111111112"),
        key.pseudonym("card4", "111111111111111"),
        TenantKey::of_one_key(&[8; 32]).masking_key().pseudonym("card", "4111111111111111"),
    ];
    assert!(!others.contains(&pseudonym));
}

#[test]
fn the_pseudonym_is_the_one_that_another_program_computes() {
    let key = TenantKey::of_one_key(&[7; 32]).masking_key();
    assert_eq!(key.pseudonym("card", "4111111111111111"), "z5rublceue6fvvx32l4hmyxfm4");
}

use super::*;

#[test]
fn the_leftmost_verb_decides() {
    for (name, expected) in [
        ("update_function_configuration", Some(Operation::Update)),
        ("batch_get_secret_value", Some(Operation::Read)),
        ("console_login", Some(Operation::Login)),
        ("attach_role_policy", Some(Operation::Grant)),
        ("attach_internet_gateway", Some(Operation::Update)),
        ("remove_permission", Some(Operation::Revoke)),
        ("remove_trusted_domains", Some(Operation::Delete)),
        ("authorize_security_group_ingress", Some(Operation::Grant)),
        ("schedule_key_deletion", Some(Operation::Delete)),
        ("disable_two_factor_requirement", Some(Operation::Update)),
        ("evaluate_sign_on", None),
        ("", None),
    ] {
        assert_eq!(named_by(name), expected, "{name}");
    }
}

use super::*;

#[test]
fn action_names_become_words() {
    for (name, expected) in [
        ("ConsoleLogin", "console_login"),
        ("ModifyDBInstance", "modify_db_instance"),
        ("SendSSHPublicKey", "send_ssh_public_key"),
        ("ListWebACLs", "list_web_acls"),
        ("CreateIPSet", "create_ip_set"),
        ("ListObjectsV2", "list_objects_v2"),
        ("CREATE_APPLICATION_SETTING", "create_application_setting"),
        ("2sv_enroll", "2sv_enroll"),
        ("suspicious_login ", "suspicious_login"),
        ("route53resolver", "route53resolver"),
        ("compute-optimizer", "compute_optimizer"),
        ("école", "cole"),
        ("", ""),
    ] {
        assert_eq!(snake(name), expected, "{name}");
    }
}

#[test]
fn dotted_actions_keep_their_dots() {
    assert_eq!(dotted("user.session.start"), "user.session.start");
    assert_eq!(dotted("Repo..Create."), "repo.create");
}

#[test]
fn the_api_version_behind_a_name_is_dropped() {
    assert_eq!(without_api_version("UpdateFunctionCode20150331v2"), "UpdateFunctionCode");
    assert_eq!(without_api_version("ListFunctions20150331"), "ListFunctions");
    assert_eq!(without_api_version("ListObjectsV2"), "ListObjectsV2");
    assert_eq!(without_api_version("20150331"), "20150331");
    assert_eq!(without_api_version("Receive"), "Receive");
}

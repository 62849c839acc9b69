use super::*;

#[test]
fn tenant_names_are_short_lower_case_words() {
    let longest = "a".repeat(63);
    for name in ["acme", "a", "9lives", "a-b_c", &longest] {
        assert_eq!(TenantId::new(name).unwrap().as_str(), name);
    }
    let too_long = "a".repeat(64);
    for name in ["", "-a", "_a", "Acme", "a b", "a.b", "ä", "a/b", &too_long] {
        assert!(TenantId::new(name).is_err(), "{name}");
        assert!(serde_json::from_value::<TenantId>(name.into()).is_err(), "{name}");
    }
}

#[test]
fn stream_names_tell_their_kind_and_tenant() {
    let tenant = TenantId::new("acme").unwrap();
    assert_eq!(StreamName::person(&tenant, "x1").as_str(), "person-acme.x1");
    assert_eq!(StreamName::service(&tenant, "x1").as_str(), "service-acme.x1");
    assert_eq!(StreamName::tenant(&tenant).as_str(), "system-acme");
}

use super::*;

fn users(keeper: Option<&str>) -> Users {
    Users { writer: "annals".into(), keeper: keeper.map(str::to_owned) }
}

fn reasons(settings: Value) -> Vec<String> {
    match judge(&settings) {
        Rights::Wide { reasons } => reasons,
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_setup_writes_is_narrow() {
    for keeper in [None, Some("annals-keeper")] {
        let rights = default_rights(&users(keeper));
        assert_eq!(judge(&rights), Rights::Narrow { writers: vec!["annals".into()] });
        assert!(protect_records(rights.to_string().as_bytes()));
    }
}

#[test]
fn a_server_without_settings_is_wide() {
    assert_eq!(reasons(Value::Null).len(), 3, "append, delete, cut");
    assert!(!protect_records(b"not JSON"));
}

#[test]
fn each_right_that_is_too_wide_is_named() {
    let with = |right: &str, names: Value| {
        let mut rights = default_rights(&users(None));
        rights["$userStreamAcl"][right] = names;
        reasons(rights)
    };
    assert!(with("$w", json!(["annals", "other"]))[0].contains("other"));
    assert!(with("$w", json!("$all"))[0].contains("append"));
    assert!(with("$d", json!(["$all"]))[0].contains("delete"));
    assert!(with("$mw", json!(["annals"]))[0].contains("cut"), "the writer itself must not");
    assert!(with("$mw", Value::Null)[0].contains("cut"), "what is not there is given to all");
}

#[test]
fn readers_are_added_to_the_metadata_that_is_there() {
    let readers = json!(["annals", "$admins"]);
    let metadata = with_readers(json!({ "$maxAge": 5, "$acl": { "$w": "$admins" } }), &readers);
    let expected =
        json!({ "$maxAge": 5, "$acl": { "$w": "$admins", "$r": ["annals", "$admins"] } });
    assert_eq!(metadata, expected);
    assert_eq!(with_readers(Value::Null, &readers), json!({ "$acl": { "$r": readers } }));
}

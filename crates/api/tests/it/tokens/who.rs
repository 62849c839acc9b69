//! Vectors: who a token is of, for whom, and from whom.

use serde_json::{Value, json};

use super::world::{AUDIENCE, Expected, ISSUER, Vector, World, accepted, refused};

pub(super) fn vectors(world: &World) -> Vec<Vector> {
    [provenance(world), subjects(world), tenants(world), roles(world)]
        .into_iter()
        .flatten()
        .collect()
}

fn provenance(world: &World) -> Vec<Vector> {
    let iss = |value: Value| world.with(json!({ "iss": value }));
    let aud = |value: Value| world.with(json!({ "aud": value }));
    vec![
        refused("iss absent", iss(Value::Null)),
        refused("iss of another", iss(json!("https://evil.example"))),
        refused("iss with a slash behind", iss(json!(format!("{ISSUER}/")))),
        refused("iss in capitals", iss(json!(ISSUER.to_uppercase()))),
        refused("iss with more behind", iss(json!(format!("{ISSUER}.evil.example")))),
        refused("iss a list with the right one", iss(json!([ISSUER]))),
        refused("iss a number", iss(json!(1))),
        accepted("aud a list of one", aud(json!([AUDIENCE]))),
        accepted("aud a list with the right one", aud(json!(["other", AUDIENCE]))),
        refused("aud absent", aud(Value::Null)),
        refused("aud of another", aud(json!("other"))),
        refused("aud empty", aud(json!(""))),
        refused("aud a list of others", aud(json!(["other", "another"]))),
        refused("aud an empty list", aud(json!([]))),
        refused("aud a list with a number", aud(json!([AUDIENCE, 17]))),
        refused("aud a list of a list", aud(json!([[AUDIENCE]]))),
        refused("aud an object", aud(json!({ AUDIENCE: true }))),
        refused("aud in capitals", aud(json!(AUDIENCE.to_uppercase()))),
        refused("aud separated by blanks", aud(json!(format!("other {AUDIENCE}")))),
    ]
}

fn subjects(world: &World) -> Vec<Vector> {
    let sub = |value: Value| world.with(json!({ "sub": value }));
    let jti = |value: Value| world.with(json!({ "jti": value }));
    vec![
        accepted("sub of 512 bytes", sub(json!("s".repeat(512)))),
        accepted("sub in any script", sub(json!("安娜"))),
        refused("sub absent", sub(Value::Null)),
        refused("sub empty", sub(json!(""))),
        refused("sub of 513 bytes", sub(json!("s".repeat(513)))),
        refused("sub of 513 bytes, in fewer letters", sub(json!("é".repeat(257)))),
        refused("sub with NUL", sub(json!("a\u{0}b"))),
        refused("sub with a line end", sub(json!("a\r\nb"))),
        refused("sub with DEL", sub(json!("a\u{7f}b"))),
        refused("sub with a C1 control", sub(json!("a\u{85}b"))),
        refused("sub a number", sub(json!(17))),
        refused("sub a list", sub(json!(["ann"]))),
        refused("sub an unpaired surrogate", {
            let rest = format!(r#""tenant":"acme","roles":["user"],"exp":{}"#, world.now + 600);
            world.with_text(&format!(r#""sub":"\ud800",{rest}"#))
        }),
        refused("sub twice", {
            let rest = format!(r#""tenant":"acme","roles":["user"],"exp":{}"#, world.now + 600);
            world.with_text(&format!(r#""sub":"ann","sub":"root",{rest}"#))
        }),
        refused("an unknown claim twice", {
            let who = r#""sub":"ann","tenant":"acme","roles":["user"],"x":1,"x":2"#;
            world.with_text(&format!(r#"{who},"exp":{}"#, world.now + 600))
        }),
        accepted("an unknown claim", world.with(json!({ "scope": "a b", "admin": true }))),
        accepted("jti", jti(json!("7b1c"))),
        refused("jti empty", jti(json!(""))),
        refused("jti of 513 bytes", jti(json!("j".repeat(513)))),
        refused("jti with a line end", jti(json!("a\nb"))),
        refused("jti a number", jti(json!(7))),
    ]
}

fn tenants(world: &World) -> Vec<Vector> {
    let tenant = |value: Value| world.with(json!({ "tenant": value }));
    vec![
        accepted("tenant a list of one", tenant(json!(["acme"]))),
        refused("tenant absent", tenant(Value::Null)),
        refused("tenant empty", tenant(json!(""))),
        refused("tenant an empty list", tenant(json!([]))),
        refused("tenant in capitals", tenant(json!("ACME"))),
        refused("tenant with a path", tenant(json!("../acme"))),
        refused("tenant with NUL", tenant(json!("acme\u{0}"))),
        refused("tenant in letters that look alike", tenant(json!("аcme"))),
        refused("tenant of 64 bytes", tenant(json!("a".repeat(64)))),
        refused("tenant a list with a bad one", tenant(json!(["acme", "B"]))),
        refused("tenant a star", tenant(json!("*"))),
        refused("tenant a number", tenant(json!(1))),
        refused("tenant an object", tenant(json!({ "id": "acme" }))),
        refused("tenant twice", {
            let rest = format!(r#""sub":"ann","roles":["user"],"exp":{}"#, world.now + 600);
            world.with_text(&format!(r#""tenant":"acme","tenant":"globex",{rest}"#))
        }),
    ]
}

fn roles(world: &World) -> Vec<Vector> {
    let roles = |value: Value| world.with(json!({ "roles": value }));
    let powerless = |name: &str, value: Value| {
        let expected = Expected::Powerless;
        Vector { name: name.into(), token: roles(value), expected }
    };
    vec![
        powerless("roles empty", json!([])),
        powerless("roles unknown", json!(["superuser", "Admin", "ADMIN", "admin ", "", "*"])),
        accepted("roles known and unknown", roles(json!(["superuser", "user"]))),
        refused("roles absent", roles(Value::Null)),
        refused("roles text", roles(json!("admin"))),
        refused("roles text with several", roles(json!("user admin"))),
        refused("roles of numbers", roles(json!([1]))),
        refused("roles an object", roles(json!({ "admin": true }))),
        refused("roles of lists", roles(json!([["admin"]]))),
        refused("roles twice", {
            let rest = format!(r#""sub":"ann","tenant":"acme","exp":{}"#, world.now + 600);
            world.with_text(&format!(r#""roles":["user"],"roles":["admin"],{rest}"#))
        }),
    ]
}

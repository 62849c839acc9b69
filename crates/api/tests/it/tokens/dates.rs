//! Vectors: when a token holds, to the second.

use serde_json::{Value, json};

use super::world::{SKEW, Vector, World, accepted, refused};

pub(super) fn vectors(world: &World) -> Vec<Vector> {
    let now = world.now;
    let exp = |value: Value| world.with(json!({ "exp": value }));
    let nbf = |value: Value| world.with(json!({ "nbf": value }));
    let iat = |value: Value| world.with(json!({ "iat": value }));
    let text = |member: &str| {
        let who = r#""sub":"ann","tenant":"acme","roles":["user"]"#;
        world.with_text(&format!("{who},{member}"))
    };
    vec![
        accepted("exp ahead", exp(json!(now + 1))),
        accepted("exp now, within the skew", exp(json!(now))),
        accepted("exp at the last second of the skew", exp(json!(now - SKEW + 1))),
        refused("exp at the skew", exp(json!(now - SKEW))),
        refused("exp a second past the skew", exp(json!(now - SKEW - 1))),
        refused("exp long ago", exp(json!(1))),
        refused("exp 0", exp(json!(0))),
        refused("exp negative", exp(json!(-1))),
        refused("exp the negative of a good one", exp(json!(-(now + 600)))),
        refused("exp absent", exp(Value::Null)),
        refused("exp null", text(r#""exp":null"#)),
        refused("exp text", exp(json!((now + 600).to_string()))),
        refused("exp a date as text", exp(json!("2099-01-01T00:00:00Z"))),
        refused("exp list", exp(json!([now + 600]))),
        refused("exp object", exp(json!({}))),
        refused("exp true", exp(json!(true))),
        accepted("exp with a fraction", exp(json!((now + 600) as f64 + 0.25))),
        refused("exp in milliseconds", exp(json!((now + 600) * 1000))),
        refused("exp beyond i64", text(r#""exp":99999999999999999999"#)),
        refused("exp the largest i64", exp(json!(i64::MAX))),
        refused("exp the largest u64", exp(json!(u64::MAX))),
        refused("exp 1e300", text(r#""exp":1e300"#)),
        refused("exp 1e999", text(r#""exp":1e999"#)),
        refused("exp -0.0", text(r#""exp":-0.0"#)),
        refused("exp NaN", text(r#""exp":NaN"#)),
        refused("exp in hexadecimal", text(r#""exp":0x7fffffff"#)),
        refused("exp with a plus", text(&format!(r#""exp":+{}"#, now + 600))),
        refused("exp with a zero before", text(&format!(r#""exp":0{}"#, now + 600))),
        refused("exp twice, the first past", text(&format!(r#""exp":1,"exp":{}"#, now + 600))),
        refused("exp twice, the second past", text(&format!(r#""exp":{},"exp":1"#, now + 600))),
        refused("exp twice, once escaped", {
            text(&format!(r#""exp":{0},"\u0065xp":{0}"#, now + 600))
        }),
        accepted("nbf past", nbf(json!(now - 600))),
        accepted("nbf now", nbf(json!(now))),
        accepted("nbf at the skew", nbf(json!(now + SKEW))),
        refused("nbf a second past the skew", nbf(json!(now + SKEW + 1))),
        refused("nbf text", nbf(json!("0"))),
        refused("nbf list", nbf(json!([]))),
        refused("nbf negative", nbf(json!(-1))),
        refused("nbf 1e300", nbf(json!(1e300))),
        accepted("iat absent", iat(Value::Null)),
        accepted("iat long past", iat(json!(1))),
        accepted("iat at the skew", iat(json!(now + SKEW))),
        refused("iat a second past the skew", iat(json!(now + SKEW + 1))),
        refused("iat text", iat(json!("now"))),
        refused("iat list", iat(json!([1]))),
        refused("iat negative", iat(json!(-1))),
    ]
}

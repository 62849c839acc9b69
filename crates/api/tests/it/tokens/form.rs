//! Vectors: how a token is written.

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE};
use serde_json::json;

use super::world::{Vector, World, accepted, base64, refused};
use crate::support::SECRET;

pub(super) fn vectors(world: &World) -> Vec<Vector> {
    let good = world.with(json!({}));
    let [header, claims, signature] = *good.split('.').collect::<Vec<_>>() else {
        panic!("a token has three parts")
    };
    // Claims whose text needs the letters in which the two alphabets differ, and padding.
    let marked = world.claims(json!({ "mark": "???>>>~~~" }));
    let standard = STANDARD_NO_PAD.encode(&marked);
    assert!(standard.contains(['+', '/']));
    // The signature's last letter has two bits to spare: lax decoders read the next letter the same.
    let spare_bits = {
        let last = good.chars().last().unwrap();
        let next = char::from_u32(u32::from(last) + 1).unwrap();
        format!("{}{next}", &good[..good.len() - 1])
    };
    vec![
        accepted("as it should be", good.clone()),
        refused("empty", String::new()),
        refused("one part", "abc".into()),
        refused("two parts", format!("{header}.{claims}")),
        refused("four parts", format!("{good}.{signature}")),
        refused("a dot behind", format!("{good}.")),
        refused("a dot before", format!(".{good}")),
        refused("only dots", "..".into()),
        refused("no header", format!(".{claims}.{signature}")),
        refused("no claims", format!("{header}..{signature}")),
        refused("no signature", format!("{header}.{claims}.")),
        refused("five parts, as encrypted tokens have", format!("{good}.{signature}.{signature}")),
        refused("an encrypted token", {
            let header = base64(r#"{"alg":"dir","enc":"A256GCM"}"#);
            format!("{header}..{}.{}.{}", base64([1; 12]), base64([2; 40]), base64([3; 16]))
        }),
        refused("JSON instead of the compact form", {
            json!({ "payload": claims, "protected": header, "signature": signature }).to_string()
        }),
        refused("padding behind the header", format!("{header}=.{claims}.{signature}")),
        refused("padding behind the signature", format!("{good}=")),
        refused("padded, and so signed", {
            let parts = [r#"{"alg":"HS256" }"#, &marked].map(|part| URL_SAFE.encode(part));
            assert!(parts.concat().contains('='));
            signed_as_it_is(&parts.join("."))
        }),
        refused("the other base64 alphabet, and so signed", {
            signed_as_it_is(&format!("{header}.{standard}"))
        }),
        refused("spare bits of the last letter set", spare_bits),
        refused("not base64", format!("{header}.{claims}.***")),
        refused("a blank inside", format!("{header}. {claims}.{signature}")),
        refused(
            "a blank inside a part",
            format!("{header}.{} {}.{signature}", &claims[..8], &claims[8..]),
        ),
        refused("a tabulator inside", format!("{header}.\t{claims}.{signature}")),
        refused("a comma and another token behind", format!("{good},{good}")),
        refused("bytes behind the signature", format!("{good}AAAA")),
        refused("letters that are not ASCII", format!("{header}.{claims}.{signature}é")),
        refused("percent-encoded", good.replace('.', "%2E")),
        refused("quoted", format!("\"{good}\"")),
        refused("64 kB", format!("{header}.{}.{signature}", "A".repeat(64 * 1024))),
        refused("well signed, but over 8 KiB", world.with(json!({ "x": "x".repeat(6200) }))),
        accepted("well signed, and under 8 KiB", world.with(json!({ "x": "x".repeat(5600) }))),
        refused("header is no JSON", world.under("nonsense")),
        refused("header is a list", world.under(r#"["HS256"]"#)),
        refused("header is not UTF-8", {
            let header = base64(b"{\"alg\":\"HS256\",\"x\":\"\xff\"}");
            signed_as_it_is(&format!("{header}.{claims}"))
        }),
        refused("a byte order mark before the header's JSON", {
            world.under("\u{feff}{\"alg\":\"HS256\"}")
        }),
        refused("something behind the header's JSON", world.under(r#"{"alg":"HS256"} {}"#)),
        refused("claims are no JSON", world.hs256(r#"{"alg":"HS256"}"#, "nonsense")),
        refused("claims are a list", world.hs256(r#"{"alg":"HS256"}"#, "[1]")),
        refused("claims are null", world.hs256(r#"{"alg":"HS256"}"#, "null")),
        refused("claims are empty", world.hs256(r#"{"alg":"HS256"}"#, "")),
        refused("claims nest without end", {
            let deep = format!("\"x\":{}{}", "[".repeat(2000), "]".repeat(2000));
            let who = r#""sub":"ann","tenant":"acme","roles":["user"]"#;
            world.with_text(&format!("{who},\"exp\":{},{deep}", world.now + 600))
        }),
        refused("a token in the token", world.hs256(r#"{"alg":"HS256","cty":"JWT"}"#, &good)),
    ]
}

/// A token of these parts, well signed however they are written.
fn signed_as_it_is(message: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET);
    format!("{message}.{}", base64(hmac::sign(&key, message.as_bytes())))
}

//! Vectors: the algorithm that a header names, against the one that its key is for.

use aws_lc_rs::signature::{RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RSA_PSS_SHA256, RsaEncoding};
use serde_json::json;

use super::world::{Vector, World, accepted, base64, pem, refused};
use crate::support::signed;

pub(super) fn vectors(world: &World) -> Vec<Vector> {
    let good = world.good();
    let claims = base64(&good);
    let mut vectors = vec![
        accepted("HS256", world.hs256(r#"{"alg":"HS256"}"#, &good)),
        accepted("RS256", world.rs256(r#"{"alg":"RS256","kid":"rs256"}"#, &good)),
        accepted("ES256", world.es256(r#"{"alg":"ES256","kid":"es256"}"#, &good)),
        accepted("EdDSA", world.eddsa(r#"{"alg":"EdDSA","kid":"eddsa"}"#, &good)),
        accepted(
            "Ed25519, its newer name",
            world.eddsa(r#"{"alg":"Ed25519","kid":"eddsa"}"#, &good),
        ),
        refused("alg missing", world.under(r#"{"typ":"JWT"}"#)),
    ];
    for none in ["none", "None", "NONE", "nOnE", "none ", ""] {
        let header = json!({ "alg": none }).to_string();
        let unsigned = format!("{}.{claims}", base64(&header));
        vectors.push(refused(format!("alg {none:?}, signed"), world.under(&header)));
        vectors.push(refused(format!("alg {none:?}, unsigned"), format!("{unsigned}.")));
        vectors.push(refused(format!("alg {none:?}, two parts"), unsigned));
    }
    for alg in [json!(null), json!(["HS256"]), json!(256), json!(true), json!({ "HS256": 1 })] {
        let header = json!({ "alg": alg }).to_string();
        vectors.push(refused(format!("alg {alg}"), world.under(&header)));
    }
    for alg in ["hs256", "HS256\0", " HS256", "HS384", "HS512", "HMAC", "SHA256", "PS256", "ES256K"]
    {
        let header = json!({ "alg": alg }).to_string();
        vectors.push(refused(format!("alg {alg:?} for a HS256 signature"), world.under(&header)));
    }
    // What one key signed, under the name of another algorithm, with either key's name.
    type Sign<'a> = (&'a str, &'a dyn Fn(&str) -> String);
    let sign: [Sign<'_>; 4] = [
        ("HS256", &|header| world.hs256(header, &good)),
        ("RS256", &|header| world.rs256(header, &good)),
        ("ES256", &|header| world.es256(header, &good)),
        ("EdDSA", &|header| world.eddsa(header, &good)),
    ];
    for (with, sign) in &sign {
        for under in ["HS256", "RS256", "ES256", "EdDSA"].iter().filter(|under| *under != with) {
            for kid in [with.to_lowercase(), under.to_lowercase()] {
                let header = json!({ "alg": under, "kid": kid }).to_string();
                let name = format!("{with} signature as {under}, kid {kid}");
                vectors.push(refused(name, sign(&header)));
            }
        }
    }
    vectors.extend(public_keys_as_secrets(world));
    let rsa: [(&str, &'static dyn RsaEncoding); 3] =
        [("PS256", &RSA_PSS_SHA256), ("RS384", &RSA_PKCS1_SHA384), ("RS512", &RSA_PKCS1_SHA512)];
    for (alg, how) in rsa {
        for under in [alg, "RS256"] {
            let header = json!({ "alg": under, "kid": "rs256" }).to_string();
            let name = format!("{alg} signature as {under}");
            vectors.push(refused(name, world.rsa(how, &header, &good)));
        }
    }
    vectors
}

/// Everybody knows the public keys: none of them may do for a secret, in whatever form.
fn public_keys_as_secrets(world: &World) -> Vec<Vector> {
    let mut vectors = Vec::new();
    for (algorithm, der) in world.public_keys() {
        let kid = algorithm.to_lowercase();
        let text = pem(&der);
        let forms: [(&str, &[u8]); 4] = [
            ("PEM", text.as_bytes()),
            ("trimmed PEM", text.as_bytes().trim_ascii()),
            ("DER", &der),
            ("base64", text.lines().nth(1).unwrap().as_bytes()),
        ];
        for (form, secret) in forms {
            for alg in ["HS256", algorithm] {
                let header = json!({ "alg": alg, "kid": kid }).to_string();
                let name = format!("HMAC with the {form} of the {algorithm} key, as {alg}");
                vectors.push(refused(name, signed(&header, &world.good(), secret)));
            }
        }
    }
    vectors
}

//! Vectors: signatures that are nearly right.

use serde_json::json;

use super::world::{Vector, World, accepted, refused, resigned, sign};
use crate::support::{SECRET, signed};

/// The order of Ed25519's group, the lowest byte first: adding it to the second half of a signature
/// gives another that careless libraries take.
const ED25519_ORDER: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];
/// The order of P-256's group, the highest byte first.
const P256_ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6,
    0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
];

pub(super) fn vectors(world: &World) -> Vec<Vector> {
    let good = world.good();
    let hs = world.hs256(r#"{"alg":"HS256"}"#, &good);
    let rs = world.rs256(r#"{"alg":"RS256","kid":"rs256"}"#, &good);
    let es_header = r#"{"alg":"ES256","kid":"es256"}"#;
    let es = world.es256(es_header, &good);
    let ed = world.eddsa(r#"{"alg":"EdDSA","kid":"eddsa"}"#, &good);
    let mut vectors = Vec::new();
    for (alg, token) in [("HS256", &hs), ("RS256", &rs), ("ES256", &es), ("EdDSA", &ed)] {
        let changed = |what: &str, change: fn(Vec<u8>) -> Vec<u8>| {
            refused(format!("{alg}, {what}"), resigned(token, change))
        };
        vectors
            .push(accepted(format!("{alg}, the signature as it is"), resigned(token, |old| old)));
        vectors.push(changed("no signature", |_| Vec::new()));
        vectors.push(changed("one byte less", |mut s| {
            s.pop();
            s
        }));
        vectors.push(changed("the first byte less", |s| s[1..].to_vec()));
        vectors.push(changed("half of it", |s| s[..s.len() / 2].to_vec()));
        vectors.push(changed("a zero behind", |s| [&s[..], &[0]].concat()));
        vectors.push(changed("a zero before", |s| [&[0], &s[..]].concat()));
        vectors.push(changed("twice", |s| [&s[..], &s[..]].concat()));
        vectors.push(changed("all zero", |s| vec![0; s.len()]));
        vectors.push(changed("all ones", |s| vec![0xff; s.len()]));
        vectors.push(changed("the first bit changed", |mut s| {
            s[0] ^= 0x80;
            s
        }));
        vectors.push(changed("the last bit changed", |mut s| {
            *s.last_mut().unwrap() ^= 1;
            s
        }));
        vectors.push(refused(format!("{alg}, the claims of another"), {
            let [header, _, signature] = *token.split('.').collect::<Vec<_>>() else { panic!() };
            let admin = super::world::base64(world.claims(json!({ "roles": ["admin"] })));
            format!("{header}.{admin}.{signature}")
        }));
    }
    let halves = |r: [u8; 32], s: [u8; 32]| [r, s].concat();
    let mut one = [0; 32];
    one[31] = 1;
    vectors.extend([
        refused("ES256, written as DER", world.es256_der(es_header, &good)),
        refused("ES256, r = 0", resigned(&es, |old| [&[0; 32], &old[32..]].concat())),
        refused("ES256, s = 0", resigned(&es, |old| [&old[..32], &[0; 32]].concat())),
        refused("ES256, r = s = 1", resigned(&es, |_| halves(one, one))),
        refused("ES256, r = s = the order", resigned(&es, |_| halves(P256_ORDER, P256_ORDER))),
        refused("ES256, r = 1, s = the order", resigned(&es, |_| halves(one, P256_ORDER))),
        refused("ES256, r and s exchanged", {
            resigned(&es, |old| [&old[32..], &old[..32]].concat())
        }),
        refused("EdDSA, the order added to s", resigned(&ed, with_order_added)),
        refused("EdDSA, a point of small order and s = 0", {
            resigned(&ed, |_| {
                [one.map(|b| b).iter().rev().copied().collect(), vec![0; 32]].concat()
            })
        }),
        refused("HS256 with another secret", signed(r#"{"alg":"HS256"}"#, &good, b"another")),
        refused("HS256 with an empty secret", signed(r#"{"alg":"HS256"}"#, &good, b"")),
        refused("HS256 with the secret and a line end", {
            signed(r#"{"alg":"HS256"}"#, &good, &[&SECRET[..], b"\n"].concat())
        }),
        refused("signed with another provider's keys", {
            let other = World::new();
            other.es256(es_header, &good)
        }),
        refused("the signature of another message", {
            let other = world
                .eddsa(r#"{"alg":"EdDSA","kid":"eddsa"}"#, &world.claims(json!({ "sub": "b" })));
            let signature = other.rsplit_once('.').unwrap().1;
            format!("{}.{signature}", ed.rsplit_once('.').unwrap().0)
        }),
        refused("the digest for the signature", {
            sign(r#"{"alg":"HS256"}"#, &good, |message| {
                aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, message).as_ref().to_vec()
            })
        }),
    ]);
    vectors
}

fn with_order_added(mut signature: Vec<u8>) -> Vec<u8> {
    let mut carry = 0;
    for (byte, order) in signature[32..].iter_mut().zip(ED25519_ORDER) {
        let sum = u16::from(*byte) + u16::from(order) + carry;
        [*byte, _] = sum.to_le_bytes();
        carry = sum >> 8;
    }
    assert_eq!(carry, 0);
    signature
}

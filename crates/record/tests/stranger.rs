//! A reader written by the README alone, without this crate: the stored form is what it says.

#![expect(clippy::unwrap_used, reason = "a test that cannot read its vectors is to fail")]

use std::collections::BTreeMap;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::hmac;
use data_encoding::{BASE32_NOPAD, BASE64URL_NOPAD, HEXLOWER};
use serde_json::Value;

const HEADERS: &[u8] = include_bytes!("../dictionaries/headers-1.zdict");
const PARTS: &[u8] = include_bytes!("../dictionaries/parts-1.zdict");
const NAMES: [&str; 12] = [
    "actor",
    "changes",
    "client",
    "description",
    "justification",
    "labels",
    "metadata",
    "on_behalf_of",
    "outcome",
    "session",
    "subject",
    "targets",
];

fn sha256(bytes: &[u8]) -> Vec<u8> {
    digest(&SHA256, bytes).as_ref().to_vec()
}

/// Reads bytes from the front.
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn take(&mut self, length: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(length);
        self.0 = rest;
        taken
    }

    fn byte(&mut self) -> u8 {
        self.take(1)[0]
    }

    fn length(&mut self) -> usize {
        let byte = usize::from(self.byte());
        if byte < 128 { byte } else { byte - 128 + 128 * self.length() }
    }
}

struct Packed<'a> {
    text: Vec<u8>,
    raw: Bytes<'a>,
}

impl<'a> Packed<'a> {
    fn read(bytes: &mut Bytes<'a>, dictionary: &[u8]) -> Self {
        let length = bytes.length();
        let raw = Bytes(bytes.take(length));
        let frame = [&[0x28, 0xb5, 0x2f, 0xfd], bytes.0].concat();
        let mut decompressor = zstd::bulk::Decompressor::with_dictionary(dictionary).unwrap();
        Self { text: decompressor.decompress(&frame, 1024 * 1024).unwrap(), raw }
    }

    fn unpack(&mut self, text: &[u8], pseudonym: &str) -> String {
        let mut out = Vec::new();
        for byte in text {
            match byte {
                1 => out.extend(BASE64URL_NOPAD.encode(self.raw.take(32)).bytes()),
                2 => {
                    let hex = HEXLOWER.encode(self.raw.take(16));
                    let groups = [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]];
                    out.extend(groups.join("-").bytes());
                }
                3 => out.extend(pseudonym.bytes()),
                byte => out.push(*byte),
            }
        }
        String::from_utf8(out).unwrap()
    }
}

/// What a stranger makes of a record: fingerprint, header, and per part the salt and the JSON.
struct Read {
    fingerprint: Vec<u8>,
    header: String,
    parts: BTreeMap<String, (Vec<u8>, String)>,
}

fn read(record: &[u8], key_of: &dyn Fn(&str) -> Vec<u8>) -> Read {
    let (content, checksum) = record.split_at(record.len() - 4);
    assert_eq!(&sha256(content)[..4], checksum);
    let mut bytes = Bytes(content);
    assert_eq!((bytes.byte(), bytes.byte()), (1, 1), "form and dictionaries");
    let fingerprint = bytes.take(16).to_vec();
    let count = bytes.length();
    let mut groups = Vec::new();
    for _ in 0..count {
        let key_id = bytes.take(20);
        let length = bytes.length();
        groups.push((key_id, bytes.take(length).to_vec()));
    }
    let pseudonym = BASE32_NOPAD.encode(groups[0].0).to_lowercase();
    let mut packed = Packed::read(&mut bytes, HEADERS);
    let text = packed.text.clone();
    let header = packed.unpack(&text, &pseudonym);

    let mut associated = sha256(header.as_bytes());
    let nonce: [u8; 12] = associated[..12].try_into().unwrap();
    groups.iter().for_each(|(key_id, _)| associated.extend_from_slice(key_id));
    let mut parts = BTreeMap::new();
    for (key_id, mut ciphertext) in groups {
        let key = key_of(&BASE32_NOPAD.encode(key_id).to_lowercase());
        let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &key).unwrap());
        let nonce = Nonce::assume_unique_for_key(nonce);
        let group = key.open_in_place(nonce, Aad::from(&associated), &mut ciphertext).unwrap();
        read_group(&mut Bytes(group), &mut parts);
    }
    Read { fingerprint, header, parts }
}

fn read_group(group: &mut Bytes<'_>, parts: &mut BTreeMap<String, (Vec<u8>, String)>) {
    assert_eq!(group.byte(), 1, "dictionaries");
    let seed = group.take(16);
    let mut packed = Packed::read(group, PARTS);
    let text = packed.text.clone();
    let mut rest = Bytes(&text);
    while !rest.0.is_empty() {
        let mut name = NAMES[usize::from(rest.byte() - 0x10)].to_owned();
        if name == "on_behalf_of" {
            name = format!("on_behalf_of.{}", rest.byte());
        }
        let is_mark = |byte: &u8| (0x10..0x20).contains(byte);
        let end = rest.0.iter().position(is_mark).unwrap_or(rest.0.len());
        let json = packed.unpack(rest.take(end), "");
        let salt = sha256(&[seed, name.as_bytes()].concat())[..16].to_vec();
        assert!(parts.insert(name, (salt, json)).is_none());
    }
    assert!(packed.raw.0.is_empty());
}

fn check(vector: &str) {
    let vector: Value = serde_json::from_str(vector).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let hex = |value: &Value| HEXLOWER.decode(value.as_str().unwrap().as_bytes()).unwrap();
    let groups = vector["groups"].as_array().unwrap();
    let key_of = |id: &str| hex(&groups.iter().find(|group| group["key_id"] == id).unwrap()["key"]);
    let read = read(&hex(&vector["record"]), &key_of);

    assert_eq!(read.header, text(&vector["header"]));
    let header: Value = serde_json::from_str(&read.header).unwrap();
    let canonical = serde_json_canonicalizer::to_string(&header).unwrap();
    assert_eq!(read.header, canonical);
    assert_eq!([vec![1], sha256(read.header.as_bytes())].concat(), hex(&vector["leaf"]));

    let listed = vector["parts"].as_array().unwrap();
    assert_eq!(read.parts.len(), listed.len());
    assert_eq!(read.parts.len(), header["parts"].as_object().unwrap().len());
    for part in listed {
        let name = text(&part["name"]);
        let (salt, json) = &read.parts[&name];
        assert_eq!(*salt, hex(&part["salt"]));
        assert_eq!(*json, text(&part["json"]));
        let digest = sha256(&[salt, name.as_bytes(), json.as_bytes()].concat());
        assert_eq!(digest, hex(&part["digest"]));
        assert_eq!(BASE64URL_NOPAD.encode(&digest), text(&header["parts"][&name]));
    }

    let key = hmac::Key::new(hmac::HMAC_SHA256, &key_of(&text(&groups[0]["key_id"])));
    let fingerprint = hmac::sign(&key, &hex(&vector["content_digest"]));
    assert_eq!(read.fingerprint, &fingerprint.as_ref()[..16]);
    assert_eq!(read.fingerprint, hex(&vector["fingerprint"]));
    check_event(&vector["event"], &read);
}

/// The parts say what the event said.
fn check_event(event: &Value, read: &Read) {
    for (name, (_, json)) in &read.parts {
        let part: Value = serde_json::from_str(json).unwrap();
        match name.split_once('.') {
            Some((_, number)) => {
                assert_eq!(part, event["on_behalf_of"][number.parse::<usize>().unwrap()]);
            }
            None if name == "outcome" => {
                assert_eq!(part["code"], event["outcome"]["code"]);
                assert_eq!(part["reason"], event["outcome"]["reason"]);
            }
            None => assert_eq!(part, event[name]),
        }
    }
}

#[test]
fn a_stranger_reads_a_person_on_their_own_account() {
    check(include_str!("vectors/own-account.json"));
}

#[test]
fn a_stranger_reads_every_field_and_four_owners() {
    check(include_str!("vectors/every-field.json"));
}

#[test]
fn a_stranger_reads_a_service_about_no_person() {
    check(include_str!("vectors/service.json"));
}

#[test]
fn a_stranger_reads_an_own_fact_of_annals() {
    check(include_str!("vectors/own-fact.json"));
}

#[test]
fn a_stranger_reads_nobody_known() {
    check(include_str!("vectors/anonymous.json"));
}

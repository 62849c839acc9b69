//! That tokens and codes say what they said, to whom they were given, and to nobody else.

use uuid::Uuid;

use super::*;

fn tokens(key: u8) -> LinkTokens {
    LinkTokens::new(&[key; 32])
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).unwrap()
}

fn acme() -> TenantId {
    TenantId::new("acme").unwrap()
}

fn claim(person: &str) -> Claim {
    Claim {
        purpose: Purpose::WasntMe,
        tenant: acme(),
        person: person.into(),
        event: EventId(Uuid::from_u128(7)),
        kind: "new-device".into(),
        ends: at(60),
    }
}

#[test]
fn a_token_is_good_for_its_purpose_until_it_ends() {
    let (tokens, claim) = (tokens(1), claim("ann"));
    let token = tokens.seal(&claim);
    let open = |purpose, seconds| tokens.open(&token, purpose, at(seconds));
    assert_eq!(open(Purpose::WasntMe, 59), Some(claim.clone()));
    assert_eq!(open(Purpose::WasntMe, 60), None);
    assert_eq!(open(Purpose::Unsubscribe, 0), None);
    assert_eq!(tokens.seal(&claim), token, "a message that is sent again has the same links");
}

#[test]
fn nobody_reads_makes_or_changes_a_token() {
    let token = tokens(1).seal(&claim("ann-and-nobody-else"));
    let bytes = BASE64URL_NOPAD.decode(token.as_bytes()).unwrap();
    assert!(!bytes.windows(3).any(|three| three == b"ann"));
    assert_eq!(tokens(2).open(&token, Purpose::WasntMe, at(0)), None);
    for place in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[place] ^= 1;
        let changed = BASE64URL_NOPAD.encode(&changed);
        assert_eq!(tokens(1).open(&changed, Purpose::WasntMe, at(0)), None, "{place}");
    }
    let long = "A".repeat(1_000_000);
    for other in ["", "A", "AAAA", "ä", "%00", &token[1..], &format!("{token}A"), &long] {
        assert_eq!(tokens(1).open(other, Purpose::WasntMe, at(0)), None);
    }
}

#[test]
fn the_longest_ids_fit_into_a_token() {
    let longest = Claim {
        tenant: TenantId::new(&"t".repeat(63)).unwrap(),
        kind: "k".repeat(64),
        ..claim(&"\"".repeat(128))
    };
    let token = tokens(1).seal(&longest);
    assert_eq!(tokens(1).open(&token, Purpose::WasntMe, at(0)), Some(longest));
}

#[test]
fn a_code_is_short_and_of_one_address_alone() {
    let (tokens, event) = (tokens(1), EventId(Uuid::from_u128(7)));
    let address = "ann@example.org";
    let code = tokens.code(&acme(), "ann", event, address);
    assert_eq!(code.len(), CODE_LETTERS + 1);
    assert!(code.bytes().all(|byte| byte == b'-' || LETTERS.contains(&byte)), "{code}");
    let digest = |code: &str| tokens.digest_of_code(&acme(), "ann", event, code);
    let typed = format!(" {} ", code.to_lowercase().replace('-', " "));
    assert_eq!(digest(&typed), digest(&code));
    assert_eq!(digest(&code).len(), 64);
    assert_ne!(digest(&code), digest(&code[1..]));
    for (person, event) in [("bob", event), ("ann", EventId(Uuid::from_u128(8)))] {
        assert_ne!(tokens.code(&acme(), person, event, address), code);
        assert_ne!(tokens.digest_of_code(&acme(), person, event, &code), digest(&code));
    }
    assert_ne!(tokens.code(&acme(), "ann", event, "eve@example.org"), code);
    assert_ne!(self::tokens(2).code(&acme(), "ann", event, address), code);
}

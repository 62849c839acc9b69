//! Vectors for every detector, near misses included.

use super::{super::detectors::entropy::looks_random, masked_text};

/// Each text, and the rule that hides all that stands between braces in it.
pub(super) fn check(rule: &str, texts: &[&str]) {
    for text in texts {
        let (before, rest) = text.split_once('{').unwrap();
        let (hidden, after) = rest.rsplit_once('}').unwrap();
        let plain = format!("{before}{hidden}{after}");
        assert_eq!(masked_text(&plain), format!("{before}[redacted:{rule}]{after}"), "{plain}");
    }
}

pub(super) fn check_untouched(texts: &[&str]) {
    for text in texts {
        assert_eq!(masked_text(text), *text);
    }
}

#[test]
fn card_numbers_are_found_by_issuer_length_and_luhn_digit() {
    check(
        "card",
        &[
            "paid with {4111111111111111}",
            "paid with {4111 1111 1111 1111}, thanks",
            "{4111-1111-1111-1111}",
            "{5555555555554444}.",
            "Mastercard {2223003122003222}",
            "amex {378282246310005}",
            "amex {3782 822463 10005}",
            "{6011111111111117}",
            "diners {30569309025904}",
            "jcb {3530111333300000}",
            "unionpay {6200000000000005}",
            "order 12 {4111 1111 1111 1111} on 2026-11-21",
            "item2 {4111111111111111}",
            "https://shop.example/pay?n={4111111111111111}&x=1",
            "grouped {4000 0000 0000 0000 006}",
        ],
    );
}

#[test]
fn numbers_that_are_no_cards_stay() {
    check_untouched(&[
        "4111111111111112",
        "4111 1111 1111 1112",
        "order 1234567890123452",
        "at 1767225600000000 us",
        "1767225600000",
        "20261121093000",
        "2026-11-21T09:30:00.000000000Z",
        "+1 415 555 2671 8822 1177",
        "+49 170 4111 1111 1111",
        "4532015112830366012345",
        "4000000000000000006",
        "550e8400-e29b-41d4-a716-446655440000",
        "41111111-1111-1111-1111-111111111111",
        "x4111111111111111",
        "4111111111111111abc",
        "0.4111111111111111",
        "4111111111111111.25",
        "0000000000000000",
        "4111 11111111 1111",
        "4111-1111 1111-1111",
        "2024-4111-1111-1111-1111",
    ]);
}

#[test]
fn social_security_numbers_are_found_unless_they_were_never_issued() {
    check("ssn", &["SSN {123-45-6789}", "({899-99-9999})", "it is {001-01-0001}."]);
    check_untouched(&[
        "000-12-3456",
        "666-12-3456",
        "900-12-3456",
        "987-65-4321",
        "123-00-4567",
        "123-45-0000",
        "1123-45-6789",
        "123-45-67890",
        "123-456-789",
        "123456789",
        "x123-45-6789",
        "1-123-45-6789",
        "2026-11-21",
        "+1-415-555-2671",
    ]);
}

#[test]
fn account_numbers_are_found_by_country_length_and_check_digits() {
    check(
        "iban",
        &[
            "to {DE89370400440532013000}",
            "to {DE89 3704 0044 0532 0130 00} today",
            "{gb82west12345698765432}",
            "{GB82 WEST 1234 5698 7654 32}",
            "{NO9386011117947}",
            "{FR1420041010050500013M02606};",
            "{MT84MALT011000012345MTLCAST001S}",
        ],
    );
    check_untouched(&[
        "DE88370400440532013000",
        "DE8937040044053201300",
        "DE893704004405320130000",
        "XX89370400440532013000",
        "de89370400440532013000aB",
        "De89370400440532013000",
        "DE89-3704-0044-0532-0130-00",
        "commit de89370400440532013abc1234567890abcdef12",
    ]);
}

#[test]
fn keys_of_well_known_shapes_are_found() {
    // Put together here, so that no scanner of this repository takes them for real ones.
    let body = "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8s9T0u1V2w3X4y5Z6";
    for (prefix, length) in [
        ("AKIA", 0),
        ("ghp_", 36),
        ("gho_", 36),
        ("github_pat_", 40),
        ("glpat-", 20),
        ("xoxb-", 24),
        ("sk_live_", 24),
        ("rk_test_", 24),
        ("AIza", 35),
        ("npm_", 36),
        ("sk-ant-", 40),
    ] {
        let key = match length {
            0 => format!("{prefix}IOSFODNN7EXAMPLE"),
            length => format!("{prefix}{}", &body[..length]),
        };
        check("api-key", &[&format!("used {{{key}}} twice"), &format!("({{{key}}})")]);
    }
    let secret = &body[..43];
    check("api-key", &[&format!("key {{annals_{}_{secret}_ab23cd}}", "a2b3c4d5e6f7g2h3")]);
    check_untouched(&[
        "AKIA",
        "AKIAshort",
        "the ghp_ prefix",
        "sk_live_short",
        "sk-learn-model-training-run-2024-11",
        "xoxo",
        "AIzaTooShort",
        "annals_events_admitted_total",
        "task-4f9c2d",
        "glpat-short",
        "arn:aws:iam::123456789012:role/Admin",
    ]);
}

#[test]
fn tokens_are_found() {
    let jwt = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbm4ifQ.c2lnbmF0dXJl";
    check("jwt", &[&format!("got {{{jwt}}}!"), "{eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.}"]);
    check(
        "bearer-token",
        &["sent Bearer {abcdef1234567890abcdef}", "bearer {AbC.dEf-123_456~789+/==}"],
    );
    check_untouched(&[
        "bearer authentication failed",
        "Bearer token missing",
        "Bearer realm of something",
        "eyJ.a.b",
        "eyJhbGciOiJIUzI1NiJ9",
    ]);
}

#[test]
fn private_keys_are_found_whole_and_cut() {
    let block = "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\nIBAAK\n-----END RSA PRIVATE KEY-----";
    check(
        "private-key",
        &[
            &format!("key:\n{{{block}}}\nend"),
            "{-----BEGIN PRIVATE KEY-----\\nMIIE\\n-----END PRIVATE KEY-----}",
            "{-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNza}",
        ],
    );
    check_untouched(&[
        "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
        "-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----",
        "----- BEGIN -----",
    ]);
}

#[test]
fn passwords_in_urls_are_found() {
    check(
        "url-password",
        &[
            "postgres://shop:{hunter2}@db.internal:5432/shop",
            "see https://ann:{p%40ss:word}@example.com/x?y=z",
        ],
    );
    check_untouched(&[
        "https://example.com:8080/path@x",
        "https://ann@example.com",
        "mailto:ann@example.com",
        "https://example.com/?at=ann@example.com:8080",
        "http://[2001:db8::1]:80/",
    ]);
}

#[test]
fn values_of_telling_names_are_found_in_text() {
    check(
        "password",
        &[
            "password={hunter2}",
            "user=ann&password={hunter2}&x=1",
            "password: {hunter2}",
            "db_password = '{two words}'",
            r#"{"password":"{hun\"ter}"}"#,
            r#"{\"newPassword\": \"{hunter2}\"}"#,
            "mysql --password {hunter2} -u ann",
            "--password={hunter2}",
            "user[password]={hunter2}",
            "PGPASSWORD={hunter2} psql",
            "passwd => {hunter2}",
            "pwd={x}",
        ]
        .map(unbrace)
        .each_ref()
        .map(String::as_str),
    );
    check(
        "secret",
        &[
            "api_key={abc}",
            "X-Api-Key: {abc123}",
            "client_secret={s3cr3t};",
            "Authorization: {Basic YW5uOnB3}",
            "Cookie: {sid=1; theme=dark}",
            "aws_secret_access_key = {wJalrXUtnFEMI/K7MDENG}",
        ],
    );
    check_untouched(&[
        "password: changed by ann",
        "Invalid password: attempt 3 of 5",
        "password reset requested",
        "reset the password of ann",
        "passwords=",
        "password_changed_at=2026-11-21",
        "min_password_length: 12",
        "if password == null",
        "token: page 3",
        "secret santa: on Friday",
        "cookie policy: accepted",
        "compass=north",
        "arn:aws:secretsmanager:us-west-2:123456789012:secret:prod/app-a1b2c3",
        "std::pass::through",
        "nextToken=AAIAAeVpF2hq1N7S3Mi5dZlO648yxmBewzRHt",
    ]);
}

/// Braces of JSON would be taken for those that mark what is hidden.
fn unbrace(text: &str) -> String {
    match text.starts_with("{\"") || text.starts_with("{\\") {
        true => text[1..text.len() - 1].to_owned(),
        false => text.to_owned(),
    }
}

#[test]
fn only_what_looks_random_is_a_secret_beside_a_weaker_name() {
    assert!(looks_random("0771cae4d170dc02a6ff393d9946cd684d6145c1"));
    assert!(looks_random("wJalrXUtnFEMI7K7MDENGbPxRfiCYEXAMPLEKEY1"));
    for plain in
        ["SampleSessionToken", "8cda61da-eea9-495c-b178-e7014d9bc212", "page-000000000000000000001"]
    {
        assert!(!looks_random(plain), "{plain}");
    }
    check("random-secret", &["token={0771cae4d170dc02a6ff393d9946cd684d6145c1}&x=1"]);
    check_untouched(&["token=3", "token_type=Bearer", "X-Amz-Signature=abc"]);
}

#[test]
fn what_is_masked_already_stays() {
    for text in [
        "password=hunter2",
        "paid with 4111 1111 1111 1111",
        "Authorization: Bearer abcdef1234567890",
        "https://a:b@c",
        "-----BEGIN PRIVATE KEY-----\nx",
        "{\"password\": \"x y\"}",
        "Cookie: a=b; c=d",
        "--password x",
        "ssn=123-45-6789",
        "token=0771cae4d170dc02a6ff393d9946cd684d6145c1",
    ] {
        let once = masked_text(text);
        assert_ne!(once, text);
        assert_eq!(masked_text(&once), once, "{text}");
    }
}

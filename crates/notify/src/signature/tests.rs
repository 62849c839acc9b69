use super::*;

/// From the reference implementation of Standard Webhooks.
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

#[test]
fn the_example_of_the_specification_is_signed_as_it_says() {
    let secret = Secret::parse(SECRET).unwrap();
    let body = br#"{"test": 2432232314}"#;
    assert_eq!(
        secret.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, body),
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    );
}

#[test]
fn another_id_time_or_body_has_another_signature() {
    let secret = Secret::parse(SECRET).unwrap();
    let signature = secret.sign("id", 7, b"body");
    assert_ne!(signature, secret.sign("other", 7, b"body"));
    assert_ne!(signature, secret.sign("id", 8, b"body"));
    assert_ne!(signature, secret.sign("id", 7, b"other"));
}

#[test]
fn what_is_no_secret_is_refused_without_being_shown() {
    let encoded = |bytes: usize| format!("whsec_{}\n", BASE64.encode(&vec![7; bytes]));
    assert!(Secret::parse(&encoded(24)).is_ok() && Secret::parse(&encoded(64)).is_ok());
    assert_eq!(Secret::parse(&encoded(23)).unwrap_err(), InvalidSecret::Length(23));
    assert_eq!(Secret::parse(&encoded(65)).unwrap_err(), InvalidSecret::Length(65));
    for text in ["", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_not base64!"] {
        let error = Secret::parse(text).unwrap_err();
        assert_eq!(error, InvalidSecret::Form);
        assert!(error.to_string().contains("openssl rand -base64 32"));
    }
    assert!(!format!("{:?}", Secret::parse(SECRET).unwrap()).contains("MfKQ"));
}

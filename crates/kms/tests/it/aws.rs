//! AWS KMS, as a protocol double and a server that others wrote answer it.

use annals_kms::{AwsCredentials, AwsKms, AwsSettings};
use annals_ports::MasterKeys;
use annals_record::RootKey;
use annals_tests::Moto;
use serde_json::json;

use super::double::{Asked, Double};

/// What KMS answers, after its API reference: the blob is bound to its encryption context.
fn kms(double: &Double, asked: &Asked) -> (u16, String) {
    let refused = |kind: &str| (400, json!({"__type": kind, "message": "no"}).to_string());
    let authorization = asked.headers.get("authorization").map(|value| value.to_str().unwrap());
    if !authorization.unwrap_or_default().contains("Credential=AKIDEXAMPLE/") {
        return refused("UnrecognizedClientException");
    }
    if asked.body["KeyId"] != "alias/annals" {
        return refused("NotFoundException");
    }
    let context = asked.body["EncryptionContext"]["annals"].as_str().unwrap().to_owned();
    let mut wrapped = double.wrapped.lock().unwrap();
    match asked.headers["x-amz-target"].to_str().unwrap() {
        "TrentService.Encrypt" => {
            let plaintext = asked.body["Plaintext"].as_str().unwrap().to_owned();
            wrapped.insert("AAEC".into(), (plaintext, context));
            (200, json!({"CiphertextBlob": "AAEC", "KeyId": "arn:x"}).to_string())
        }
        "TrentService.Decrypt" => match wrapped.get(asked.body["CiphertextBlob"].as_str().unwrap())
        {
            Some((plaintext, bound)) if *bound == context => {
                (200, json!({"Plaintext": plaintext, "KeyId": "arn:x"}).to_string())
            }
            _ => refused("InvalidCiphertextException"),
        },
        _ => refused("UnknownOperationException"),
    }
}

fn aws(endpoint: &str, key: &str, access_key: &str) -> AwsKms {
    let credentials = AwsCredentials {
        access_key: access_key.into(),
        secret_key: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".into(),
        session_token: Some("session".into()),
    };
    let (region, endpoint) = ("eu-central-1".into(), endpoint.to_owned());
    AwsKms::new(AwsSettings { region, key: key.into(), endpoint }, credentials).unwrap()
}

fn root() -> RootKey {
    RootKey::from_bytes([7; 32])
}

#[tokio::test]
async fn a_root_key_comes_back_from_kms_under_its_context_alone() {
    let (double, address) = Double::start(kms).await;
    let aws = aws(&address, "alias/annals", "AKIDEXAMPLE");
    let sealed = aws.wrap(&[1; 32], &root()).await.unwrap();
    assert_eq!(aws.unwrap(&[1; 32], &sealed).await.unwrap().expose(), root().expose());
    let error = aws.unwrap(&[2; 32], &sealed).await.unwrap_err();
    assert!(error.to_string().contains("restore the key store"), "{error}");
    let asked = double.asked();
    assert_eq!(asked[0].headers["content-type"], "application/x-amz-json-1.1");
    assert_eq!(asked[0].headers["x-amz-security-token"], "session");
    assert!(
        asked[0].headers["authorization"].to_str().unwrap().contains(
            "SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;x-amz-target"
        )
    );
    assert_eq!(asked.len(), 3, "what is refused is not asked again");
}

#[tokio::test]
async fn what_kms_refuses_is_said_with_what_to_do() {
    let (double, address) = Double::start(kms).await;
    for (key, access_key, advice) in [
        ("alias/other", "AKIDEXAMPLE", "keys.aws_key"),
        ("alias/annals", "other", "keys.aws_credentials_file"),
    ] {
        let error = aws(&address, key, access_key).wrap(&[1; 32], &root()).await.unwrap_err();
        assert!(error.to_string().contains(advice), "{error}");
    }
    for (kind, advice) in
        [("AccessDeniedException", "kms:Encrypt"), ("DisabledException", "enable")]
    {
        double.fail(1, 400, kind);
        let aws = aws(&address, "alias/annals", "AKIDEXAMPLE");
        let error = aws.wrap(&[1; 32], &root()).await.unwrap_err();
        assert!(error.to_string().contains(advice), "{error}");
    }
}

#[tokio::test]
async fn a_kms_that_is_busy_is_asked_again_with_a_fresh_signature() {
    let (double, address) = Double::start(kms).await;
    double.fail(1, 429, "slow down");
    double.fail(1, 500, "KMSInternalException");
    let aws = aws(&address, "alias/annals", "AKIDEXAMPLE");
    aws.wrap(&[1; 32], &root()).await.unwrap();
    assert_eq!(double.asked().len(), 3);
}

/// The id of a new key of a server that others wrote.
async fn new_key(moto: &Moto) -> String {
    let authorization = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/eu-central-1/kms/aws4_request, \
                         SignedHeaders=host, Signature=none";
    let request = reqwest::Client::new()
        .post(moto.address())
        .header("authorization", authorization)
        .header("content-type", "application/x-amz-json-1.1")
        .header("x-amz-target", "TrentService.CreateKey")
        .body("{}");
    let answer = request.send().await.unwrap().text().await.unwrap();
    let answer: serde_json::Value = serde_json::from_str(&answer).unwrap();
    answer["KeyMetadata"]["KeyId"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
}

#[tokio::test]
async fn a_server_that_others_wrote_wraps_and_unwraps() {
    let moto = Moto::start().await;
    let aws = aws(&moto.address(), &new_key(&moto).await, "AKIDEXAMPLE");
    let sealed = aws.wrap(&[1; 32], &root()).await.unwrap();
    assert_eq!(aws.unwrap(&[1; 32], &sealed).await.unwrap().expose(), root().expose());
    aws.unwrap(&[2; 32], &sealed).await.unwrap_err();
    for place in 0..sealed.len() {
        let mut changed = sealed.clone();
        changed[place] ^= 1;
        let opened = aws.unwrap(&[1; 32], &changed).await;
        assert!(opened.is_err(), "byte {place}");
    }
}

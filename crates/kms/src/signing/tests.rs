//! Against the vectors that AWS publishes (`aws-sig-v4-test-suite`), and one that botocore made.

use super::*;

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

fn scope(service: &str) -> Scope<'_> {
    Scope {
        access_key: "AKIDEXAMPLE",
        secret_key: SECRET,
        region: "us-east-1",
        service,
        now: "2015-08-30T12:36:00Z".parse().unwrap(),
    }
}

fn vanilla(method: &str) -> String {
    let headers = [
        ("host", "example.amazonaws.com".to_owned()),
        ("x-amz-date", "20150830T123600Z".to_owned()),
    ];
    authorization(&Signed { method, path: "/", headers: &headers, body: b"" }, &scope("service"))
}

#[test]
fn the_published_vectors_have_the_published_signatures() {
    let expected = |signature: &str| {
        format!(
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, \
             SignedHeaders=host;x-amz-date, Signature={signature}"
        )
    };
    let get = "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31";
    assert_eq!(vanilla("GET"), expected(get), "get-vanilla");
    let post = "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b";
    assert_eq!(vanilla("POST"), expected(post), "post-vanilla");
}

#[test]
fn a_request_to_kms_is_signed_as_botocore_signs_it() {
    let headers = [
        ("content-type", "application/x-amz-json-1.1".to_owned()),
        ("host", "kms.us-east-1.amazonaws.com".to_owned()),
        ("x-amz-date", "20150830T123600Z".to_owned()),
        ("x-amz-security-token", "a/session+token==".to_owned()),
        ("x-amz-target", "TrentService.Encrypt".to_owned()),
    ];
    let body = br#"{"KeyId":"alias/annals","Plaintext":"AAEC"}"#;
    let signed = Signed { method: "POST", path: "/", headers: &headers, body };
    assert_eq!(authorization(&signed, &scope("kms")), BOTOCORE);
}

const BOTOCORE: &str = "\
    AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/kms/aws4_request, \
    SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;x-amz-target, \
    Signature=c54388278be6c20cb8e0633d37ec13e6dadb29ce80eb8f1955470263d1767526";

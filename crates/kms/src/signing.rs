//! Signing requests to AWS: Signature Version 4 ("Create a signed AWS API request").

use aws_lc_rs::{digest, hmac};
use data_encoding::HEXLOWER;
use jiff::Timestamp;

const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// What is signed of a request.
pub(crate) struct Signed<'a> {
    pub(crate) method: &'a str,
    /// In the form that is sent, without a query.
    pub(crate) path: &'a str,
    /// Names in lower case, sorted; `host` and `x-amz-date` among them.
    pub(crate) headers: &'a [(&'a str, String)],
    pub(crate) body: &'a [u8],
}

/// For whom and when.
pub(crate) struct Scope<'a> {
    pub(crate) access_key: &'a str,
    pub(crate) secret_key: &'a str,
    pub(crate) region: &'a str,
    pub(crate) service: &'a str,
    pub(crate) now: Timestamp,
}

/// The time as it stands in `x-amz-date`.
pub(crate) fn amz_date(now: Timestamp) -> String {
    now.strftime("%Y%m%dT%H%M%SZ").to_string()
}

/// The value of the header `Authorization`.
pub(crate) fn authorization(request: &Signed<'_>, scope: &Scope<'_>) -> String {
    let date = scope.now.strftime("%Y%m%d").to_string();
    let place = format!("{date}/{}/{}/aws4_request", scope.region, scope.service);
    let names: Vec<&str> = request.headers.iter().map(|(name, _)| *name).collect();
    let names = names.join(";");
    let canonical = HEXLOWER.encode(sha256(canonical(request, &names).as_bytes()).as_ref());
    let to_sign = format!("{ALGORITHM}\n{}\n{place}\n{canonical}", amz_date(scope.now));
    let mut key = mac(format!("AWS4{}", scope.secret_key).as_bytes(), date.as_bytes());
    for part in [scope.region, scope.service, "aws4_request"] {
        key = mac(key.as_ref(), part.as_bytes());
    }
    let signature = HEXLOWER.encode(mac(key.as_ref(), to_sign.as_bytes()).as_ref());
    let access_key = scope.access_key;
    format!(
        "{ALGORITHM} Credential={access_key}/{place}, SignedHeaders={names}, Signature={signature}"
    )
}

fn canonical(request: &Signed<'_>, names: &str) -> String {
    let headers = request.headers.iter().map(|(name, value)| format!("{name}:{}\n", value.trim()));
    let headers: String = headers.collect();
    let body = HEXLOWER.encode(sha256(request.body).as_ref());
    format!("{}\n{}\n\n{headers}\n{names}\n{body}", request.method, request.path)
}

fn sha256(bytes: &[u8]) -> digest::Digest {
    digest::digest(&digest::SHA256, bytes)
}

fn mac(key: &[u8], bytes: &[u8]) -> hmac::Tag {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), bytes)
}

#[cfg(test)]
mod tests;

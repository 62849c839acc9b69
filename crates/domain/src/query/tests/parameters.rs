use super::*;
use crate::problem::{ErrorCode, FieldError};

fn lowered(pairs: &[(&str, &str)]) -> Result<Filter, Vec<FieldError>> {
    let pairs: Vec<_> = pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
    filter_from_parameters(
        &pairs,
        &QueryContext { limits: &shipped(), now: now(), catalogue: catalogue() },
    )
}

#[track_caller]
fn means(pairs: &[(&str, &str)], query: &str) {
    assert_eq!(lowered(pairs), Ok(filter(query)), "{pairs:?}");
}

#[test]
fn parameters_mean_what_the_query_means() {
    means(&[], "");
    means(&[("user_id", "u-1")], "actor.id:u-1");
    means(&[("actor", "ann lee")], "actor:\"ann lee\"");
    means(&[("type", "user.*,admin.login")], "type:user.*,admin.login");
    means(&[("action", "a.b"), ("severity", "error")], "type:a.b severity:error");
    means(&[("resource_type", "invoice"), ("resource_id", "7")], "target.type:invoice target.id:7");
    means(&[("outcome", "denied, failure")], "outcome:denied,failure");
    means(&[("ip", "10.0.0.0/8")], "ip:10.0.0.0/8");
    means(&[("session_id", "s"), ("request_id", "r")], "session:s request:r");
    means(&[("subject", "bob")], "subject:bob");
    means(&[("type", "a"), ("outcome", "denied"), ("type", "b")], "type:a,b outcome:denied");
    means(&[("from", "2026-01-01"), ("to", "2026-02-01")], "occurred:2026-01-01..2026-02-01");
    means(&[("from", "2026-01-01T00:00:00+01:00")], "after:2026-01-01T00:00:00+01:00");
    // Signs of the query language are part of the value.
    means(&[("user_id", "a:b OR (c)")], "actor.id:\"a:b OR (c)\"");
}

#[test]
fn every_parameter_is_known_to_the_language() {
    for name in PARAMETERS {
        let value = match *name {
            "severity" => "info",
            "outcome" => "success",
            "ip" => "::1",
            "from" | "to" => "2026-01-01",
            _ => "x",
        };
        assert!(lowered(&[(name, value)]).is_ok(), "{name}");
    }
}

#[test]
fn a_wrong_value_is_told_with_the_name_of_its_parameter() {
    for (pairs, path, code) in [
        (vec![("severity", "loud")], "severity", ErrorCode::Malformed),
        (vec![("outcome", "success,loud")], "outcome", ErrorCode::Malformed),
        (vec![("ip", "300.1.1.1")], "ip", ErrorCode::Malformed),
        (vec![("from", "tomorrow")], "from", ErrorCode::Malformed),
        (vec![("to", "")], "to", ErrorCode::Malformed),
        (vec![("user_id", "")], "user_id", ErrorCode::Required),
        (vec![("type", "a,,b")], "type", ErrorCode::Required),
        (vec![("from", "2026-01-02"), ("to", "2026-01-02")], "to", ErrorCode::OutOfRange),
        (vec![("from", "2026-01-01"), ("from", "2026-01-02")], "from", ErrorCode::Contradiction),
        (vec![("colour", "red")], "colour", ErrorCode::UnknownField),
        // A field of the language, but no parameter.
        (vec![("metadata.x", "1")], "metadata.x", ErrorCode::UnknownField),
    ] {
        let errors = lowered(&pairs).unwrap_err();
        assert_eq!((errors[0].path.as_str(), errors[0].code), (path, code), "{errors:?}");
        assert_eq!(errors.len(), 1);
    }
    assert_eq!(lowered(&[("severity", "x"), ("ip", "x")]).unwrap_err().len(), 2);
}

#[test]
fn parameters_are_limited_like_queries() {
    let long = "a".repeat(shipped().bytes_max);
    assert_eq!(lowered(&[("type", &long)]).unwrap_err()[0].code, ErrorCode::TooLarge);
    let many = vec!["a"; shipped().terms_max + 1].join(",");
    assert_eq!(lowered(&[("type", &many)]).unwrap_err()[0].code, ErrorCode::TooLarge);
    let edge = vec!["a"; shipped().terms_max].join(",");
    assert!(lowered(&[("type", &edge)]).is_ok());
}

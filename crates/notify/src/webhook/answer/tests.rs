use super::*;

fn status(code: u16) -> Result<(), DeliveryError> {
    judge(StatusCode::from_u16(code).unwrap(), &HeaderMap::new())
}

fn asked(text: &'static str) -> Option<Duration> {
    let headers = HeaderMap::from_iter([(RETRY_AFTER, text.parse().unwrap())]);
    retry_after(&headers, "2026-11-21T09:30:00Z".parse().unwrap())
}

#[test]
fn only_a_success_is_one_and_only_a_clear_refusal_is_final() {
    for code in [200, 201, 202, 204] {
        assert!(status(code).is_ok(), "{code}");
    }
    for code in [400, 401, 403, 404, 410, 413, 422] {
        assert!(status(code).unwrap_err().permanent, "{code}");
    }
    for code in [301, 302, 307, 308, 408, 425, 429, 500, 502, 503, 504] {
        assert!(!status(code).unwrap_err().permanent, "{code}");
    }
}

#[test]
fn a_receiver_may_ask_for_time_in_seconds_or_by_date_up_to_a_limit() {
    assert_eq!(asked("7"), Some(Duration::from_secs(7)));
    assert_eq!(asked(" 0 "), Some(Duration::ZERO));
    assert_eq!(asked("86400"), Some(RETRY_AFTER_MAX));
    assert_eq!(asked("99999999999999999999999"), None);
    assert_eq!(asked("Sat, 21 Nov 2026 09:30:30 GMT"), Some(Duration::from_secs(30)));
    assert_eq!(asked("Sat, 21 Nov 2026 09:29:30 GMT"), Some(Duration::ZERO));
    assert_eq!(asked("Mon, 21 Nov 2027 09:30:00 GMT"), None, "that is no Monday");
    assert_eq!(asked("Mon, 23 Nov 2026 09:30:00 GMT"), Some(RETRY_AFTER_MAX));
    assert_eq!(asked("soon"), None);
    assert_eq!(retry_after(&HeaderMap::new(), Timestamp::now()), None);
}

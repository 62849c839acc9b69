use serde_json::json;

use super::*;

fn told(value: Value) -> Option<String> {
    read(&value).map(|time| time.to_string())
}

#[test]
fn every_way_of_writing_a_time_is_read() {
    for (written, read) in [
        (json!("2020-09-14T00:44:23Z"), "2020-09-14T00:44:23Z"),
        (json!("2020-09-14T00:44:23.000Z"), "2020-09-14T00:44:23Z"),
        (json!("2022-11-29 00:09:04.38"), "2022-11-29T00:09:04.38Z"),
        (json!("2025-11-04 20:44:43.248000000"), "2025-11-04T20:44:43.248Z"),
        (json!("2020-11-05 21:21:46Z"), "2020-11-05T21:21:46Z"),
        (json!("2023-06-12T22:26:01.951000"), "2023-06-12T22:26:01.951Z"),
        (json!("2024-12-17 00:00:00000000"), "2024-12-17T00:00:00Z"),
        (json!(" 2024-12-17 00:00:00 UTC "), "2024-12-17T00:00:00Z"),
        (json!("2024-12-17T09:00:00+09:00"), "2024-12-17T09:00:00+09:00"),
        (json!("2024-12-17 09:00:00 +0900"), "2024-12-17T09:00:00+09:00"),
        (json!("2024-12-17T00:00:00.1234567891234Z"), "2024-12-17T00:00:00.123456789Z"),
        (json!(1621305118), "2021-05-18T02:31:58Z"),
        (json!(1621305118.25), "2021-05-18T02:31:58.25Z"),
        (json!(1621305118553_i64), "2021-05-18T02:31:58.553Z"),
        (json!(1621305118553.0), "2021-05-18T02:31:58.553Z"),
        (json!("1621305118553"), "2021-05-18T02:31:58.553Z"),
        (json!(1762289083248347_i64), "2025-11-04T20:44:43.248347Z"),
        (json!(1762289083248347123_i64), "2025-11-04T20:44:43.248347123Z"),
    ] {
        assert_eq!(told(written.clone()).as_deref(), Some(read), "{written}");
    }
}

#[test]
fn what_is_no_time_is_left_alone() {
    for value in [
        json!("redacted"),
        json!("..."),
        json!(""),
        json!("2024-01-15"),
        json!("2024-13-45 99:99:99"),
        json!("2024-01-15T10:00:00 Berlin"),
        json!("ééééééééééééééééééé"),
        json!("99999999999999999999999999999999999999999999999"),
        json!(12),
        json!(-1621305118),
        json!(1e300),
        json!(true),
        json!(null),
        json!({}),
    ] {
        assert_eq!(told(value.clone()), None, "{value}");
    }
}

#[test]
fn an_unusable_time_stays_for_the_metadata() {
    let mut object = json!({"published": "redacted", "p_event_time": "2023-05-26 20:18:51"})
        .as_object()
        .unwrap()
        .clone();
    let time = take_first(&mut object, &["published", "p_event_time"]).unwrap();
    assert_eq!(time.to_string(), "2023-05-26T20:18:51Z");
    assert_eq!(Value::Object(object), json!({"published": "redacted"}));
}

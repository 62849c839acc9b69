use super::*;

#[test]
fn the_shipped_limits_can_be_read_and_are_sane() {
    let limits = Limits::shipped();
    assert!(limits.event.bytes_max > limits.event.text_bytes_max);
    assert!(limits.event.metadata_depth_max < limits.event.json_depth_max);
    assert!(limits.query.page_default <= limits.query.page_max);
}

#[test]
fn an_unknown_limit_is_refused() {
    let text = format!("{DEFAULT_LIMITS}\nother_max = 1\n");
    assert!(toml::from_str::<Limits>(&text).is_err());
}

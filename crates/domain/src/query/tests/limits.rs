use proptest::prelude::*;

use super::*;

fn wide() -> QueryLimits {
    QueryLimits { bytes_max: 1 << 20, depth_max: 1 << 20, terms_max: 1 << 20, ..shipped() }
}

fn read_with(text: &str, limits: &QueryLimits) -> Result<Filter, QueryError> {
    parse(text, &QueryContext { limits, now: now(), catalogue: catalogue() })
}

#[test]
fn size_is_limited() {
    let limits = shipped();
    let edge = "a".repeat(limits.bytes_max);
    assert!(read(&edge).is_ok());
    let error = read(&format!("{edge}a")).unwrap_err();
    assert_eq!(error.column, 1);
    assert!(error.message.contains("bytes long"));
    assert!(read(&"a ".repeat(50 * 1024)).is_err());
}

#[test]
fn nesting_is_limited() {
    let nested = |depth: usize| format!("{}a{}", "(".repeat(depth), ")".repeat(depth));
    let depth_max = shipped().depth_max;
    assert!(read(&nested(depth_max)).is_ok());
    let error = read(&nested(depth_max + 1)).unwrap_err();
    assert!(error.message.contains("nested"));
    assert_eq!(error.column, depth_max + 1);
    assert!(read(&format!("{}a", "NOT ".repeat(depth_max))).is_ok());
    assert!(read(&format!("{}a", "NOT ".repeat(depth_max + 1))).is_err());
    assert!(read(&format!("{}a", "-".repeat(depth_max))).is_ok());
    assert!(read(&format!("{}a", "-".repeat(depth_max + 1))).is_err());
    let groups = |depth: usize| format!("type:{}", nested(depth));
    assert!(read(&groups(depth_max)).is_ok());
    assert!(read(&groups(depth_max + 1)).is_err());
}

#[test]
fn conditions_are_limited() {
    let terms_max = shipped().terms_max;
    assert!(read(&"a ".repeat(terms_max)).is_ok());
    assert!(read(&"a ".repeat(terms_max + 1)).is_err());
    let list = |count: usize| format!("type:{}", vec!["a"; count].join(","));
    assert!(read(&list(terms_max)).is_ok());
    assert!(read(&list(terms_max + 1)).is_err());
    let phrase = |count: usize| format!("\"{}\"", "a ".repeat(count));
    assert!(read(&phrase(terms_max)).is_ok());
    assert!(read(&phrase(terms_max + 1)).is_err());
    // `actor:` asks for three fields.
    assert!(read(&"actor:a ".repeat(terms_max / 3)).is_ok());
    assert!(read(&"actor:a ".repeat(terms_max / 3 + 1)).is_err());
}

#[test]
fn endless_nesting_is_refused_whatever_the_limits_say() {
    let limits = wide();
    for text in [
        "(".repeat(10_000),
        format!("{}a{}", "(".repeat(10_000), ")".repeat(10_000)),
        format!("{}a", "NOT ".repeat(10_000)),
        format!("{}a", "-".repeat(10_000)),
        format!("{}a", "-(".repeat(10_000)),
        format!("type:{}a", "(".repeat(10_000)),
        format!("{}a", "type:(".repeat(10_000)),
        ")".repeat(10_000),
        "\"".repeat(9_999),
        "a OR ".repeat(10_000),
    ] {
        assert!(read_with(&text, &limits).is_err());
        assert!(read(&text).is_err());
    }
}

#[test]
fn a_long_flat_query_is_read_when_the_limits_allow_it() {
    let limits = wide();
    for text in [
        "a ".repeat(50_000),
        "a OR ".repeat(20_000) + "a",
        format!("type:{}a", "a,".repeat(50_000)),
    ] {
        let filter = read_with(&text, &limits).unwrap();
        assert_eq!(read_with(&print(&filter), &limits).unwrap(), filter);
    }
}

#[test]
fn long_names_and_values_do_not_flood_the_message() {
    let name = "x".repeat(3000);
    for text in [
        format!("{name}:a"),
        format!("outcome:{name}"),
        format!("ip:{name}"),
        format!("has:{name}"),
    ] {
        let error = error(&text);
        assert!(error.to_string().len() < 600, "{error}");
    }
}

proptest! {
    #[test]
    fn no_text_makes_the_reader_panic(text in "\\PC{0,200}") {
        let _ = read(&text);
    }

    #[test]
    fn no_mixture_of_signs_makes_the_reader_panic(
        parts in proptest::collection::vec(
            prop_oneof![
                Just("("), Just(")"), Just("\""), Just("\\"), Just("*"), Just(".."), Just(","),
                Just(":"), Just("="), Just("<"), Just(">"), Just("-"), Just(" "), Just("AND"),
                Just("OR"), Just("NOT"), Just("type"), Just("metadata."), Just("severity"),
                Just("after"), Just("ip"), Just("has"), Just("P7D"), Just("10"), Just("é"),
                Just("2026-01-01"), Just("\u{0}"), Just("\u{301}"), Just("İ"),
            ],
            0..30,
        ),
    ) {
        let _ = read(&parts.concat());
        let _ = read(&parts.join(" "));
    }
}

use std::time::{Duration, Instant};

use super::*;

fn limits() -> RequestLimits {
    annals_domain::limits::Limits::shipped().request
}

/// The code that a document is refused with, or none; it must not take long to say.
fn refusal(text: &str) -> Option<String> {
    let began = Instant::now();
    let checked = checked(text, &limits());
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    let extensions = checked.err()?.errors.remove(0).extensions.unwrap();
    Some(extensions.get("code").unwrap().to_string().trim_matches('"').to_owned())
}

fn too_complex() -> Option<String> {
    Some("QUERY_TOO_COMPLEX".into())
}

#[test]
fn brackets_count_outside_of_strings_and_comments_only() {
    let text = "{a(x:[1]) # {{{{\n b(s:\"{{{\\\"{{\") c(s:\"\"\"{ \" { \\\"\"\" {\"\"\")}";
    assert_eq!(brackets::shape(text).nesting, 3);
    assert_eq!(brackets::shape("{a(s:\"unterminated\n){{}}}").nesting, 3);
    // A carriage return alone ends a line, too: nothing hides behind it.
    assert_eq!(brackets::shape("{ # comment\r {{{ }}} }").nesting, 4);
    assert_eq!(brackets::shape("{ a(s:\"unterminated\r) {{{ }}} }").nesting, 4);
    assert_eq!(brackets::shape("").nesting, 0);
    assert_eq!(brackets::shape("\"\"\"").nesting, 0);
}

#[test]
fn words_strings_and_signs_are_counted_outside_of_comments() {
    let shape = |text| {
        let shape = brackets::shape(text);
        (shape.tokens, shape.word_bytes)
    };
    assert_eq!(shape(""), (0, 0));
    assert_eq!(shape(" ,\t\r\n# a comment of words"), (0, 0));
    assert_eq!(shape("{ me { id } }"), (6, 2));
    assert_eq!(shape("{a(x:\"one string\",y:\"\"\"an other\"\"\")}"), (11, 1));
    assert_eq!(shape("query Long($v1:[Int!]!){...f}"), (18, 5));
    let max = limits().graphql_tokens_max;
    let text = |tokens: usize| format!("{{me{{{}}}}}", "id ".repeat(tokens - 5));
    assert_eq!(refusal(&text(max)), None);
    assert_eq!(refusal(&text(max + 1)), too_complex());
    let word = |bytes: usize| format!("{{{}}}", "a".repeat(bytes));
    assert_eq!(refusal(&word(WORD_BYTES_MAX)), None);
    assert_eq!(refusal(&word(WORD_BYTES_MAX + 1)), too_complex());
}

#[test]
fn what_would_end_the_parser_is_refused_before_it() {
    for (open, close) in [("[", "]"), ("{x:", "}"), ("{a", "}"), ("{a(x:", ")}")] {
        for depth in [49, 1_300, 8_000, 100_000] {
            let text = format!("{{a(x:{}1{})}}", open.repeat(depth), close.repeat(depth));
            assert_eq!(refusal(&text), too_complex(), "{open} {depth}");
        }
    }
}

#[test]
fn brackets_are_taken_up_to_the_limit() {
    let max = limits().graphql_brackets_max;
    let text =
        |depth: usize| format!("{{a(x:{}1{})}}", "[".repeat(depth - 2), "]".repeat(depth - 2));
    assert_eq!(refusal(&text(max)), None);
    assert_eq!(refusal(&text(max + 1)), too_complex());
}

#[test]
fn bytes_are_taken_up_to_the_limit() {
    let max = limits().graphql_document_bytes_max;
    let text = |bytes: usize| format!("{{me{{id}}}}#{}", "x".repeat(bytes - 9));
    assert_eq!(text(max).len(), max);
    assert_eq!(refusal(&text(max)), None);
    assert_eq!(refusal(&text(max + 1)), too_complex());
}

#[test]
fn aliases_are_counted_up_to_the_limit_each_time_a_fragment_brings_them() {
    let max = limits().graphql_aliases_max;
    let text = |count: usize| {
        let fields: Vec<String> = (0..count).map(|i| format!("a{i}: me {{ id }}")).collect();
        format!("{{ {} }}", fields.join(" "))
    };
    assert_eq!(refusal(&text(max)), None);
    assert_eq!(refusal(&text(max + 1)), too_complex());
    let spread = |count: usize| {
        format!("fragment f on Query {{ a: me {{ id }} }} {{ {} }}", "...f ".repeat(count))
    };
    assert_eq!(refusal(&spread(max)), None);
    assert_eq!(refusal(&spread(max + 1)), too_complex());
}

#[test]
fn fields_are_counted_with_fragments_spread_out() {
    let max = limits().graphql_complexity_max;
    let text = |fields: usize, spreads: usize| {
        let fields = "id ".repeat(fields);
        format!("fragment f on Me {{ {fields} }} {{ me {{ {} }} }}", "...f ".repeat(spreads))
    };
    // One for `me`, and one for each fragment beside its fields.
    assert_eq!(refusal(&text(198, (max - 1) / 199)), None);
    assert_eq!(refusal(&text(198, (max - 1) / 199 + 1)), too_complex());
}

#[test]
fn fragments_that_double_forty_times_are_refused_at_once() {
    let doubling: String = (0..40)
        .map(|n| format!("fragment f{n} on Query {{ ...f{next} ...f{next} }} ", next = n + 1))
        .collect();
    let end = "fragment f40 on Query { me { id } }";
    assert_eq!(refusal(&format!("{doubling} {end} {{ ...f0 }}")), too_complex());
    // Also when no operation names them.
    let answer = refusal(&format!("{doubling} {end} {{ me {{ id }} }}"));
    assert!(answer.is_none() || answer == too_complex(), "{answer:?}");
}

#[test]
fn fragments_that_are_part_of_themselves_are_refused() {
    for text in [
        "fragment a on Query { ...a } { ...a }",
        "fragment a on Query { ...b ...b } fragment b on Query { ...a ...a } { ...a }",
        "fragment a on Query { me { ...b } } fragment b on Me { id ...a } { me { id } }",
    ] {
        assert_eq!(refusal(text), Some("GRAPHQL_VALIDATION_FAILED".into()), "{text}");
    }
}

#[test]
fn a_chain_of_fragments_is_as_deep_as_it_is_long() {
    let max = limits().graphql_brackets_max;
    let chain = |length: usize| {
        let links: String =
            (1..length).map(|n| format!("fragment f{n} on Me{{...f{}}}", n + 1)).collect();
        format!("{links}fragment f{length} on Me{{id}}")
    };
    assert_eq!(refusal(&format!("{}{{me{{...f1}}}}", chain(max - 2))), None);
    assert_eq!(refusal(&format!("{}{{me{{...f1}}}}", chain(max - 1))), too_complex());
    for length in [100, 2_000] {
        assert_eq!(refusal(&format!("{}{{me{{...f1}}}}", chain(length))), too_complex());
        assert_eq!(refusal(&format!("{}{{me{{id}}}}", chain(length))), too_complex());
    }
}

#[test]
fn the_schema_cannot_be_unfolded_over_and_over() {
    let max = limits().graphql_introspection_max;
    let text = |lists: usize| {
        let (open, close) = ("fields{type{".repeat(lists), "}}".repeat(lists));
        format!("{{__schema{{types{{{open}name{close}}}}}}}")
    };
    assert_eq!(refusal(&text(max)), None);
    assert_eq!(refusal(&text(max + 1)), too_complex());
    let by_fragments = "fragment a on __Type { fields { type { ...b } } } \
        fragment b on __Type { inputFields { type { ...c } } } \
        fragment c on __Type { possibleTypes { ...d } } \
        fragment d on __Type { interfaces { name } } \
        { __type(name: \"Query\") { ...a } }";
    assert_eq!(refusal(by_fragments), too_complex());
}

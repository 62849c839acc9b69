//! `docs/query-language.md` says what the code does.

use super::*;

const PAGE: &str = include_str!("../../../../../docs/query-language.md");

#[test]
fn every_field_stands_in_the_table_with_its_other_names_and_example() {
    for info in fields() {
        let beginning = format!("| `{}` | ", info.name);
        let row = PAGE.lines().find(|line| line.starts_with(&beginning));
        let row = row.unwrap_or_else(|| panic!("`{}` is missing", info.name));
        let aliases: Vec<_> = info.aliases.iter().map(|alias| format!("`{alias}`")).collect();
        assert!(row.starts_with(&format!("{beginning}{} | ", aliases.join(", "))), "{row}");
        assert!(row.ends_with(&format!("| {} | `{}` |", info.description, info.example)), "{row}");
    }
}

#[test]
fn every_class_stands_in_its_table() {
    for class in classes() {
        let row = format!("| `is:{}` | {} |", class.name, class.description);
        assert!(PAGE.contains(&row), "{row}");
    }
}

#[test]
fn every_example_query_can_be_read() {
    let blocks = PAGE.split("```query\n").skip(1).filter_map(|block| block.split("```").next());
    let queries: Vec<_> = blocks.flat_map(str::lines).collect();
    assert!(queries.len() >= 8, "{queries:?}");
    for query in queries {
        filter(query);
    }
}

#[test]
fn the_limits_and_parameters_are_those_of_the_page() {
    let limits = shipped();
    assert_eq!((limits.bytes_max, limits.depth_max, limits.terms_max), (4096, 16, 128));
    assert_eq!(limits.prefix_letters_min, 2);
    assert!(PAGE.contains("(`prefix_letters_min`)"));
    for name in PARAMETERS {
        assert!(PAGE.contains(&format!("`{name}`")), "{name}");
    }
    let shown = error("typ:a").to_string();
    let page = PAGE.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(page.contains(&shown), "{shown}");
}

use super::*;

fn directory_with(files: &[(&str, &str)]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(dir.path().join(name), text).unwrap();
    }
    dir
}

const FAMILY: &str = r#"
family = "shop"
title = "Shop"

[[type]]
name = "order.placed"
version = 1
title = "Order placed"
description = "Somebody ordered something."
operation = "create"
severity = "info"
sentence = "{actor} placed {target}"
"#;

#[test]
fn the_shipped_catalogue_is_right() {
    run(CheckArgs { dir: None }).unwrap();
}

#[test]
fn a_directory_is_read_as_one_catalogue_and_other_files_are_passed_over() {
    let dir = directory_with(&[("shop.toml", FAMILY), ("README.md", "not a family")]);
    let report = report_on(&read_directory(dir.path()).unwrap());
    assert_eq!(
        report,
        "shop                    1 types, 0 significant\n\
         1 types in 1 families, 0 significant: all right\n"
    );
}

#[test]
fn what_is_wrong_is_told_with_file_and_type() {
    let broken = FAMILY.replace("{actor}", "{actress}");
    let dir = directory_with(&[("shop.toml", &broken)]);
    let error = run(CheckArgs { dir: Some(dir.path().into()) }).unwrap_err();
    let text = format!("{error:#}");
    assert!(text.contains("`shop.toml`"), "{text}");
    assert!(text.contains("`order.placed`"), "{text}");
    assert!(text.contains("{actress}"), "{text}");
}

#[test]
fn an_unreadable_file_is_told_with_its_line() {
    let dir = directory_with(&[("shop.toml", "family = \"shop\"\ntitle = 7\n")]);
    let error = run(CheckArgs { dir: Some(dir.path().into()) }).unwrap_err();
    assert!(format!("{error:#}").contains("line 2"), "{error:#}");
}

#[test]
fn a_directory_without_families_is_an_error() {
    let dir = directory_with(&[]);
    let error = run(CheckArgs { dir: Some(dir.path().into()) }).unwrap_err();
    assert!(error.to_string().contains("no *.toml file"), "{error}");
}

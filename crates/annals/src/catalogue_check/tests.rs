use std::process::Command;

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
    check(&CheckArgs { dir: None, against: None }, &mut Vec::new()).unwrap();
}

#[test]
fn a_directory_is_read_as_one_catalogue_and_other_files_are_passed_over() {
    let dir = directory_with(&[("shop.toml", FAMILY), ("README.md", "not a family")]);
    let report = report_on(&CatalogueFiles::of_directory(dir.path()).unwrap().read().unwrap());
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
    let error = run(&CheckArgs { dir: Some(dir.path().into()), against: None }).unwrap_err();
    let text = format!("{error:#}");
    assert!(text.contains("`shop.toml`"), "{text}");
    assert!(text.contains("`order.placed`"), "{text}");
    assert!(text.contains("{actress}"), "{text}");
}

#[test]
fn an_unreadable_file_is_told_with_its_line() {
    let dir = directory_with(&[("shop.toml", "family = \"shop\"\ntitle = 7\n")]);
    let error = run(&CheckArgs { dir: Some(dir.path().into()), against: None }).unwrap_err();
    assert!(format!("{error:#}").contains("line 2"), "{error:#}");
}

#[test]
fn a_directory_without_families_is_an_error() {
    let dir = directory_with(&[]);
    let error = run(&CheckArgs { dir: Some(dir.path().into()), against: None }).unwrap_err();
    assert!(error.to_string().contains("no *.toml file"), "{error}");
}

fn compared(dir: &Path, against: &str) -> (anyhow::Result<()>, String) {
    let mut out = Vec::new();
    let args = CheckArgs { dir: Some(dir.into()), against: Some(against.to_owned()) };
    let result = check(&args, &mut out);
    (result, String::from_utf8(out).unwrap())
}

#[test]
fn a_change_that_breaks_is_an_error_which_names_file_type_and_what_to_do() {
    let before = directory_with(&[("shop.toml", FAMILY)]);
    let without = FAMILY.replace("order.placed", "order.made");
    let after = directory_with(&[("shop.toml", &without)]);
    let (result, out) = compared(after.path(), before.path().to_str().unwrap());
    assert!(result.unwrap_err().to_string().starts_with("1 changes are not compatible with"));
    assert!(out.starts_with("breaking: shop.toml, `order.placed`: is gone; keep it"), "{out}");
}

#[test]
fn a_change_that_only_warns_is_no_error() {
    let before = directory_with(&[("shop.toml", FAMILY)]);
    let other = FAMILY.replace("severity = \"info\"", "severity = \"error\"");
    let after = directory_with(&[("shop.toml", &other)]);
    let (result, out) = compared(after.path(), before.path().to_str().unwrap());
    result.unwrap();
    assert!(out.starts_with("warning: shop.toml, `order.placed`: `severity` was `info`"), "{out}");
    assert!(out.ends_with("all right\n"), "{out}");
}

#[test]
fn a_new_version_without_steps_from_the_old_one_is_an_error() {
    let after = directory_with(&[("shop.toml", &FAMILY.replace("version = 1", "version = 2"))]);
    let (result, _) = compared(after.path(), after.path().to_str().unwrap());
    let told = format!("{:#}", result.unwrap_err());
    assert!(told.contains("`shop.toml`, type `order.placed`") && told.contains("[[type.earlier]]"));
}

#[test]
fn steps_that_lead_nowhere_are_an_error() {
    let steps = "metadata = { type = \"object\", required = [\"shop\"] }\n\
                 [[type.earlier]]\nversion = 1\nsteps = []\n";
    let text = FAMILY.replace("version = 1", "version = 2") + steps;
    let after = directory_with(&[("shop.toml", &text)]);
    let told = run(&CheckArgs { dir: Some(after.path().into()), against: None }).unwrap_err();
    assert!(told.to_string().contains("its steps do not lead to the newest schema"), "{told}");
}

fn git(dir: &Path, arguments: &[&str]) {
    let identity =
        ["-c", "user.name=a", "-c", "user.email=a@b.invalid", "-c", "commit.gpgsign=false"];
    let done =
        Command::new("git").args(identity).args(arguments).current_dir(dir).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

#[test]
fn a_git_ref_stands_for_the_same_directory_as_it_was_then() {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join("deep/catalogue");
    std::fs::create_dir_all(&dir).unwrap();
    std::fs::write(dir.join("shop.toml"), FAMILY).unwrap();
    std::fs::write(dir.join("README.md"), "not a family").unwrap();
    git(home.path(), &["init", "-q", "-b", "trunk"]);
    git(home.path(), &["add", "."]);
    git(home.path(), &["commit", "-q", "-m", "first"]);
    let (result, out) = compared(&dir, "trunk");
    result.unwrap();
    assert!(out.starts_with("shop "), "{out}");
    std::fs::write(dir.join("shop.toml"), FAMILY.replace("order.placed", "order.made")).unwrap();
    let (result, out) = compared(&dir, "trunk");
    assert!(result.is_err() && out.contains("`order.placed`: is gone"), "{out}");
}

#[test]
fn what_is_neither_a_directory_nor_a_ref_is_told_and_never_an_option_of_git() {
    let dir = directory_with(&[("shop.toml", FAMILY)]);
    for (against, expected) in [
        ("nowhere", "git ls-tree"),
        ("--output=x", "neither a directory nor a git ref"),
        ("a:b", "neither a directory nor a git ref"),
        ("", "neither a directory nor a git ref"),
    ] {
        let told = format!("{:#}", compared(dir.path(), against).0.unwrap_err());
        assert!(told.contains(expected), "{told}");
    }
    let missing = CheckArgs { dir: None, against: Some("main".into()) };
    let told = check(&missing, &mut Vec::new()).unwrap_err().to_string();
    assert!(told.contains("config/catalogue"), "{told}");
}

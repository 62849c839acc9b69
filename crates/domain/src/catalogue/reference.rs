//! The catalogue as a page for developers, `docs/events.md` (requirement V-21).

use std::fmt::Write;

use serde_json::Value;

use super::{Catalogue, EventType, Family, IngestMode};

const INTRODUCTION: &str = "# Event types

Every type that Annals ships with, by family. The source is `config/catalogue/*.toml`; this page is
generated from it by `cargo xtask contracts`.

Types that are not listed here can be sent as well, unless the installation takes only known types.
*The subject is told* means that the person the event is about receives a notification. *Block*
means that the act must not happen when it cannot be recorded; otherwise the event waits on the
caller's disk. Metadata may hold further keys than those listed, except those that must not be sent.
";

/// The whole catalogue as Markdown.
pub fn render_markdown(catalogue: &Catalogue) -> String {
    let mut page = INTRODUCTION.to_owned();
    page.push_str("\n| Family | Types | The subject is told of |\n|---|---|---|\n");
    for family in catalogue.families() {
        let told = types_of(family, catalogue).filter(|entry| entry.significant).count();
        let (name, title, count) = (&family.name, &family.title, family.types.len());
        line(&mut page, format_args!("| [{title}](#{name}) (`{name}`) | {count} | {told} |"));
    }
    for family in catalogue.families() {
        line(&mut page, format_args!("\n<a id=\"{}\"></a>\n\n## {}", family.name, family.title));
        for entry in types_of(family, catalogue) {
            describe(&mut page, entry);
        }
    }
    page
}

fn types_of<'a>(
    family: &'a Family,
    catalogue: &'a Catalogue,
) -> impl Iterator<Item = &'a EventType> {
    family.types.iter().filter_map(|name| catalogue.find(name))
}

fn describe(page: &mut String, entry: &EventType) {
    line(
        page,
        format_args!("\n### `{}`\n\n**{}.** {}", entry.name, entry.title, entry.description),
    );
    line(page, format_args!("\n> `{}`\n", entry.sentence));
    let mut traits = vec![
        format!("operation `{}`", entry.operation),
        format!("severity `{}`", entry.severity),
        format!("version {}", entry.version),
        format!("retention `{}`", entry.retention),
    ];
    if entry.significant {
        traits.push("**the subject is told**".into());
    }
    if entry.ingest == IngestMode::Block {
        traits.push("**block**".into());
    }
    line(page, format_args!("{}", traits.join(" · ")));
    if let Some(properties) = entry.metadata.get("properties").and_then(Value::as_object) {
        page.push_str("\n| Metadata | Value | Meaning |\n|---|---|---|\n");
        for (key, schema) in properties {
            metadata_row(page, entry, key, schema);
        }
    }
    if !entry.forbidden.is_empty() {
        let keys: Vec<String> = entry.forbidden.iter().map(|key| format!("`{key}`")).collect();
        line(page, format_args!("\nMust not be sent: {}.", keys.join(", ")));
    }
}

fn metadata_row(page: &mut String, entry: &EventType, key: &str, schema: &Value) {
    let required = entry.metadata.get("required").and_then(Value::as_array);
    let holds = |list: &[String]| list.iter().any(|listed| listed == key);
    let mut remarks = Vec::new();
    if required.is_some_and(|keys| keys.iter().any(|required| required == key)) {
        remarks.push("required");
    }
    if holds(&entry.personal) {
        remarks.push("personal");
    }
    if holds(&entry.masked) {
        remarks.push("masked");
    }
    let remarks = match remarks.is_empty() {
        true => String::new(),
        false => format!(" ({})", remarks.join(", ")),
    };
    let meaning = schema.get("description").and_then(Value::as_str).unwrap_or_default();
    line(page, format_args!("| `{key}`{remarks} | {} | {} |", value_of(schema), in_cell(meaning)));
}

/// What values a schema takes, in a few words.
fn value_of(schema: &Value) -> String {
    if let Some(words) = schema.get("enum").and_then(Value::as_array) {
        let words: Vec<String> = words.iter().map(|word| format!("`{}`", as_text(word))).collect();
        return words.join(", ");
    }
    let kind = schema.get("type").map(as_text).unwrap_or_else(|| "any".into());
    let items = schema.get("items").and_then(|items| items.get("type")).map(as_text);
    let bound = |name: &str| schema.get(name).map(as_text);
    match (items, bound("minimum"), bound("maximum")) {
        (Some(items), ..) => format!("{kind} of {items}s"),
        (None, Some(least), Some(most)) => format!("{kind}, {least} to {most}"),
        (None, Some(least), None) => format!("{kind}, at least {least}"),
        (None, None, Some(most)) => format!("{kind}, at most {most}"),
        (None, None, None) => kind,
    }
}

fn as_text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn in_cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

fn line(page: &mut String, text: std::fmt::Arguments<'_>) {
    writeln!(page, "{text}").expect("writing to a string cannot fail");
}

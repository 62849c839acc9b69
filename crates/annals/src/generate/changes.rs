//! What changed in an event, before and after.

use super::json::Json;
use super::people::Person;
use super::plan::Plan;
use super::random::Random;

const LANGUAGES: &[&str] = &["en", "es", "fr", "de", "tl", "vi"];
const STREETS: &[&str] = &["12 Main St", "407 Oak Ave", "9 Harbor Rd", "88 Mill Lane", "1 Hill Ct"];
const STATES: &[&str] = &["draft", "active", "pending", "closed", "archived"];

/// Either a list of changes, or the whole object before and after.
pub(super) fn write(plan: &Plan, person: Option<Person>, random: &mut Random, json: &mut Json<'_>) {
    if plan.event_type.contains("password") || plan.event_type.contains("mfa") {
        // Of secrets only the time is told.
        json.key("changes").open_list();
        write_replaced("/credential/changed_at", "2024-08-19", "2025-01-14", json);
        json.close_list();
        return;
    }
    let (field, before, after) = changed_value(plan, person, random);
    let city = person.map_or("Boston", |person| person.city().name);
    if random.percent(40) {
        for (key, value) in [("before", &before), ("after", &after)] {
            json.key(key).open();
            json.key(field).text(value);
            json.key("city").text(city);
            json.close();
        }
        return;
    }
    json.key("changes").open_list();
    write_replaced(&format!("/{field}"), &before, &after, json);
    if random.percent(30) {
        json.open();
        json.key("path").text("/address/city");
        json.key("op").text("add");
        json.key("after").text(city);
        json.close();
    }
    json.close_list();
}

/// The field that a type changes, with its value before and after.
fn changed_value(
    plan: &Plan,
    person: Option<Person>,
    random: &mut Random,
) -> (&'static str, String, String) {
    let is_about = |word: &str| plan.event_type.contains(word);
    if is_about("phone") {
        return ("phone", phone(random), phone(random));
    }
    if is_about("email") {
        let old = person.map_or_else(String::new, |person| person.email());
        let new = format!("{}.{}", random.below(1_000), old);
        return ("email", old, new);
    }
    let (field, values): (_, &[&str]) = match () {
        () if is_about("address") => ("street", STREETS),
        () if is_about("profile") || is_about("preferences") => ("language", LANGUAGES),
        () => ("status", STATES),
    };
    let before = random.below(values.len() as u64) as usize;
    let step = random.between(1, values.len() as u64 - 1) as usize;
    (field, values[before].to_owned(), values[(before + step) % values.len()].to_owned())
}

fn write_replaced(path: &str, before: &str, after: &str, json: &mut Json<'_>) {
    json.open();
    json.key("path").text(path);
    json.key("op").text("replace");
    json.key("before").text(before);
    json.key("after").text(after);
    json.close();
}

fn phone(random: &mut Random) -> String {
    format!("+1-555-{:03}-{:04}", random.below(1_000), random.below(10_000))
}

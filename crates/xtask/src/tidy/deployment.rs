//! The files that start Annals in containers, against what they start. No container engine is needed.

mod planted;

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::nothing_to_complain_of;
use crate::cargo::root;

/// Variables of Annals that are no settings.
const OTHER_VARIABLES: [&str; 1] = ["ANNALS_MASTER_KEY_FILE"];
/// Services that may write to their root file system, and why.
const WRITABLE: [(&str, &str); 5] = [
    ("certificates", "runs once, with a foreign tool, without a network"),
    ("kurrentdb1", "a foreign program that was not tried without"),
    ("kurrentdb2", "a foreign program that was not tried without"),
    ("kurrentdb3", "a foreign program that was not tried without"),
    ("eventstore", "a foreign program that was not tried without"),
];
/// Services that run as root, and why.
const AS_ROOT: [(&str, &str); 1] = [("certificates", "gives files to the users who read them")];
const SECRETS_FOLDER: &str = "./deploy/secrets/";

#[test]
fn containers_set_only_settings_that_exist() {
    let settings: toml::Table = text("config/annals.toml").parse().unwrap();
    nothing_to_complain_of(&unknown_variables(&compose(), &settings));
    nothing_to_complain_of(&unknown_keys(&text("deploy/annals.toml").parse().unwrap(), &settings));
    let dockerfile = text("deploy/Dockerfile");
    let set = dockerfile.lines().filter_map(|line| line.strip_prefix("ENV ")?.split('=').next());
    nothing_to_complain_of(
        &set.filter_map(|name| trouble_with(name, &settings)).collect::<Vec<_>>(),
    );
}

#[test]
fn every_service_has_a_health_check_or_ends_by_itself() {
    nothing_to_complain_of(&unwatched_services(&compose()));
}

#[test]
fn containers_can_do_no_more_than_they_must() {
    nothing_to_complain_of(&too_powerful_services(&compose()));
}

#[test]
fn secrets_are_files_that_the_script_makes_and_only_their_readers_get() {
    nothing_to_complain_of(&careless_secrets(&compose(), &text("deploy/secrets.sh")));
}

#[test]
fn everything_that_containers_are_made_of_is_in_the_repository() {
    let exists = |path: &str| root().join(path).exists();
    nothing_to_complain_of(&missing_mounts(&compose(), exists));
    nothing_to_complain_of(&missing_copies(&text("deploy/Dockerfile"), exists));
}

#[test]
fn the_proxy_passes_to_services_that_exist() {
    nothing_to_complain_of(&unknown_upstreams(&text("deploy/nginx/annals.conf"), &compose()));
}

fn text(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn compose() -> Value {
    let compose: Value = serde_saphyr::from_str(&text("docker-compose.yml")).unwrap();
    assert!(services(&compose).count() > 5, "docker-compose.yml names hardly any service");
    compose
}

fn services(compose: &Value) -> impl Iterator<Item = (&String, &Value)> {
    compose["services"].as_object().into_iter().flatten()
}

fn strings(list: &Value) -> Vec<&str> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

fn environment(service: &Value) -> impl Iterator<Item = (&String, &Value)> {
    service["environment"].as_object().into_iter().flatten()
}

fn unknown_variables(compose: &Value, settings: &toml::Table) -> Vec<String> {
    let mut complaints = Vec::new();
    for (service, definition) in services(compose) {
        // A list of NAME=VALUE would be legal, and not looked at here.
        if definition["environment"].is_array() {
            complaints.push(format!("{service}: write the environment as NAME: VALUE"));
        }
        let names = environment(definition).map(|(name, _)| name);
        let troubles = names.filter_map(|name| trouble_with(name, settings));
        complaints.extend(troubles.map(|trouble| format!("{service}: {trouble}")));
    }
    complaints
}

/// What is wrong with the name of a variable.
fn trouble_with(name: &str, settings: &toml::Table) -> Option<String> {
    let setting = name.strip_prefix("ANNALS_")?;
    if OTHER_VARIABLES.contains(&name) {
        return None;
    }
    let Some((section, key)) = setting.split_once("__") else {
        return Some(format!("Annals does not know {name}"));
    };
    let section = settings.get(&section.to_lowercase());
    match section.is_some_and(|section| section.get(key.to_lowercase()).is_some()) {
        true => None,
        false => Some(format!("{name} is no setting in config/annals.toml")),
    }
}

fn unknown_keys(file: &toml::Table, settings: &toml::Table) -> Vec<String> {
    let mut complaints = Vec::new();
    for (section, keys) in file {
        for key in keys.as_table().into_iter().flat_map(toml::Table::keys) {
            if settings.get(section).and_then(|known| known.get(key)).is_none() {
                complaints.push(format!("`{section}.{key}` is no setting in config/annals.toml"));
            }
        }
    }
    complaints
}

fn unwatched_services(compose: &Value) -> Vec<String> {
    let mut complaints = Vec::new();
    let awaited_to: BTreeSet<(&str, &str)> = services(compose)
        .flat_map(|(_, definition)| definition["depends_on"].as_object().into_iter().flatten())
        .filter_map(|(name, wait)| Some((name.as_str(), wait["condition"].as_str()?)))
        .collect();
    for (service, definition) in services(compose) {
        let watched = definition["healthcheck"]["test"].is_array();
        let ends = awaited_to.contains(&(service, "service_completed_successfully"));
        if !watched && !ends {
            complaints.push(format!("{service}: how is it known to work? Give it a health check"));
        }
        if ends && definition["restart"].as_str().is_some_and(|restart| restart != "no") {
            complaints.push(format!("{service}: it should end, but is started again and again"));
        }
        if !watched && awaited_to.contains(&(service, "service_healthy")) {
            complaints.push(format!("{service}: others wait for a health check that it has not"));
        }
        if definition["depends_on"].is_array() {
            complaints.push(format!("{service}: say what it waits for (`condition`)"));
        }
    }
    let unknown = awaited_to.iter().filter(|(name, _)| compose["services"].get(name).is_none());
    complaints
        .extend(unknown.map(|(name, _)| format!("`{name}` is waited for, but is no service")));
    complaints
}

fn too_powerful_services(compose: &Value) -> Vec<String> {
    let mut complaints = Vec::new();
    for (service, definition) in services(compose) {
        let mut demand = |holds: bool, what: &str| {
            if !holds {
                complaints.push(format!("{service}: {what}"));
            }
        };
        let excused = |list: &[(&str, &str)]| list.iter().any(|(name, _)| name == service);
        let own = definition["image"].as_str().is_some_and(|image| image.starts_with("annals:"));
        let user = definition["user"].as_str();
        let is_root = user.is_some_and(|user| matches!(user.split(':').next(), Some("0" | "root")));
        demand(!own || user.is_some(), "name the `user`");
        demand(!is_root || excused(&AS_ROOT), "do not run it as root");
        demand(definition["read_only"] == true || excused(&WRITABLE), "set `read_only: true`");
        demand(strings(&definition["cap_drop"]) == ["ALL"], "set `cap_drop: [ALL]`");
        let options = strings(&definition["security_opt"]);
        demand(options.contains(&"no-new-privileges:true"), "set `no-new-privileges:true`");
        demand(definition["privileged"] != true, "do not make it privileged");
        let open = |port: &&str| !port.starts_with("127.0.0.1:");
        demand(!strings(&definition["ports"]).iter().any(open), "publish ports on 127.0.0.1 only");
    }
    complaints
}

fn careless_secrets(compose: &Value, script: &str) -> Vec<String> {
    let mut complaints = Vec::new();
    let nothing = Map::new();
    let secrets = compose["secrets"].as_object().unwrap_or(&nothing);
    for (name, secret) in secrets {
        if secret["file"].as_str() != Some(&format!("{SECRETS_FOLDER}{name}")) {
            complaints.push(format!("the secret {name} is no file in {SECRETS_FOLDER}"));
        }
        if !script.lines().any(|line| line.starts_with(&format!("make {name} "))) {
            complaints.push(format!("deploy/secrets.sh does not make {name}"));
        }
    }
    for (service, definition) in services(compose) {
        let given = strings(&definition["secrets"]);
        let unknown = given.iter().filter(|name| !secrets.contains_key(**name));
        complaints.extend(unknown.map(|name| format!("{service}: there is no secret {name}")));
        for (variable, value) in environment(definition) {
            let value = value.as_str().unwrap_or_default();
            let names_a_secret =
                ["PASSWORD", "SECRET", "TOKEN"].iter().any(|w| variable.contains(w));
            if (names_a_secret && !variable.ends_with("_FILE")) || value.contains('@') {
                complaints.push(format!("{service}: {variable} holds a secret; name a file"));
            }
            if let Some(name) = value.strip_prefix("/run/secrets/")
                && !given.contains(&name)
            {
                complaints.push(format!("{service}: {variable} names a secret that it has not"));
            }
        }
    }
    complaints
}

fn missing_mounts(compose: &Value, exists: impl Fn(&str) -> bool) -> Vec<String> {
    let mut complaints = Vec::new();
    for (service, definition) in services(compose) {
        let mut missing = |what: &str| complaints.push(format!("{service}: there is no {what}"));
        for mount in strings(&definition["volumes"]) {
            let source = mount.split(':').next().unwrap_or_default();
            match source.strip_prefix("./") {
                Some(path) if !exists(path) => missing(path),
                None if compose["volumes"].get(source).is_none() => missing(source),
                _ => {}
            }
        }
        let dockerfile = definition["build"]["dockerfile"].as_str();
        if let Some(path) = dockerfile.filter(|path| !exists(path)) {
            missing(path);
        }
    }
    complaints
}

fn missing_copies(dockerfile: &str, exists: impl Fn(&str) -> bool) -> Vec<String> {
    let copies = dockerfile.lines().filter_map(|line| line.strip_prefix("COPY "));
    let from_context = copies.filter(|copy| !copy.starts_with("--from"));
    let sources = from_context.flat_map(|copy| {
        let words: Vec<_> = copy.split_whitespace().collect();
        words[..words.len().saturating_sub(1)].to_vec()
    });
    let missing = sources.filter(|source| !exists(source));
    missing.map(|source| format!("deploy/Dockerfile copies {source}, which is not there")).collect()
}

fn unknown_upstreams(nginx: &str, compose: &Value) -> Vec<String> {
    let servers =
        nginx.lines().filter_map(|line| line.trim().strip_prefix("server ")?.split(':').next());
    let servers: Vec<_> = servers.filter(|name| !name.starts_with('{')).collect();
    let mut complaints = Vec::new();
    if servers.is_empty() {
        complaints.push("nginx passes to nobody".to_owned());
    }
    let unknown = servers.iter().filter(|name| compose["services"].get(name).is_none());
    complaints.extend(unknown.map(|name| format!("nginx passes to `{name}`, which is no service")));
    complaints
}

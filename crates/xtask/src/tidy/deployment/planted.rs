//! Every rule for the files of the deployment finds the fault that is planted for it.

use serde_json::{Value, json};

use super::{
    careless_secrets, missing_copies, missing_mounts, too_powerful_services, unknown_keys,
    unknown_upstreams, unknown_variables, unwatched_services,
};

/// A service without a fault, changed by what a test plants.
fn planted(changes: Value) -> Value {
    let mut service = json!({
        "image": "annals:1", "user": "10001", "read_only": true, "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges:true"], "healthcheck": { "test": ["CMD", "true"] },
        "environment": { "ANNALS_STORE__URL": "sqlite", "ANNALS_MASTER_KEY_FILE": "/run/secrets/key" },
        "secrets": ["key"], "volumes": ["./here:/a", "data:/b"], "ports": ["127.0.0.1:1:1"],
    });
    service.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    let secrets = json!({ "key": { "file": "./deploy/secrets/key" } });
    json!({ "services": { "one": service }, "volumes": { "data": null }, "secrets": secrets })
}

#[test]
fn each_fault_planted_into_a_service_is_found() {
    let settings: toml::Table = "[store]\nurl = \"\"\n".parse().unwrap();
    let complaints = |changes: Value| {
        let compose = planted(changes);
        let mut all = unknown_variables(&compose, &settings);
        all.extend(unwatched_services(&compose));
        all.extend(too_powerful_services(&compose));
        all.extend(careless_secrets(&compose, "make key 1 random\n"));
        all.extend(missing_mounts(&compose, |path| path == "here"));
        all
    };
    assert_eq!(complaints(json!({})), [""; 0]);
    for fault in [
        json!({ "environment": { "ANNALS_STORE__COLOUR": "blue" } }),
        json!({ "environment": { "ANNALS_STORE": "blue" } }),
        json!({ "environment": ["ANNALS_STORE__COLOUR=blue"] }),
        json!({ "environment": { "DB_PASSWORD": "x" } }),
        json!({ "environment": { "ANNALS_STORE__URL": "esdb://a:b@c" } }),
        json!({ "environment": { "ANNALS_MASTER_KEY_FILE": "/run/secrets/other" } }),
        json!({ "secrets": ["key", "other"] }),
        json!({ "healthcheck": { "disable": true } }),
        json!({ "depends_on": { "two": { "condition": "service_started" } } }),
        json!({ "depends_on": ["one"] }),
        json!({ "depends_on": { "one": { "condition": "service_completed_successfully" } }, "restart": "always" }),
        json!({ "user": null }),
        json!({ "user": "0:0" }),
        json!({ "read_only": false }),
        json!({ "cap_drop": [] }),
        json!({ "security_opt": [] }),
        json!({ "privileged": true }),
        json!({ "ports": ["8080:8080"] }),
        json!({ "volumes": ["./gone:/a"] }),
        json!({ "volumes": ["undeclared:/a"] }),
        json!({ "build": { "dockerfile": "gone" } }),
    ] {
        assert_eq!(complaints(fault.clone()).len(), 1, "{fault}");
    }
    assert!(!careless_secrets(&planted(json!({})), "").is_empty());
    assert!(!unknown_upstreams("server two:8080;\n", &planted(json!({}))).is_empty());
    assert!(!missing_copies("COPY gone to\n", |_| false).is_empty());
    assert!(!unknown_keys(&"[store]\ncolour = 1\n".parse().unwrap(), &settings).is_empty());
}

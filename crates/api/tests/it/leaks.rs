//! Attacks on what keeps people from seeing what is not theirs: each of these got through, or might have.

mod credentials;
mod files;
mod masks;
mod scope;
mod traces;

use serde_json::{Value, json};

use crate::support::{SECRET, Service, claims, signed, token};

/// Roles that operators might define.
const ROLES: &str = r#"
[roles.seer]
title = "Sees and exports everything"
permissions = ["read_tenant_events", "export_events"]

[roles.own_seer]
title = "Exports what concerns them"
permissions = ["read_own_events", "export_events"]

[roles.nameless]
title = "Exports everything but names"
permissions = ["read_tenant_events", "export_events"]
masks = ["names"]

[roles.no_contact]
title = "Sees no addresses and nothing personal"
permissions = ["read_tenant_events", "export_events"]
masks = ["names", "contact", "personal"]

[roles.masked]
title = "Exports everything with all masks"
permissions = ["read_tenant_events", "export_events", "unmask"]
masks = ["names", "contact", "network", "personal", "texts", "values"]

[roles.narrow]
title = "Sees and exports sign-ins"
permissions = ["read_tenant_events", "export_events"]
events = "type:user.login.*"
"#;

async fn started() -> Service {
    Service::with_more_roles(ROLES).await
}

/// A token with several roles.
fn token_of(sub: &str, roles: &[&str]) -> String {
    let mut claims = claims(sub, "acme", "none");
    claims["roles"] = json!(roles);
    signed(r#"{"alg":"HS256"}"#, &claims.to_string(), SECRET)
}

fn admin() -> String {
    token("root", "acme", "admin")
}

/// The traces of reading that somebody left, oldest first.
async fn traces(service: &Service, of: &str) -> Vec<Value> {
    let path = format!("/api/v1/logs?q=type:annals.log.read+actor.id:{of}&limit=250&order=oldest");
    let answer = service.get(&path, &admin()).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()["events"].as_array().unwrap().clone()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

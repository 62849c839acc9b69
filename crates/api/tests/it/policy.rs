//! Which roles there are, and what the caller is and may.

use serde_json::json;

use crate::support::{Service, token};

#[tokio::test]
async fn the_policy_tells_every_role_permission_and_mask() {
    let service = Service::start().await;
    let answer = service.get("/api/v1/access/policy", &token("root", "acme", "admin")).await;
    let policy = answer.json();
    let roles = policy["roles"].as_array().unwrap();
    let role = |name: &str| roles.iter().find(|role| role["name"] == name).unwrap();
    assert_eq!(role("auditor")["events"], "");
    assert!(role("user").get("events").is_none(), "it sees none of the tenant's");
    assert!(role("analyst")["masks"].as_array().unwrap().contains(&json!("names")));
    assert_eq!(role("security_officer")["inboxes"], json!(["security"]));
    assert!(policy["permissions"].as_array().unwrap().contains(&json!("break_glass")));
    assert_eq!(policy["masks"].as_array().unwrap().len(), 6);
    let user = service.get("/api/v1/access/policy", &token("ann", "acme", "user")).await;
    assert_eq!(user.status, 403);
}

#[tokio::test]
async fn callers_are_told_what_they_are_and_may() {
    let service = Service::start().await;
    let me = async |role: &str| {
        service.get("/api/v1/access/me", &token("kim", "acme", role)).await.json()
    };
    let analyst = me("analyst").await;
    assert_eq!(analyst["id"], "kim");
    assert_eq!((&analyst["tenant"], &analyst["credential"]), (&json!("acme"), &json!("token")));
    assert_eq!(analyst["sees"], json!(["all events of the tenant"]));
    assert_eq!(analyst["masks"].as_array().unwrap().len(), 6);
    let officer = me("security_analyst").await;
    assert!(officer["sees"][0].as_str().unwrap().contains("type:user.*"), "{officer}");
    let nobody = me("no such role").await;
    assert_eq!((&nobody["permissions"], &nobody["sees"]), (&json!([]), &json!([])));
}

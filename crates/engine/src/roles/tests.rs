use serde_json::{Value, json};

use super::*;

fn read(json: Value) -> Result<Roles, String> {
    serde_json::from_value(json).map_err(|error| error.to_string())
}

#[test]
fn a_node_has_the_roles_it_is_given_and_all_of_them_by_default() {
    assert!(Role::ALL.into_iter().all(|role| Roles::default().has(role)));
    let roles = read(json!(["ingest", "deliver", "ingest"])).unwrap();
    assert_eq!(Role::ALL.map(|role| roles.has(role)), [true, false, false, true]);
    assert_eq!(read(json!("ingest, deliver")), Ok(roles), "as an environment variable has it");
    assert_eq!(read(json!(["ingest", "query", "project", "deliver"])), Ok(Roles::default()));
}

#[test]
fn what_makes_no_sense_is_said_in_a_sentence() {
    let unknown = read(json!(["ingest", "reader"])).unwrap_err();
    assert!(unknown.starts_with("`reader` is no role of a node; the roles are"), "{unknown}");
    let none = "a node without a role does nothing";
    assert!(read(json!([])).unwrap_err().starts_with(none));
    assert!(read(json!("")).unwrap_err().starts_with(none));
    let alone = read(json!(["query", "ingest"])).unwrap_err();
    assert!(alone.starts_with("the role `query` needs `project`"), "{alone}");
}

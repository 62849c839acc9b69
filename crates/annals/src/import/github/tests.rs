use serde_json::json;

use crate::import::Format;
use crate::import::tests::event;

#[test]
fn the_user_acted_on_is_the_subject_and_the_actor_is_their_own() {
    let entry = |user: &str| {
        event(Format::GitHub, &json!({"action": "org.remove_member", "actor": "ann", "user": user}))
    };
    assert_eq!(entry("bo")["subject"], json!({"id": "bo", "name": "bo"}));
    assert_eq!(entry("ann").get("subject"), None);
    assert_eq!(entry("").get("subject"), None);
    assert_eq!(entry("bo")["operation"], "revoke");
}

#[test]
fn bots_and_the_platform_are_no_persons() {
    for (entry, actor_type) in [
        (json!({"action": "a.b", "actor": "ann"}), "user"),
        (json!({"action": "a.b", "actor": "secret-scanning[bot]"}), "service"),
        (json!({"action": "a.b", "actor": "deployer", "actor_is_bot": true}), "service"),
        (json!({"action": "a.b", "actor": "github"}), "system"),
        (json!({"action": "a.b"}), "anonymous"),
    ] {
        assert_eq!(event(Format::GitHub, &entry)["actor"]["type"], actor_type, "{entry}");
    }
}

#[test]
fn old_values_become_changes() {
    let event = event(
        Format::GitHub,
        &json!({"action": "repo.rename", "old_name": "a", "name": "b", "old_user": "gone",
                "previous_visibility": "private", "visibility": "public"}),
    );
    assert_eq!(
        event["changes"],
        json!([
            {"path": "/name", "op": "replace", "before": "a", "after": "b"},
            {"path": "/visibility", "op": "replace", "before": "private", "after": "public"},
        ])
    );
    assert_eq!(event["metadata"]["old_user"], "gone", "without a new value it is no change");
}

#[test]
fn a_workflow_tells_whether_it_succeeded() {
    for (conclusion, status) in
        [("success", "success"), ("failure", "failure"), ("cancelled", "unknown")]
    {
        let entry = json!({"action": "workflows.completed_workflow_run", "conclusion": conclusion});
        assert_eq!(event(Format::GitHub, &entry)["outcome"]["status"], status);
    }
}

#[test]
fn a_repository_named_twice_is_one_target() {
    let event = event(
        Format::GitHub,
        &json!({"action": "git.clone", "repo": "o/r", "repository": "o/r", "org": "o", "business": ""}),
    );
    assert_eq!(
        event["targets"],
        json!([{"type": "repository", "id": "o/r"}, {"type": "organization", "id": "o"}])
    );
    assert_eq!(event["operation"], "read");
}

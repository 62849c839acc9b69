use serde_json::json;

use crate::import::Format;
use crate::import::tests::{event, refusal};

#[test]
fn types_name_resource_and_verb() {
    for (entry, expected, operation) in [
        (
            json!({"verb": "create", "objectRef": {"resource": "pods"}}),
            "kubernetes.pods.create",
            "create",
        ),
        (
            json!({"verb": "create", "objectRef": {"resource": "pods", "subresource": "exec"}}),
            "kubernetes.pods.exec.create",
            "execute",
        ),
        (
            json!({"verb": "create", "objectRef": {"resource": "clusterrolebindings"}}),
            "kubernetes.clusterrolebindings.create",
            "grant",
        ),
        (
            json!({"verb": "delete", "objectRef": {"resource": "rolebindings"}}),
            "kubernetes.rolebindings.delete",
            "revoke",
        ),
        (json!({"verb": "get", "requestURI": "/healthz"}), "kubernetes.url.get", "read"),
        (json!({"requestURI": "/healthz"}), "kubernetes.url.request", "other"),
    ] {
        let event = event(Format::Kubernetes, &entry);
        assert_eq!((&event["type"], &event["operation"]), (&json!(expected), &json!(operation)));
    }
    assert_eq!(
        refusal(Format::Kubernetes, &json!({"kind": "Event"})),
        "has neither `verb` nor `objectRef` nor `requestURI`: no act is told"
    );
}

#[test]
fn users_are_told_apart_by_their_names() {
    for (name, actor_type) in [
        ("ann@example.com", "user"),
        ("kubernetes-admin", "user"),
        ("system:serviceaccount:kube-system:coredns", "service"),
        ("system:kube-controller-manager", "system"),
        ("eks:addon-manager", "service"),
        ("system:anonymous", "anonymous"),
        ("system:unauthenticated", "anonymous"),
    ] {
        let entry = json!({"verb": "get", "user": {"username": name, "groups": ["g"]}});
        let actor = event(Format::Kubernetes, &entry)["actor"].clone();
        assert_eq!((&actor["type"], &actor["name"]), (&json!(actor_type), &json!(name)));
        assert_eq!(actor["roles"], json!(["g"]));
    }
}

#[test]
fn an_impersonated_user_is_acted_for() {
    let entry =
        json!({"verb": "get", "user": {"username": "ann"}, "impersonatedUser": {"username": "bo"}});
    let event = event(Format::Kubernetes, &entry);
    assert_eq!(event["actor"]["id"], "ann");
    assert_eq!(event["on_behalf_of"], json!([{"type": "user", "id": "bo", "name": "bo"}]));
}

#[test]
fn response_codes_tell_the_outcome() {
    for (fields, status) in [
        (json!({"responseStatus": {"code": 201}}), "success"),
        (json!({"responseStatus": {"code": 101}}), "success"),
        (json!({"responseStatus": {"code": 403}}), "denied"),
        (json!({"responseStatus": {"code": 404, "message": "not found"}}), "failure"),
        (json!({"responseStatus": {}}), "unknown"),
        (json!({"stage": "Panic"}), "failure"),
        (json!({"annotations": {"authorization.k8s.io/decision": "forbid"}}), "denied"),
    ] {
        let mut entry = json!({"verb": "get"});
        entry.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        assert_eq!(event(Format::Kubernetes, &entry)["outcome"]["status"], status, "{fields}");
    }
}

#[test]
fn the_first_real_address_is_the_clients_and_the_others_stay() {
    let entry = |ips| event(Format::Kubernetes, &json!({"verb": "get", "sourceIPs": ips}));
    let one = entry(json!(["1.2.3.4"]));
    assert_eq!((&one["client"]["ip"], one["metadata"].get("sourceIPs")), (&json!("1.2.3.4"), None));
    let odd = entry(json!(["not-an-ip", "10.0.1.5"]));
    assert_eq!(odd["client"]["ip"], "10.0.1.5");
    assert_eq!(odd["metadata"]["sourceIPs"], json!(["not-an-ip", "10.0.1.5"]));
}

#[test]
fn the_stages_of_one_request_are_separate_events() {
    let entry = |stage: &str| {
        event(Format::Kubernetes, &json!({"verb": "watch", "auditID": "a", "stage": stage}))
    };
    let (started, complete) = (entry("ResponseStarted"), entry("ResponseComplete"));
    assert_ne!(started["id"], complete["id"]);
    assert_eq!(started["request"], complete["request"]);
}

//! What rules hold back, what they never do, and how many one event tells.

use super::*;

/// The rules that sent something, each with its routes.
fn senders(told: &Told) -> Vec<String> {
    queued(told).into_iter().map(|queued| queued.message.rule).collect()
}

fn story_of_ann() -> Story {
    let mut story = Story::new();
    story.verified(9, "ann@example.org");
    story
}

#[test]
fn so_many_addresses_of_a_change_are_told_and_no_more() {
    let changed = |paths: [&str; 2]| {
        let mut story = Story::new();
        let told = story.take(1, |event| {
            event.event_type = "user.email.changed".into();
            let change = |path: &str, one: &str, other: &str| {
                json!({"path": path, "op": "replace", "before": one, "after": other})
            };
            let changes = [change(paths[0], "a@x.org", "b@x.org"), change(paths[1], "c@x.org", "d@x.org")];
            event.changes = serde_json::from_value(json!(changes)).unwrap();
            event.metadata.insert("old_email".into(), "e@x.org".into());
            event.metadata.insert("new_email".into(), "f@x.org".into());
            event.metadata.insert("other_email".into(), "g@x.org".into());
        });
        routes(&told)
    };
    let all = ["email:a@x.org", "email:b@x.org", "email:e@x.org", "email:f@x.org"];
    assert_eq!(all.len(), CHANGED_ADDRESSES_MAX);
    assert_eq!(changed(["/email", "/email"]), all, "the second change is one too many");
    assert_eq!(changed(["/email_address", "/email"]), all);
    assert_eq!(changed(["/emails/0", "/the_email"]), all[2..], "only what is the address itself");
}

#[test]
fn what_one_rule_holds_back_another_tells() {
    let mut story = story_of_ann();
    story.rule(json!({"id": "aaa", "throttle": {"messages": 1, "window_seconds": 3600}}));
    story.rule(json!({"id": "bbb"}));
    let by = [0, 1].map(|at| senders(&story.happens("invoice.viewed", at)));
    assert_eq!(by, [["aaa"], ["bbb"]]);
    story.rule(json!({"id": "aaa", "digest": {"every_seconds": 3600}}));
    let by = [2, 3].map(|at| senders(&story.happens("invoice.viewed", at)));
    assert_eq!(by, [["aaa"], ["aaa"]], "what is gathered is told");
}

#[test]
fn what_must_be_told_is_told_each_time() {
    let mut story = story_of_ann();
    let spent = json!({"messages": 1, "window_seconds": 3600});
    // As rules could be set before that was refused.
    for (id, filter) in [("aaa", "type:user.password.changed"), ("mine", "type:invoice.viewed")] {
        story.rule(json!({"id": id, "filter": filter, "mandatory": true, "throttle": spent,
            "dedupe": {"window_seconds": 3600}}));
    }
    for at in 0..3 {
        let told = story.happens("user.password.changed", at);
        assert_eq!(senders(&told), ["password-changed"], "{at}: the shipped rule goes first");
        assert_eq!(senders(&story.happens("invoice.viewed", at)), ["mine"], "{at}");
    }
}

#[test]
fn what_was_held_back_for_one_reason_counts_for_no_other() {
    let mut story = story_of_ann();
    story.rule(json!({"throttle": {"messages": 1, "window_seconds": 60},
        "dedupe": {"key": ["actor.id"], "window_seconds": 3600}}));
    let mut by = |actor: &str, seconds| {
        let told = story.take(seconds, |event| {
            event.event_type = "invoice.viewed".into();
            event.actor.id = Some(actor.into());
        });
        (routes(&told).len(), told.kept.len())
    };
    assert_eq!(by("eve", 0), (1, 2), "both windows are open");
    assert_eq!(by("mal", 1), (0, 0), "too many, and nothing is remembered of it");
    assert_eq!(by("eve", 61).0, 0, "told already");
    assert_eq!(by("mal", 61).0, 1, "was never told");
}

/// A rule that tells so many people in their inboxes.
fn telling_people(id: &str, filter: &str, people: std::ops::Range<usize>) -> Value {
    let audience: Vec<String> = people.map(|number| format!("person:p{number:03}")).collect();
    json!({"id": id, "filter": filter, "audience": audience, "channels": ["inbox"], "mandatory": true})
}

#[test]
fn an_event_arrives_in_so_many_inboxes_and_no_more() {
    let mut story = Story::new();
    let told = |story: &mut Story| inboxes(&story.happens("invoice.viewed", 1));
    let max = INBOXES_PER_EVENT_MAX;
    assert_eq!(max, 100, "two audiences");
    story.rule(telling_people("r1", "type:invoice.viewed", 0..50));
    story.rule(telling_people("r2", "type:invoice.viewed", 49..99));
    assert_eq!(told(&mut story).len(), max - 1, "each once");
    story.rule(telling_people("r3", "type:invoice.viewed", 99..100));
    assert_eq!(told(&mut story).len(), max);
    story.rule(telling_people("r4", "type:invoice.viewed", 100..101));
    let told = told(&mut story);
    assert_eq!((told.len(), told.last().unwrap().as_str()), (max, "p099"), "one too many");
}

#[test]
fn whom_a_shipped_rule_must_tell_has_room_whatever_a_tenant_sets() {
    let mut story = Story::new();
    for (number, id) in ["a1", "a2", "a3"].into_iter().enumerate() {
        let people = number * 50..(number + 1) * 50;
        story.rule(telling_people(id, "type:break_glass.used", people));
    }
    let told = inboxes(&story.happens("break_glass.used", 1));
    assert_eq!(told.len(), INBOXES_PER_EVENT_MAX);
    assert!(["ann", "role:security"].iter().all(|who| told.contains(&(*who).to_owned())));
}

#[test]
fn no_rule_of_a_tenant_goes_by_the_name_of_a_message_of_annals() {
    let mut story = story_of_ann();
    let added = |number: u64| {
        let id = Uuid::from_u128(number.into());
        json!({"address_id": id, "address": "new@example.org", "code_digest": "00"})
    };
    story.rule(json!({"id": VERIFICATION_RULE, "filter": format!("type:{ADDRESS_ADDED}")}));
    let told = story.fact(ADDRESS_ADDED, added(1));
    assert_eq!(routes(&told), ["email:new@example.org"], "the code goes nowhere else");
    story.rule(json!({"id": TEST_RULE}));
    assert!(routes(&story.happens("invoice.viewed", 1)).is_empty());
    story.rule(json!({"id": STANDING_RULE}));
    assert_eq!(senders(&story.happens("invoice.viewed", 1)), [STANDING_RULE], "that one ships");
}

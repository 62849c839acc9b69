//! Erasing a person, from asking to the certificate; and what people may ask for beside.

use annals_engine::tiles::LogSigner;
use annals_record::RootKey;
use annals_tlog::certificate::Certificate;
use serde_json::{Value, json};

use super::{
    about, asked, decision, done, event, officer, placed, privacy, refused, requested, stranger,
    text, tried,
};
use crate::support::{Service, token, until};

async fn stands(service: &Service, id: &str) -> Value {
    let shown =
        "id status person pseudonym approved { by } refused { by } completedAt certificateId";
    asked(service, &privacy("paula"), &format!("{{ erasure(id: \"{id}\") {{ {shown} }} }}")).await
}

#[tokio::test]
async fn an_erasure_goes_from_asking_to_its_certificate_over_graphql_alone() {
    let service = Service::start().await;
    let gone = event(&service, "order.placed", "ann").await;
    event(&service, "order.placed", "ben").await;
    let id = requested(&service, "ann").await;
    let alone = refused(&service, &privacy("paula"), &decision("approveErasure", &id)).await;
    assert_eq!(alone, "FORBIDDEN", "who asks does not agree");
    let shown = "erasure { status approved { by } }";
    let agreed = done(&service, &privacy("peter"), "approveErasure", &about(&id), shown).await;
    assert_eq!(agreed["erasure"]["approved"]["by"], "peter");
    until("it was carried out", async || stands(&service, &id).await["status"] == "COMPLETED")
        .await;
    let completed = stands(&service, &id).await;
    assert!(completed["person"].is_null(), "nothing tells who it was: {completed}");
    let admin = token("root", "acme", "admin");
    let found =
        format!("{{ auditEvent(id: \"{gone}\") {{ id description actor {{ id name }} }} }}");
    let found = asked(&service, &admin, &found).await;
    assert_eq!(found["id"], json!(gone), "the event is there");
    assert!(!found.to_string().contains("ann"), "{found}");
    let event = text(&completed["certificateId"]);
    let document = format!("{{ certificate(id: \"{event}\") {{ id note }} }}");
    let certificate = asked(&service, &privacy("paula"), &document).await;
    let signer = LogSigner::new("log.test/annals", RootKey::from_bytes([7; 32])).unwrap();
    let note = text(&certificate["note"]);
    let opened = Certificate::open(note.as_bytes(), signer.certificate_key()).unwrap();
    assert_eq!((opened.kind.as_str(), &certificate["id"]), ("erasure", &json!(event)));
    let statement: Value = serde_json::from_str(&opened.statement).unwrap();
    assert_eq!(statement["person"], completed["pseudonym"]);
    assert!(!note.contains("ann\""), "{note}");
    assert!(asked(&service, &stranger(), &document).await.is_null(), "it is another tenant's");
    let again =
        tried(&service, &privacy("peter"), "approveErasure", &about(&id), "erasure { id }").await;
    assert_eq!(again["userErrors"][0]["code"], "CONFLICT");
}

#[tokio::test]
async fn what_forbids_an_erasure_is_told_and_leaves_it_refused() {
    let service = Service::start().await;
    event(&service, "order.placed", "ann").await;
    placed(&service, "2026-117", "actor:ann").await;
    let id = requested(&service, "ann").await;
    let shown = "erasure { id }";
    let told = tried(&service, &privacy("peter"), "approveErasure", &about(&id), shown).await;
    assert!(told["erasure"].is_null(), "{told}");
    let error = &told["userErrors"][0];
    assert_eq!((&error["code"], &error["field"]), (&json!("CONFLICT"), &json!(["input", "id"])));
    assert!(text(&error["message"]).contains("1 legal holds cover"), "{error}");
    let refused = stands(&service, &id).await;
    assert_eq!((&refused["status"], &refused["person"]), (&json!("REFUSED"), &json!("ann")));
    let admin = token("root", "acme", "admin");
    let found = asked(&service, &admin, "{ auditEventsCount(query: \"secret\") { value } }").await;
    assert_eq!(found["value"], 1, "nothing was erased");
}

#[tokio::test]
async fn a_request_is_taken_back_and_what_anybody_did_is_an_event_as_over_rest() {
    let service = Service::start().await;
    event(&service, "order.placed", "ann").await;
    let id = requested(&service, "ann").await;
    let input = "person: \"ann\", reason: \"asked for again\"";
    let twice = tried(&service, &privacy("peter"), "requestErasure", input, "erasure { id }").await;
    let error = &twice["userErrors"][0];
    assert_eq!(
        (&error["code"], &error["field"]),
        (&json!("CONFLICT"), &json!(["input", "person"]))
    );
    let shown = "erasure { status refused { by } }";
    let back = done(&service, &privacy("paula"), "rejectErasure", &about(&id), shown).await;
    let expected = json!({ "status": "REFUSED", "refused": { "by": "paula" } });
    assert_eq!(back["erasure"], expected);
    let list = "{ erasures(status: REFUSED) { edges { node { id } } } }";
    let listed = asked(&service, &privacy("paula"), list).await;
    assert_eq!(listed["edges"], json!([{ "node": { "id": id } }]));
    let none = "{ erasures(status: REQUESTED) { edges { node { id } } } }";
    assert_eq!(asked(&service, &privacy("paula"), none).await["edges"], json!([]));
    until("all of it stands in the log", async || {
        let counts = async |event_type: &str| service.facts(event_type).await.len();
        let looked = service.facts("annals.log.read").await;
        let looked = looked.iter().filter(|read| {
            read["metadata"]["what"] == json!(["erasures"])
                && read["metadata"]["interface"] == "graphql"
                && read["actor"]["id"] == "paula"
        });
        looked.count() == 2
            && counts("annals.erasure.requested").await == 1
            && counts("annals.erasure.refused").await == 1
    })
    .await;
}

#[tokio::test]
async fn a_person_is_given_their_copy_and_has_put_right_what_is_wrong() {
    let service = Service::start().await;
    let wrong = event(&service, "order.placed", "ann").await;
    event(&service, "order.placed", "ben").await;
    let input = "person: \"ann\", reason: \"asked for by letter\"";
    let job =
        done(&service, &privacy("paula"), "requestPersonCopy", input, "export { id status }").await;
    let id = text(&job["export"]["id"]);
    let export = format!("{{ export(id: \"{id}\") {{ status events filePath }} }}");
    until("the copy is written", async || {
        asked(&service, &privacy("paula"), &export).await["status"] == "DONE"
    })
    .await;
    let written = asked(&service, &privacy("paula"), &export).await;
    let copy = service.get(&text(&written["filePath"]), &privacy("paula")).await;
    assert!(copy.text.contains("secret of ann") && !copy.text.contains("ben"), "{}", copy.text);
    assert!(asked(&service, &privacy("peter"), &export).await.is_null(), "it is paula's to give");
    let input = |person: &str| {
        format!(
            "person: \"{person}\", reason: \"asked for by letter\", eventId: \"{wrong}\",
             statement: \"it was not placed\",
             changes: [{{ path: \"/state\", op: REPLACE, before: \"placed\", after: \"lost\" }}]"
        )
    };
    let (token, shown) = (privacy("paula"), "receipt { id position }");
    let told = done(&service, &token, "rectifyPerson", &input("ann"), shown).await;
    assert!(told["receipt"]["id"].is_string(), "{told}");
    let of_another = tried(&service, &token, "rectifyPerson", &input("ben"), shown).await;
    let error = &of_another["userErrors"][0];
    assert_eq!(
        (&error["code"], &error["field"]),
        (&json!("NOT_FOUND"), &json!(["input", "eventId"]))
    );
    until("it stands in the log", async || {
        let told = service.facts("annals.person.rectified").await;
        told.len() == 1 && told[0]["changes"][0]["after"] == "lost"
    })
    .await;
}

#[tokio::test]
async fn what_is_unknown_is_answered_like_what_is_anothers() {
    let service = Service::start().await;
    event(&service, "order.placed", "ann").await;
    let (erasure, hold) =
        (requested(&service, "ann").await, placed(&service, "2026-117", "").await);
    let unknown = "01890a5d-ac96-774b-bcce-b302099a8057";
    for (field, id) in [("erasure", &erasure), ("legalHold", &hold), ("certificate", &erasure)] {
        for (token, id) in [(stranger(), id.as_str()), (stranger(), unknown), (stranger(), "none")]
        {
            let document = format!("{{ {field}(id: \"{id}\") {{ id }} }}");
            assert!(asked(&service, &token, &document).await.is_null(), "{document}");
        }
    }
    let decisions = [
        ("approveErasure", &erasure),
        ("rejectErasure", &erasure),
        ("approveLegalHold", &hold),
        ("releaseLegalHold", &hold),
        ("approveRetentionPolicy", &hold),
        ("rejectRetentionPolicy", &hold),
    ];
    for (field, id) in decisions {
        let of_another = tried(&service, &stranger(), field, &about(id), "__typename").await;
        assert_eq!(of_another["userErrors"][0]["code"], "NOT_FOUND", "{of_another}");
        for id in [unknown, "none"] {
            let of_nobody = tried(&service, &stranger(), field, &about(id), "__typename").await;
            assert_eq!(of_nobody, of_another, "{field} of {id}");
        }
    }
    for list in ["erasures", "legalHolds"] {
        let document = format!("{{ {list} {{ edges {{ node {{ id }} }} }} }}");
        assert_eq!(asked(&service, &stranger(), &document).await["edges"], json!([]));
    }
    // Nothing of all that was done.
    assert_eq!(stands(&service, &erasure).await["status"], "REQUESTED");
    let shown = format!("{{ legalHold(id: \"{hold}\") {{ status }} }}");
    assert_eq!(asked(&service, &officer("rita"), &shown).await["status"], "PLACED");
}

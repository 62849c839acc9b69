//! Legal holds: in force at once, agreed on and released by two.

use serde_json::json;

use super::{about, asked, decision, done, officer, placed, privacy, refused, text, tried};
use crate::support::{Service, until};

#[tokio::test]
async fn a_hold_is_placed_agreed_on_and_released_by_two() {
    let service = Service::start().await;
    let id = placed(&service, "2026-117", "actor:ann after:-P7D").await;
    let (rita, rob) = (officer("rita"), officer("rob"));
    assert_eq!(refused(&service, &rita, &decision("approveLegalHold", &id)).await, "FORBIDDEN");
    let shown = "hold { status query approved { by } releaseAsked { by } released { by } }";
    let agreed = done(&service, &rob, "approveLegalHold", &about(&id), shown).await;
    assert_eq!(agreed["hold"]["status"], "APPROVED");
    assert!(!text(&agreed["hold"]["query"]).contains("P7D"), "what is relative is written out");
    let asked_for = done(&service, &rita, "releaseLegalHold", &about(&id), shown).await;
    assert_eq!(asked_for["hold"]["status"], "RELEASE_ASKED");
    assert_eq!(refused(&service, &rita, &decision("releaseLegalHold", &id)).await, "FORBIDDEN");
    let released = done(&service, &rob, "releaseLegalHold", &about(&id), shown).await;
    let hold = &released["hold"];
    assert_eq!((&hold["status"], &hold["released"]["by"]), (&json!("RELEASED"), &json!("rob")));
    let again = tried(&service, &rob, "releaseLegalHold", &about(&id), shown).await;
    assert_eq!(again["userErrors"][0]["code"], "CONFLICT", "{again}");
    // Whoever erases sees what stands in their way, and changes nothing of it.
    let list = "{ legalHolds { edges { node { id status matter } } } }";
    let seen = asked(&service, &privacy("paula"), list).await;
    let node = json!({ "id": id, "status": "RELEASED", "matter": "2026-117" });
    assert_eq!(seen["edges"], json!([{ "node": node }]));
    let own = refused(&service, &privacy("paula"), &decision("releaseLegalHold", &id)).await;
    assert_eq!(own, "FORBIDDEN");
    until("each step is an event", async || {
        let mut steps = 0;
        for step in ["placed", "approved", "release_asked", "released"] {
            steps += service.facts(&format!("annals.hold.{step}")).await.len();
        }
        steps == 4
    })
    .await;
}

#[tokio::test]
async fn a_query_that_is_none_is_told_of_its_field_and_holds_nothing() {
    let service = Service::start().await;
    let input = "matter: \"2026-117\", query: \"actor:(\", reason: \"letter of the court\"";
    let told = tried(&service, &officer("rita"), "placeLegalHold", input, "hold { id }").await;
    assert_eq!(told["userErrors"][0]["field"], json!(["input", "query"]), "{told}");
    let list = "{ legalHolds { edges { node { id } } } }";
    assert_eq!(asked(&service, &officer("rita"), list).await["edges"], json!([]));
}

#[tokio::test]
async fn lists_are_read_page_by_page() {
    let service = Service::start().await;
    let mut ids = Vec::new();
    for matter in ["one", "two", "three"] {
        ids.insert(0, placed(&service, matter, "actor:ann").await);
    }
    let page = async |arguments: &str| {
        let document = format!(
            "{{ legalHolds({arguments}) {{ edges {{ cursor node {{ id }} }}
                pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }} }} }}"
        );
        asked(&service, &officer("rita"), &document).await
    };
    let of = |page: &serde_json::Value| -> Vec<String> {
        page["edges"].as_array().unwrap().iter().map(|edge| text(&edge["node"]["id"])).collect()
    };
    let first = page("first: 2").await;
    assert_eq!(of(&first), ids[..2]);
    assert_eq!(first["pageInfo"]["hasNextPage"], true);
    assert_eq!(first["pageInfo"]["hasPreviousPage"], false);
    let next = page(&format!("first: 2, after: {}", first["pageInfo"]["endCursor"])).await;
    assert_eq!(of(&next), ids[2..]);
    assert_eq!(next["pageInfo"]["hasNextPage"], false);
    assert_eq!(next["pageInfo"]["hasPreviousPage"], true);
    let exact = page("first: 3").await;
    assert_eq!((of(&exact).len(), &exact["pageInfo"]["hasNextPage"]), (3, &json!(false)));
    let largest = service.api.limits.query.page_max;
    assert_eq!(of(&page(&format!("first: {largest}")).await).len(), 3);
    for (wrong, code) in [
        ("first: 0".to_owned(), "BAD_USER_INPUT"),
        (format!("first: {}", largest + 1), "BAD_USER_INPUT"),
        ("after: \"none\"".into(), "INVALID_CURSOR"),
        ("after: \"01890a5d-ac96-774b-bcce-b302099a8057\"".into(), "INVALID_CURSOR"),
    ] {
        for list in ["legalHolds", "retention { proposals"] {
            let close = if list.contains('{') { "}" } else { "" };
            let document = format!("{{ {list}({wrong}) {{ edges {{ cursor }} }} {close} }}");
            assert_eq!(refused(&service, &officer("rita"), &document).await, code, "{document}");
        }
    }
}

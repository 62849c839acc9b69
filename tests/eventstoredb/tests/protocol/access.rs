//! Who may do what.

use annals_eventstoredb_double::{Expected, NewEvent, Options, Server, User};
use eventstore::{Client, Error, ExpectedRevision, ReadAllOptions};

use crate::{client, event, expecting};

fn guarded() -> Server {
    let users = vec![User::admin("admin", "changeit"), User::new("annals", "secret")];
    Server::start(Options { users, ..Options::default() })
}

fn client_as(server: &Server, login: &str) -> Client {
    client(&server.url().replace("esdb://", &format!("esdb://{login}@")))
}

#[tokio::test]
async fn nobody_gets_in_without_the_right_password() {
    let server = guarded();
    let any = expecting(ExpectedRevision::Any);
    for client in [client(&server.url()), client_as(&server, "annals:wrong")] {
        let error = client.append_to_stream("s", &any, event(1)).await.unwrap_err();
        assert!(matches!(error, Error::AccessDenied), "{error}");
    }
    client_as(&server, "annals:secret").append_to_stream("s", &any, event(1)).await.unwrap();
    assert_eq!(server.store().len(), 1);
}

#[tokio::test]
async fn the_settings_take_rights_away_and_admins_keep_them() {
    let server = guarded();
    let settings = NewEvent::json("update-default-acl", r#"{"$userStreamAcl": {"$w": "nobody"}}"#);
    server.store().append("$settings", Expected::Any, vec![settings]).await.unwrap();
    let any = expecting(ExpectedRevision::Any);
    let annals = client_as(&server, "annals:secret");
    let error = annals.append_to_stream("s", &any, event(1)).await.unwrap_err();
    assert!(matches!(error, Error::AccessDenied), "{error}");
    assert!(matches!(annals.read_all(&ReadAllOptions::default()).await, Err(Error::AccessDenied)));
    let admin = client_as(&server, "admin:changeit");
    admin.append_to_stream("s", &any, event(1)).await.unwrap();
    admin.read_all(&ReadAllOptions::default()).await.unwrap();
    server.store().set_metadata("$all", r#"{"$acl": {"$r": "annals"}}"#).await.unwrap();
    annals.read_all(&ReadAllOptions::default()).await.unwrap();
}

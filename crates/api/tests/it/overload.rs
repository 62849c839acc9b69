//! More than can be done: whose requests are turned away, and whose are not.

use annals_domain::TenantId;
use annals_engine::Permit;
use serde_json::json;
use tokio::net::TcpStream;

use crate::support::{Answer, Service, Socket, token, until, within};

fn tenant(name: &str) -> TenantId {
    TenantId::new(name).unwrap()
}

async fn record(service: &Service, tenant: &str) -> Answer {
    let event = json!({ "type": "a.b" }).to_string();
    service.post("/api/v1/logs", &token("shop", tenant, "writer"), event).await
}

#[tokio::test]
async fn a_tenant_that_holds_its_share_is_turned_away_and_others_are_not() {
    let service = Service::with_limits(|limits| {
        limits.request.in_flight_bytes_max = 100_000;
        limits.request.bulk_bytes_max = 1000;
    })
    .await;
    let permits = &service.api.recorder.permits;
    let flood: Vec<Permit> =
        std::iter::from_fn(|| permits.take_bytes_for(&tenant("acme"), 1000)).take(1000).collect();
    assert_eq!(flood.len(), 75);
    let refused = record(&service, "acme").await;
    assert_eq!((refused.status.as_u16(), refused.code()), (503, "UNAVAILABLE".into()));
    assert_eq!(refused.header("retry-after"), "1");
    for name in ["globex", "initech", "umbrella"] {
        assert_eq!(record(&service, name).await.status, 201, "{name}");
    }
    for path in ["/healthz", "/readyz", "/metrics", "/api/v1/logs"] {
        assert_eq!(service.get(path, &token("ann", "acme", "admin")).await.status, 200, "{path}");
    }
    drop(flood);
    assert_eq!(record(&service, "acme").await.status, 201);
}

#[tokio::test]
async fn while_events_wait_for_too_long_more_of_the_same_tenant_are_refused_unread() {
    let service = Service::with_limits(|limits| limits.request.recording_wait_ms_max = 1)
        .await
        .listen()
        .await;
    service.service.log.pause();
    let address = service.address;
    let request = |name: &str| {
        let body = json!({ "type": "a.b" }).to_string();
        format!(
            "POST /api/v1/logs HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
            token("shop", name, "writer"),
            body.len()
        )
    };
    let send = |name: &str| {
        let request = request(name);
        tokio::spawn(async move {
            use tokio::io::{AsyncReadExt, AsyncWriteExt};
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(request.as_bytes()).await.unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await.unwrap();
            answer.split(' ').nth(1).map(str::to_owned)
        })
    };
    let mut flood: Vec<_> = (0..100).map(|_| send("acme")).collect();
    let refused = async || {
        flood.push(send("acme"));
        flood.iter().any(|one| one.is_finished())
    };
    until("one is refused", refused).await;
    let other = send("globex");
    let permits = service.service.api.recorder.permits.clone();
    let before = permits.under_way().1;
    until("the other tenant's event is taken on", async || permits.under_way().1 > 0).await;
    service.service.log.resume();
    assert_eq!(within(other).await.unwrap().as_deref(), Some("201"), "{before} were under way");
    let mut counts = std::collections::BTreeMap::new();
    for one in flood {
        *counts.entry(within(one).await.unwrap().unwrap()).or_insert(0) += 1;
    }
    assert!(counts["503"] > 0 && counts["201"] > 16, "{counts:?}");
    assert_eq!(counts.len(), 2, "{counts:?}");
    until("the tenant is let in again", async || {
        record(&service.service, "acme").await.status == 201
    })
    .await;
}

#[tokio::test]
async fn one_peer_has_so_many_connections_and_sockets_are_among_them() {
    let listening =
        Service::with_limits(|limits| limits.request.peer_connections_max = 3).await.listen().await;
    let ann = token("ann", "acme", "user");
    let sockets = [
        Socket::graphql_of(listening.address, &ann).await,
        Socket::graphql_of(listening.address, &ann).await,
    ];
    let is_served = async || {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let mut stream = TcpStream::connect(listening.address).await.unwrap();
        let request = b"GET /healthz HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";
        let _ = stream.write_all(request).await;
        let mut answer = String::new();
        let _ = within(stream.read_to_string(&mut answer)).await;
        answer.starts_with("HTTP/1.1 200")
    };
    until("a place is left", is_served).await;
    let third = Socket::graphql_of(listening.address, &ann).await;
    assert!(!is_served().await, "the fourth is turned away");
    drop(third);
    until("its place came back", is_served).await;
    drop(sockets);
}

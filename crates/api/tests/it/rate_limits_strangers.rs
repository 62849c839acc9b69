//! Tokens that do not hold, and requests of a whole tenant: counted, and refused beyond the quota.

use std::net::SocketAddr;
use std::num::NonZeroU32;

use annals_api::RateLimitSettings;
use annals_api::links::{Claim, Purpose};
use annals_api::server::{TrustedProxies, serve_behind};
use annals_domain::{EventId, TenantId};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::support::{Service, token, within};

async fn few_failures(burst: u32) -> Service {
    Service::with_quotas(|quotas: &mut RateLimitSettings| {
        quotas.failures_burst = NonZeroU32::new(burst).unwrap();
        quotas.failures_per_second = NonZeroU32::MIN;
    })
    .await
}

/// Asks with a token, through these proxies; the status, and the whole answer.
async fn ask(address: SocketAddr, token: &str, forwarded: &str) -> (String, String) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!(
        "GET /api/v1/limits HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {token}\r\n\
         x-forwarded-for: {forwarded}\r\nconnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    within(stream.read_to_string(&mut answer)).await.unwrap();
    (answer.split(' ').nth(1).unwrap_or_default().to_owned(), answer)
}

#[tokio::test]
async fn who_shows_many_bad_tokens_is_refused_unseen_whatever_addresses_they_make_up() {
    let listening = few_failures(3).await.listen().await;
    let known = token("ann", "acme", "admin");
    assert_eq!(ask(listening.address, &known, "").await.0, "200");
    for number in 0..3 {
        let made_up = format!("198.51.100.{number}");
        assert_eq!(ask(listening.address, &format!("bad.{number}.x"), &made_up).await.0, "401");
    }
    let (status, answer) = ask(listening.address, "bad.9.x", "198.51.100.99").await;
    assert_eq!(status, "429", "{answer}");
    assert!(answer.to_lowercase().contains("retry-after: 1\r\n"), "{answer}");
    let stranger = token("bob", "acme", "admin");
    assert_eq!(
        ask(listening.address, &stranger, "").await.0,
        "429",
        "a good one is not seen either"
    );
    assert_eq!(ask(listening.address, &known, "").await.0, "200", "who was known is let in");
}

#[tokio::test]
async fn behind_a_trusted_proxy_each_client_has_its_own_count() {
    let service = few_failures(2).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let proxies = TrustedProxies::new(&["127.0.0.0/8".to_owned()]).unwrap();
    let serving = tokio::spawn(serve_behind(listener, service.api.clone(), proxies));
    for number in 0..2 {
        assert_eq!(ask(address, &format!("bad.{number}"), "6.6.6.6, 198.51.100.1").await.0, "401");
    }
    assert_eq!(ask(address, "bad.3", "7.7.7.7, 198.51.100.1").await.0, "429");
    assert_eq!(ask(address, "bad.4", "198.51.100.1, 198.51.100.2").await.0, "401");
    service.api.stopping.cancel();
    within(serving).await.unwrap();
}

#[tokio::test]
async fn the_callers_of_a_tenant_share_its_requests() {
    let service = Service::with_quotas(|quotas: &mut RateLimitSettings| {
        quotas.tenant_requests_burst = NonZeroU32::new(3).unwrap();
        quotas.tenant_requests_per_second = NonZeroU32::MIN;
    })
    .await;
    let ask = async |caller: &str, tenant: &str| {
        service.get("/api/v1/limits", &token(caller, tenant, "admin")).await
    };
    for caller in ["ann", "bob", "cid"] {
        let answer = ask(caller, "acme").await;
        assert_eq!(answer.status, 200);
        assert!(!answer.header("ratelimit").contains("tenant"), "callers mind their own");
    }
    let refused = ask("dan", "acme").await;
    assert_eq!((refused.status.as_u16(), refused.code()), (429, "RATE_LIMITED".into()));
    assert_eq!(refused.header("retry-after"), "1");
    assert!(refused.header("ratelimit").contains("\"tenant_requests\";r=0"));
    assert_eq!(ask("dan", "globex").await.status, 200);
    service.limiter.pass(1);
    assert_eq!(ask("dan", "acme").await.status, 200);
}

#[tokio::test]
async fn who_follows_many_links_that_are_not_good_is_refused_unseen() {
    let service = few_failures(3).await;
    let claim = Claim {
        purpose: Purpose::Unsubscribe,
        tenant: TenantId::new("acme").unwrap(),
        person: "ann".into(),
        event: EventId(uuid::Uuid::nil()),
        kind: "new-device".into(),
        ends: jiff::Timestamp::now() + jiff::SignedDuration::from_hours(1),
    };
    let good = service.api.notifying.links.seal(&claim);
    let listening = service.listen().await;
    let follow = async |token: &str| {
        let mut stream = TcpStream::connect(listening.address).await.unwrap();
        let request =
            format!("GET /unsubscribe?t={token} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        within(stream.read_to_string(&mut answer)).await.unwrap();
        answer.split(' ').nth(1).unwrap_or_default().to_owned()
    };
    assert_eq!(follow(&good).await, "200");
    for number in 0..3 {
        assert_eq!(follow(&format!("bad{number}")).await, "404");
    }
    assert_eq!(follow("bad9").await, "429");
    assert_eq!(follow(&good).await, "200", "a link that was good a moment ago is");
}

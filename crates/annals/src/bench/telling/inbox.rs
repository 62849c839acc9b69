//! A person who watches their inbox, by a subscription over `graphql-transport-ws`.

use std::sync::Arc;

use anyhow::{Context, bail};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use super::arrivals::Arrivals;

const PROTOCOL: &str = "graphql-transport-ws";
const SUBSCRIPTION: &str = "subscription { notificationStream { notifications { id title body createdAt event { id } } } }";

/// An open subscription.
pub(super) struct Inbox {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

impl Inbox {
    pub(super) async fn open(host: &str, token: &str) -> anyhow::Result<Self> {
        let mut request = format!("ws://{host}/graphql").into_client_request()?;
        let headers = request.headers_mut();
        headers.insert("authorization", format!("Bearer {token}").parse()?);
        headers.insert("sec-websocket-protocol", PROTOCOL.parse()?);
        let (mut socket, _) =
            tokio_tungstenite::connect_async(request).await.context("connecting")?;
        send(&mut socket, &json!({ "type": "connection_init" })).await?;
        let greeting = next(&mut socket).await?;
        if greeting["type"] != "connection_ack" {
            bail!("the service answered {greeting} instead of `connection_ack`");
        }
        let payload = json!({ "query": SUBSCRIPTION });
        send(&mut socket, &json!({ "id": "1", "type": "subscribe", "payload": payload })).await?;
        // What is sent on one socket is taken up in order: with the pong the subscription has begun.
        send(&mut socket, &json!({ "type": "ping" })).await?;
        loop {
            let message = next(&mut socket).await?;
            match message["type"].as_str() {
                Some("pong") => return Ok(Self { socket }),
                Some("error" | "complete") => bail!("the subscription was refused: {message}"),
                _ => {}
            }
        }
    }

    /// Takes messages in until the service ends.
    pub(super) async fn watch(mut self, arrivals: Arc<Arrivals>) -> anyhow::Result<()> {
        loop {
            let message = next(&mut self.socket).await?;
            let batch = &message["payload"]["data"]["notificationStream"]["notifications"];
            let ids = batch
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(|one| one["event"]["id"].as_str());
            ids.for_each(|id| arrivals.add(id.to_owned()));
        }
    }
}

async fn send(
    socket: &mut WebSocketStream<MaybeTlsStream<TcpStream>>,
    message: &Value,
) -> anyhow::Result<()> {
    socket.send(Message::text(message.to_string())).await.context("sending")
}

async fn next(socket: &mut WebSocketStream<MaybeTlsStream<TcpStream>>) -> anyhow::Result<Value> {
    let message = socket.next().await.context("the subscription ended")??.into_data();
    serde_json::from_slice(&message).context("a message is no JSON")
}

//! Speaking over web sockets.

use std::net::SocketAddr;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use super::within;

/// An open socket.
pub(crate) struct Socket(pub(crate) WebSocketStream<MaybeTlsStream<TcpStream>>);

/// Opens a socket with these headers; the status when it is refused.
pub(crate) async fn connect(
    address: SocketAddr,
    path: &str,
    headers: &[(&'static str, &str)],
) -> Result<Socket, u16> {
    let mut request = format!("ws://{address}{path}").into_client_request().unwrap();
    for (name, value) in headers {
        request.headers_mut().insert(*name, value.parse().unwrap());
    }
    match within(tokio_tungstenite::connect_async(request)).await {
        Ok((socket, _)) => Ok(Socket(socket)),
        Err(Error::Http(answer)) => Err(answer.status().as_u16()),
        // The upgrade was accepted, but with none of the protocols that were offered.
        Err(Error::Protocol(_)) => Err(101),
        Err(error) => panic!("{error}"),
    }
}

/// The message that begins an operation.
pub(crate) fn subscribe(id: &str, document: &str) -> Value {
    json!({ "type": "subscribe", "id": id, "payload": { "query": document } })
}

impl Socket {
    /// A GraphQL socket on which nothing was said yet.
    pub(crate) async fn graphql(address: SocketAddr) -> Self {
        let protocol = [("sec-websocket-protocol", "graphql-transport-ws")];
        connect(address, "/graphql", &protocol).await.unwrap()
    }

    /// A GraphQL socket of a caller.
    pub(crate) async fn graphql_of(address: SocketAddr, token: &str) -> Self {
        let mut socket = Self::graphql(address).await;
        socket.init(token).await;
        assert_eq!(socket.next().await.unwrap()["type"], "connection_ack");
        socket
    }

    pub(crate) async fn init(&mut self, token: &str) {
        let payload = json!({ "Authorization": format!("Bearer {token}") });
        self.say(json!({ "type": "connection_init", "payload": payload })).await;
    }

    /// Sends a message; a socket that was closed takes none.
    pub(crate) async fn say(&mut self, message: Value) {
        self.send(Message::text(message.to_string())).await;
    }

    pub(crate) async fn send(&mut self, message: Message) {
        let _ = within(self.0.send(message)).await;
    }

    /// The next message that is not a ping, or the code that the socket was closed with.
    pub(crate) async fn next(&mut self) -> Result<Value, Option<u16>> {
        within(self.heard()).await
    }

    async fn heard(&mut self) -> Result<Value, Option<u16>> {
        loop {
            match self.0.next().await {
                Some(Ok(Message::Text(text))) => {
                    let message: Value = serde_json::from_str(&text).unwrap();
                    if message["type"] != "ping" {
                        return Ok(message);
                    }
                    self.say(json!({ "type": "pong" })).await;
                }
                Some(Ok(Message::Close(frame))) => {
                    return Err(frame.map(|frame| frame.code.into()));
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Err(None),
            }
        }
    }

    /// The code that the socket is closed with, whatever comes before.
    pub(crate) async fn closed(mut self) -> Option<u16> {
        loop {
            if let Err(code) = self.next().await {
                return code;
            }
        }
    }
}

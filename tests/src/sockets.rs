//! Watching the service over WebSocket: `/api/v1/logs/stream`, and GraphQL by graphql-transport-ws.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use crate::caller::query_string;
use crate::graphql::Operation;
use crate::{Caller, PATIENCE};

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// The other side has closed, or has gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closed {
    /// Close code, or the HTTP status of an upgrade that was refused; none when it went without.
    pub code: Option<u16>,
}

const GONE: Closed = Closed { code: None };

/// `WS /api/v1/logs/stream`.
pub struct LogStream {
    socket: Socket,
}

impl LogStream {
    /// Begins to watch; the parameters are those of a list.
    pub async fn open(caller: &Caller, parameters: &[(&str, &str)]) -> Result<Self, Closed> {
        let parameters = query_string(parameters);
        let url = format!("ws://{}/api/v1/logs/stream{parameters}", caller.address());
        Ok(Self { socket: connect(&url, "annals.v1", Some(caller.token())).await? })
    }

    /// The next message: `{"events": …, "cursor": …, "backlog": …}`.
    pub async fn next(&mut self) -> Result<Value, Closed> {
        next(&mut self.socket).await
    }

    /// Passes over what comes until it is closed.
    pub async fn closed(&mut self) -> Closed {
        loop {
            if let Err(closed) = self.next().await {
                return closed;
            }
        }
    }
}

/// A socket that speaks graphql-transport-ws.
pub struct GraphqlSocket {
    socket: Socket,
}

/// A running subscription on a socket of its own.
pub struct Subscription {
    socket: GraphqlSocket,
}

impl GraphqlSocket {
    /// Connects without saying who it is.
    pub async fn connect(address: &str) -> Result<Self, Closed> {
        let url = format!("ws://{address}/graphql");
        Ok(Self { socket: connect(&url, "graphql-transport-ws", None).await? })
    }

    /// Connects and says who it is, as browsers do: by the payload of the first message.
    pub async fn open(caller: &Caller) -> Result<Self, Closed> {
        let mut socket = Self::connect(&caller.address()).await?;
        socket.send(connection_init(caller)).await?;
        let answer = socket.next().await?;
        assert_eq!(answer["type"], "connection_ack", "{answer}");
        Ok(socket)
    }

    /// How a caller whose token does not hold is closed; none if it is not.
    pub async fn refusal_of(caller: &Caller) -> Option<Closed> {
        let mut socket = Self::connect(&caller.address()).await.ok()?;
        socket.send(connection_init(caller)).await.ok()?;
        socket.next().await.err()
    }

    /// Sends a message.
    pub async fn send(&mut self, message: Value) -> Result<(), Closed> {
        self.socket.send(Message::text(message.to_string())).await.map_err(|_| GONE)
    }

    /// The next message.
    pub async fn next(&mut self) -> Result<Value, Closed> {
        next(&mut self.socket).await
    }

    /// Passes over what comes until it is closed.
    pub async fn closed(&mut self) -> Closed {
        loop {
            if let Err(closed) = self.next().await {
                return closed;
            }
        }
    }
}

impl Subscription {
    /// Begins an operation.
    pub async fn open(
        caller: &Caller,
        operation: Operation,
        variables: Value,
    ) -> Result<Self, Closed> {
        let mut socket = GraphqlSocket::open(caller).await?;
        let payload = json!({ "query": operation.text(), "variables": variables });
        socket.send(json!({ "type": "subscribe", "id": "1", "payload": payload })).await?;
        Ok(Self { socket })
    }

    /// The data of the next message.
    ///
    /// # Panics
    /// When the operation fails or ends.
    pub async fn next(&mut self) -> Result<Value, Closed> {
        loop {
            let mut message = self.socket.next().await?;
            match message["type"].as_str() {
                Some("next") => {
                    let errors = &message["payload"]["errors"];
                    assert!(errors.is_null() || *errors == json!([]), "{message}");
                    return Ok(message["payload"]["data"].take());
                }
                Some("ping") => self.socket.send(json!({ "type": "pong" })).await?,
                _ => panic!("a running subscription does not end by itself: {message}"),
            }
        }
    }
}

fn connection_init(caller: &Caller) -> Value {
    let authorization = format!("Bearer {}", caller.token());
    json!({ "type": "connection_init", "payload": { "Authorization": authorization } })
}

async fn connect(url: &str, protocol: &str, token: Option<&str>) -> Result<Socket, Closed> {
    let mut request = url.into_client_request().expect("the address is well formed");
    let header = |text: &str| HeaderValue::from_str(text).expect("plain text");
    request.headers_mut().insert("Sec-WebSocket-Protocol", header(protocol));
    if let Some(token) = token {
        request.headers_mut().insert("Authorization", header(&format!("Bearer {token}")));
    }
    match within(PATIENCE, tokio_tungstenite::connect_async(request)).await {
        Ok((socket, _)) => Ok(socket),
        Err(Error::Http(answer)) => Err(Closed { code: Some(answer.status().as_u16()) }),
        Err(_) => Err(GONE),
    }
}

async fn next(socket: &mut Socket) -> Result<Value, Closed> {
    loop {
        return match within(PATIENCE, socket.next()).await {
            Some(Ok(Message::Text(text))) => {
                Ok(serde_json::from_str(&text).expect("the service sends JSON"))
            }
            Some(Ok(Message::Close(frame))) => {
                Err(Closed { code: frame.map(|frame| frame.code.into()) })
            }
            Some(Ok(_)) => continue,
            Some(Err(_)) | None => Err(GONE),
        };
    }
}

/// A stream that is silent for so long is broken: even an idle one sends a heartbeat.
async fn within<T>(patience: Duration, work: impl Future<Output = T>) -> T {
    tokio::time::timeout(patience, work).await.expect("the service must not fall silent")
}

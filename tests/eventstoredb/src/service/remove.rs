//! Delete and tombstone.

use super::{Call, Node, wire};
use crate::access::Right;
use crate::log::Written;
use crate::proto::streams::WriteOptions;
use crate::refusal::Refusal;

/// Ends a stream, softly or for ever.
pub(super) async fn remove(
    node: &Node,
    call: &Call,
    options: Option<WriteOptions>,
    for_ever: bool,
) -> Result<Written, tonic::Status> {
    let begin = || -> Result<Written, Refusal> {
        node.check_leader(call, true)?;
        let (stream, expected) = wire::target(options.unwrap_or_default())?;
        node.store.may(&call.caller, &stream, Right::Delete)?;
        if for_ever {
            node.store.begin_tombstone(&stream, expected)
        } else {
            node.store.begin_delete(&stream, expected)
        }
    };
    let written = begin().map_err(|refusal| refusal.status())?;
    node.store.until_durable(written).await.map_err(|refusal| refusal.status())
}

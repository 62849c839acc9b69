//! Lists of what was decided on, page by page.

use annals_domain::EventId;
use async_graphql::{ID, OutputType, SimpleObject};

use super::erasures::Erasure;
use super::holds::LegalHold;
use super::retention::RetentionProposal;
use crate::context::Api;
use crate::error::ApiError;
use crate::graphql::connection::{PageInfo, Window};
use crate::lifecycle::paging::{self, Page};

/// Something that is named after the event that asked for it.
pub(super) trait Listed {
    fn id(&self) -> &ID;
}

/// A page of a list, newest first.
#[derive(SimpleObject)]
#[graphql(concrete(name = "ErasureConnection", params(Erasure)))]
#[graphql(concrete(name = "LegalHoldConnection", params(LegalHold)))]
#[graphql(concrete(name = "RetentionProposalConnection", params(RetentionProposal)))]
pub(super) struct Connection<Node: OutputType>
where
    Edge<Node>: OutputType,
{
    /// What is on it, with cursors.
    edges: Vec<Edge<Node>>,
    /// Where the page lies.
    page_info: PageInfo,
}

/// Something on a list, with its cursor.
#[derive(SimpleObject)]
#[graphql(concrete(name = "ErasureEdge", params(Erasure)))]
#[graphql(concrete(name = "LegalHoldEdge", params(LegalHold)))]
#[graphql(concrete(name = "RetentionProposalEdge", params(RetentionProposal)))]
pub(super) struct Edge<Node: OutputType> {
    /// Where to go on.
    cursor: String,
    /// What it is.
    node: Node,
}

/// What a page shall have.
pub(super) struct Asked {
    pub(super) limit: usize,
    pub(super) after: Option<EventId>,
}

impl Asked {
    /// At most `first`, behind the cursor `after`.
    pub(super) fn checked(
        api: &Api,
        first: Option<i32>,
        after: Option<String>,
    ) -> Result<Self, ApiError> {
        let window = Window { first, after, ..Window::default() };
        let (limit, cursor, _) = window.checked(api)?;
        Ok(Self { limit, after: cursor.map(paging::cursor).transpose()? })
    }

    /// The page as it is shown.
    pub(super) fn shown<Item, Node>(&self, page: Page<Item>) -> Connection<Node>
    where
        Node: From<Item> + Listed + OutputType,
        Edge<Node>: OutputType,
    {
        let edges: Vec<Edge<Node>> = page
            .items
            .into_iter()
            .map(Node::from)
            .map(|node| Edge { cursor: node.id().to_string(), node })
            .collect();
        let page_info = PageInfo {
            has_next_page: page.more,
            has_previous_page: self.after.is_some(),
            start_cursor: edges.first().map(|edge| edge.cursor.clone()),
            end_cursor: edges.last().map(|edge| edge.cursor.clone()),
        };
        Connection { edges, page_info }
    }
}

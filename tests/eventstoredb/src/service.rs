//! The gRPC services of a node.

use std::sync::Arc;

use tonic::metadata::MetadataMap;
use tonic::{Request, Response, Status, Streaming};

use crate::access::{Caller, authenticate};
use crate::counters::Counters;
use crate::faults::Faults;
use crate::membership::Membership;
use crate::options::Options;
use crate::proto::gossip::gossip_server::Gossip;
use crate::proto::gossip::{ClusterInfo, EndPoint, MemberInfo, member_info::VNodeState};
use crate::proto::operations::operations_server::Operations;
use crate::proto::operations::scavenge_resp::ScavengeResult;
use crate::proto::operations::{ScavengeResp, StartScavengeReq};
use crate::proto::server_features::server_features_server::ServerFeatures;
use crate::proto::server_features::{SupportedMethod, SupportedMethods};
use crate::proto::streams::streams_server::Streams;
use crate::proto::streams::{
    AppendReq, AppendResp, BatchAppendReq, BatchAppendResp, DeleteReq, DeleteResp, ReadReq,
    ReadResp, TombstoneReq, TombstoneResp,
};
use crate::proto::{Position, WireUuid};
use crate::refusal::Refusal;
use crate::store::Store;

mod append;
mod batch;
mod filter;
mod read;
mod remove;
mod subscribe;
mod wire;

/// What a stream of answers is.
pub(crate) type Answers<T> = tokio_stream::wrappers::ReceiverStream<Result<T, Status>>;

/// Everything a node consists of, running or not.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) number: usize,
    pub(crate) options: Options,
    pub(crate) store: Store,
    pub(crate) membership: Arc<Membership>,
    pub(crate) faults: Faults,
    pub(crate) counters: Counters,
}

/// The services; cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Service {
    pub(crate) node: Arc<Node>,
}

/// Who calls, and whether only the leader may answer.
pub(crate) struct Call {
    pub(crate) caller: Caller,
    wants_leader: bool,
}

impl Node {
    pub(crate) fn call(&self, headers: &MetadataMap) -> Result<Call, Status> {
        let caller = authenticate(&self.options.users, headers)?;
        let wants_leader = headers
            .get("requires-leader")
            .and_then(|value| value.to_str().ok())
            .is_some_and(|value| value.eq_ignore_ascii_case("true"));
        Ok(Call { caller, wants_leader })
    }

    /// Refuses what only the leader may do. Nothing is forwarded, so a write always is.
    pub(crate) fn check_leader(&self, call: &Call, writes: bool) -> Result<(), Refusal> {
        if call.wants_leader || writes { self.membership.must_lead(self.number) } else { Ok(()) }
    }
}

#[tonic::async_trait]
impl ServerFeatures for Service {
    async fn get_supported_methods(
        &self,
        _: Request<()>,
    ) -> Result<Response<SupportedMethods>, Status> {
        let method = |service: &str, method: &str| SupportedMethod {
            method_name: method.to_owned(),
            service_name: service.to_owned(),
            features: Vec::new(),
        };
        let streams = "event_store.client.streams.streams";
        let mut methods: Vec<SupportedMethod> = ["append", "delete", "read", "tombstone"]
            .into_iter()
            .map(|name| method(streams, name))
            .collect();
        if self.node.options.batch_append {
            methods.push(method(streams, "batchappend"));
        }
        let event_store_server_version = self.node.options.version.clone();
        Ok(Response::new(SupportedMethods { methods, event_store_server_version }))
    }
}

#[tonic::async_trait]
impl Gossip for Service {
    async fn read(&self, _: Request<()>) -> Result<Response<ClusterInfo>, Status> {
        let seconds = i64::try_from(crate::event::now() / 10_000_000).unwrap_or_default();
        let members =
            self.node.membership.members().into_iter().map(|(member, leads)| MemberInfo {
                instance_id: Some(WireUuid::structured(member.id)),
                time_stamp: seconds,
                state: if leads { VNodeState::Leader } else { VNodeState::Follower }.into(),
                is_alive: member.alive,
                http_end_point: Some(EndPoint {
                    address: member.address.ip().to_string(),
                    port: member.address.port().into(),
                }),
            });
        Ok(Response::new(ClusterInfo { members: members.collect() }))
    }
}

#[tonic::async_trait]
impl Operations for Service {
    async fn start_scavenge(
        &self,
        request: Request<StartScavengeReq>,
    ) -> Result<Response<ScavengeResp>, Status> {
        let call = self.node.call(request.metadata())?;
        if !call.caller.is_one_of(&[]) {
            return Err(Refusal::AccessDenied.status());
        }
        self.node.counters.scavenge();
        self.node.store.scavenge();
        let scavenge_id = uuid::Uuid::new_v4().to_string();
        Ok(Response::new(ScavengeResp {
            scavenge_id,
            scavenge_result: ScavengeResult::Started.into(),
        }))
    }
}

#[tonic::async_trait]
impl Streams for Service {
    type ReadStream = Answers<ReadResp>;
    type BatchAppendStream = Answers<BatchAppendResp>;

    async fn read(&self, request: Request<ReadReq>) -> Result<Response<Self::ReadStream>, Status> {
        read::read(&self.node, request)
    }

    async fn append(
        &self,
        request: Request<Streaming<AppendReq>>,
    ) -> Result<Response<AppendResp>, Status> {
        append::append(&self.node, request).await
    }

    async fn batch_append(
        &self,
        request: Request<Streaming<BatchAppendReq>>,
    ) -> Result<Response<Self::BatchAppendStream>, Status> {
        batch::batch_append(&self.node, request)
    }

    async fn delete(&self, request: Request<DeleteReq>) -> Result<Response<DeleteResp>, Status> {
        use crate::proto::streams::delete_resp::PositionOption;
        let call = self.node.call(request.metadata())?;
        let written =
            remove::remove(&self.node, &call, request.into_inner().options, false).await?;
        let position = written.position.map_or(PositionOption::NoPosition(()), |at| {
            PositionOption::Position(Position::at(at))
        });
        Ok(Response::new(DeleteResp { position_option: Some(position) }))
    }

    async fn tombstone(
        &self,
        request: Request<TombstoneReq>,
    ) -> Result<Response<TombstoneResp>, Status> {
        use crate::proto::streams::tombstone_resp::PositionOption;
        let call = self.node.call(request.metadata())?;
        let written = remove::remove(&self.node, &call, request.into_inner().options, true).await?;
        let position = written.position.map_or(PositionOption::NoPosition(()), |at| {
            PositionOption::Position(Position::at(at))
        });
        Ok(Response::new(TombstoneResp { position_option: Some(position) }))
    }
}

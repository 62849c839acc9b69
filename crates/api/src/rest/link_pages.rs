//! `/not-me`, `/unsubscribe`, `/verify-address`: what the links of messages lead to.

use axum::Extension;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use http::HeaderMap;

use crate::context::Api;
use crate::links::{self, Asked, Purpose};
use crate::server::Peer;

/// Makes the two handlers of a purpose: one shows, the other does.
macro_rules! pages {
    ($($purpose:ident $path:literal: $show:ident, $act:ident;)+) => {$(
        #[doc = concat!("`GET ", $path, "`")]
        pub(super) async fn $show(
            State(api): State<Api>,
            query: RawQuery,
            peer: Option<Extension<Peer>>,
            headers: HeaderMap,
        ) -> Response {
            links::show(&api, Purpose::$purpose, Asked { query, peer, headers }).await
        }

        #[doc = concat!("`POST ", $path, "`: what the body says does not matter.")]
        pub(super) async fn $act(
            State(api): State<Api>,
            query: RawQuery,
            peer: Option<Extension<Peer>>,
            headers: HeaderMap,
        ) -> Response {
            links::act(&api, Purpose::$purpose, Asked { query, peer, headers }).await
        }
    )+};
}

pages! {
    WasntMe "/not-me": wasnt_me, say_it_wasnt_me;
    Unsubscribe "/unsubscribe": unsubscribe, end_mail;
    VerifyAddress "/verify-address": verify_address, confirm_address;
}

//! Which pages may open sockets.
//!
//! A browser opens a socket to any address for any page. That alone harms nobody, because a token is
//! never taken from a cookie; but where the operator lists the origins whose pages may read, pages of
//! others need not even begin.

use http::{HeaderMap, header};

use crate::layers::AllowedOrigins;

/// Whether whoever sends these headers may open a socket: no page, one of the service's own, one of
/// a listed origin, or any where no origin is listed.
pub(super) fn may_open(origins: &AllowedOrigins, headers: &HeaderMap) -> bool {
    let Some(origin) = headers.get(header::ORIGIN) else { return true };
    let own = origin.to_str().ok().and_then(|origin| Some(origin.split_once("://")?.1));
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    !origins.names_some() || origins.allow(origin).is_some() || (own.is_some() && own == host)
}

#[cfg(test)]
mod tests;

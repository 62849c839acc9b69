//! What all answers have in common, each in a layer of its own around the handlers.

pub(crate) mod accept;
pub(crate) mod compression;
pub(crate) mod cors;
pub(crate) mod decompression;
pub(crate) mod etag;
pub(crate) mod hygiene;
pub(crate) mod negotiation;

use axum::{Router, middleware};

pub use cors::{AllowedOrigins, WrongOrigin};

/// What browsers are told, and how answers travel: `[server]` in config/annals.toml.
#[derive(Debug, Clone)]
pub struct WebSettings {
    /// Whose pages may read answers.
    pub allowed_origins: AllowedOrigins,
    /// Whether the pages of documentation are served.
    pub docs: bool,
    /// Whether answers are compressed for those who ask for it.
    pub compression: bool,
}

/// Puts the layers around all routes that need not know which route answered; what is added first
/// is nearest to the handlers.
pub(crate) fn around(router: Router, settings: &WebSettings) -> Router {
    let router = match settings.compression {
        true => router
            .layer(compression::layer())
            .layer(middleware::map_response(etag::weaken_what_is_compressed)),
        false => router,
    };
    router
        .layer(middleware::from_fn_with_state(settings.allowed_origins.clone(), cors::apply))
        .layer(middleware::map_response(hygiene::apply))
}

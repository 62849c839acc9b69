//! Tokens for trying out.

use jsonwebtoken::{Algorithm, EncodingKey, Header};

use super::error::TokenError;
use crate::auth::claims::Claims;

/// Signs a token with the development secret.
pub fn sign_development_token(claims: &Claims, secret: &[u8]) -> Result<String, TokenError> {
    let header = Header::new(Algorithm::HS256);
    jsonwebtoken::encode(&header, claims, &EncodingKey::from_secret(secret))
        .map_err(TokenError::Unsigned)
}

//! Who asks and for which companies: relayed to the database as sent, and judged there only.

use axum::http::{HeaderMap, header::AUTHORIZATION};

use crate::error::Error;

/// Header that selects tenants: a code, several with commas, or `*`.
pub const TENANT: &str = "mandant-tenant";

/// What a request says about its sender. No `Debug`: the token must not reach a log.
pub struct Caller {
    /// The bearer token, not yet checked.
    pub token: String,
    /// The tenants selected; none means the caller's default selection.
    pub tenant: Option<String>,
}

impl Caller {
    /// Takes it from the headers, as it is.
    pub fn from_headers(headers: &HeaderMap) -> Result<Self, Error> {
        let token = single(headers, AUTHORIZATION.as_str())?
            .and_then(|value| value.split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
            .map(|(_, token)| token.trim().to_owned())
            .ok_or_else(Error::no_token)?;
        let tenant = single(headers, TENANT)?.map(str::to_owned);
        Ok(Self { token, tenant })
    }
}

/// A header sent twice has two meanings; none of them is taken.
pub fn single<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a str>, Error> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => std::str::from_utf8(value.as_bytes())
            .map(Some)
            .map_err(|_| Error::bad_member(name, format!("header {name} is not UTF-8"))),
        (Some(_), Some(_)) => Err(Error::bad_member(
            name,
            format!("header {name} is sent twice"),
        )),
    }
}

#[cfg(test)]
mod tests {
    use axum::{
        http::{HeaderName, HeaderValue, StatusCode},
        response::IntoResponse,
    };

    use super::*;

    fn caller(headers: &[(&'static str, &'static str)]) -> Result<Caller, StatusCode> {
        let headers = headers
            .iter()
            .map(|(name, value)| {
                (
                    HeaderName::from_static(name),
                    HeaderValue::from_static(value),
                )
            })
            .collect();
        Caller::from_headers(&headers).map_err(|error| error.into_response().status())
    }

    #[test]
    fn token_and_tenant_are_taken_as_sent() {
        let caller = caller(&[("authorization", "bearer abc"), ("mandant-tenant", "DE,")]).unwrap();
        assert_eq!(caller.token, "abc");
        assert_eq!(caller.tenant.as_deref(), Some("DE,"));
    }

    #[test]
    fn no_tenant_is_no_selection() {
        assert_eq!(
            caller(&[("authorization", "Bearer abc")]).unwrap().tenant,
            None
        );
    }

    #[test]
    fn anything_but_a_bearer_token_is_unauthorized() {
        for value in ["", "abc", "Basic abc"] {
            let caller = caller(&[("authorization", value)]);
            assert_eq!(caller.err(), Some(StatusCode::UNAUTHORIZED), "{value}");
        }
        assert_eq!(caller(&[]).err(), Some(StatusCode::UNAUTHORIZED));
    }

    #[test]
    fn a_header_sent_twice_is_refused() {
        let twice = [
            ("authorization", "Bearer abc"),
            ("mandant-tenant", "de"),
            ("mandant-tenant", "us"),
        ];
        assert_eq!(caller(&twice).err(), Some(StatusCode::UNPROCESSABLE_ENTITY));
    }
}

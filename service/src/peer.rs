//! From which address a request comes, for the brake on sign-in. What a header says of it counts only if a proxy that is
//! trusted says so: anybody else could name a new address with every guess, or that of a victim.

use std::{
    convert::Infallible,
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use aide::OperationInput;
use axum::{
    extract::{ConnectInfo, FromRequestParts},
    http::{HeaderMap, header::FORWARDED, request::Parts},
};
use ipnet::IpNet;

const X_FORWARDED_FOR: &str = "x-forwarded-for";

/// The reverse proxies whose headers are believed.
#[derive(Clone, Default)]
pub struct Proxies(Arc<[IpNet]>);

/// The address that a request comes from; none if the server does not say with whom it is connected.
pub struct Peer(pub Option<IpAddr>);

impl OperationInput for Peer {}

impl<S: Sync> FromRequestParts<S> for Peer {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let connected = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        let proxies = parts.extensions.get::<Proxies>();
        Ok(Self(connected.map(|ConnectInfo(peer)| {
            let peer = peer.ip().to_canonical();
            proxies.map_or(peer, |proxies| proxies.origin(peer, &parts.headers))
        })))
    }
}

impl Proxies {
    /// Trusts the proxies in these networks.
    pub fn new(networks: Vec<IpNet>) -> Self {
        Self(networks.into())
    }

    fn trust(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }

    /// The last address on the way here that is no trusted proxy. A proxy that writes one header may pass on the other as
    /// the client sent it: where both are there and disagree, neither counts.
    fn origin(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        if !self.trust(peer) {
            return peer;
        }
        let told = [
            elements(headers, X_FORWARDED_FOR).map(|all| self.last_stranger(peer, all, address)),
            elements(headers, FORWARDED.as_str())
                .map(|all| self.last_stranger(peer, all, forwarded_for)),
        ];
        match told {
            [Some(one), Some(other)] if one != other => peer,
            [one, other] => one.or(other).unwrap_or(peer),
        }
    }

    /// From the nearest on; of what cannot be read, the proxy that said it takes the place.
    fn last_stranger(
        &self,
        peer: IpAddr,
        elements: Vec<&str>,
        read: fn(&str) -> Option<IpAddr>,
    ) -> IpAddr {
        let mut nearest = peer;
        for element in elements.into_iter().rev() {
            match read(element) {
                Some(next) => nearest = next,
                None => break,
            }
            if !self.trust(nearest) {
                break;
            }
        }
        nearest
    }
}

/// The elements of a list that may be spread over several headers; none if there is no such header.
fn elements<'a>(headers: &'a HeaderMap, name: &str) -> Option<Vec<&'a str>> {
    let mut lines = headers.get_all(name).iter().peekable();
    lines.peek()?;
    // a line that is no text is an element that cannot be read
    Some(
        lines
            .flat_map(|line| line.to_str().unwrap_or("?").split(','))
            .collect(),
    )
}

/// `192.0.2.7`, `192.0.2.7:4711`, `2001:db8::7`, `[2001:db8::7]`, `[2001:db8::7]:4711`.
fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let address = text
        .parse()
        .or_else(|_| text.parse().map(|socket: SocketAddr| socket.ip()));
    let bare = || text.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
    address
        .ok()
        .or_else(bare)
        .map(|ip: IpAddr| ip.to_canonical())
}

/// The address in an element of `Forwarded` (RFC 7239), such as `for="[2001:db8::7]:4711";proto=https`.
fn forwarded_for(element: &str) -> Option<IpAddr> {
    let mut pairs = element.split(';').filter_map(|pair| pair.split_once('='));
    let (_, value) = pairs.find(|(name, _)| name.trim().eq_ignore_ascii_case("for"))?;
    address(value.trim().trim_matches('"'))
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderName, HeaderValue};

    use super::*;

    fn origin(peer: &str, headers: &[(&'static str, &'static str)]) -> String {
        let proxies = ["10.0.0.0/8", "::1/128", "2001:db8:1::/48"];
        let proxies = Proxies::new(proxies.map(|network| network.parse().unwrap()).to_vec());
        let headers = headers
            .iter()
            .map(|(name, value)| {
                (
                    HeaderName::from_static(name),
                    HeaderValue::from_static(value),
                )
            })
            .collect();
        proxies.origin(peer.parse().unwrap(), &headers).to_string()
    }

    #[test]
    fn who_is_not_trusted_is_not_believed() {
        let claims = [
            ("x-forwarded-for", "192.0.2.7"),
            ("forwarded", "for=192.0.2.7"),
        ];
        assert_eq!(origin("198.51.100.1", &claims), "198.51.100.1");
        let nobody = Proxies::default();
        let mut headers = HeaderMap::new();
        headers.insert(X_FORWARDED_FOR, HeaderValue::from_static("192.0.2.7"));
        let peer = "127.0.0.1".parse().unwrap();
        assert_eq!(nobody.origin(peer, &headers), peer);
    }

    #[test]
    fn the_last_address_that_is_no_proxy_counts() {
        let cases = [
            ("192.0.2.7", "192.0.2.7"),
            ("203.0.113.9, 192.0.2.7", "192.0.2.7"), // what the client says itself stands before
            ("203.0.113.9, 192.0.2.7, 10.0.0.2", "192.0.2.7"),
            ("203.0.113.9,192.0.2.7:4711 ,10.0.0.2", "192.0.2.7"),
            ("[2001:db8::7]:4711", "2001:db8::7"),
            ("::ffff:192.0.2.7, 2001:db8:1::5", "192.0.2.7"),
            ("10.0.0.3, 10.0.0.2", "10.0.0.3"),
            ("192.0.2.7, unknown", "10.0.0.1"),
            ("192.0.2.7, rubbish, 10.0.0.2", "10.0.0.2"),
            ("", "10.0.0.1"),
        ];
        for (said, expected) in cases {
            assert_eq!(
                origin("10.0.0.1", &[("x-forwarded-for", said)]),
                expected,
                "{said}"
            );
        }
    }

    #[test]
    fn both_headers_are_read_wherever_they_are_split() {
        let split = [
            ("x-forwarded-for", "192.0.2.7"),
            ("x-forwarded-for", "10.0.0.2"),
        ];
        assert_eq!(origin("::1", &split), "192.0.2.7");
        let standard = [(
            "forwarded",
            r#"for=203.0.113.9, By=x;For="[2001:db8::7]:1";proto=https"#,
        )];
        assert_eq!(origin("::1", &standard), "2001:db8::7");
        for hidden in ["for=_hidden", "for=unknown", "proto=https", "by=192.0.2.7"] {
            assert_eq!(origin("::1", &[("forwarded", hidden)]), "::1", "{hidden}");
        }
    }

    #[test]
    fn headers_that_disagree_are_not_believed() {
        let agree = [
            ("x-forwarded-for", "192.0.2.7"),
            ("forwarded", "for=192.0.2.7"),
        ];
        assert_eq!(origin("10.0.0.1", &agree), "192.0.2.7");
        let disagree = [
            ("x-forwarded-for", "192.0.2.7"),
            ("forwarded", "for=203.0.113.9"),
        ];
        assert_eq!(origin("10.0.0.1", &disagree), "10.0.0.1");
    }
}

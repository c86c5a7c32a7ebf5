//! Brings the keys of trusted issuers up to date, each from where it publishes them (OpenID Connect Discovery 1.0). Which
//! issuers are trusted, and for whom their tokens must be, is the database's affair and stays as it is; which keys are
//! good enough, too.

use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail, ensure};
use serde_json::Value;
use tokio::task::spawn_blocking;
use tokio_postgres::Client;
use ureq::{
    Agent,
    http::Uri,
    tls::{RootCerts, TlsConfig},
};

use crate::{error::reason, record::param, telemetry::say};

/// How long one answer may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// The longest answer that is read, in bytes.
const LONGEST: u64 = 1024 * 1024;

/// Fetches the keys of every trusted issuer. One that fails keeps its keys and does not stop the others.
pub async fn refresh_keys(client: &Client) -> Result<()> {
    let issuers: Vec<String> = client
        .query_typed("select issuer from mandant.issuer order by issuer", &[])
        .await
        .map_err(|error| anyhow!("cannot read mandant.issuer: {}", reason(&error)))?
        .iter()
        .map(|row| row.get(0))
        .collect();
    if issuers.is_empty() {
        say("No issuer is trusted, or this login may not see it.");
    }
    let mut failed = 0;
    for issuer in &issuers {
        match refresh(client, issuer).await {
            Ok(1) => say(format!("{issuer}: 1 key")),
            Ok(keys) => say(format!("{issuer}: {keys} keys")),
            Err(error) => {
                failed += 1;
                eprintln!("mandant: {issuer}: {error:#}");
            }
        }
    }
    ensure!(
        failed == 0,
        "{failed} of {} issuers keep the keys they had",
        issuers.len()
    );
    Ok(())
}

async fn refresh(database: &Client, issuer: &str) -> Result<i32> {
    let keys = {
        let issuer = issuer.to_owned();
        spawn_blocking(move || published_keys(&issuer)).await??
    };
    // the audience of now: an issuer that was distrusted meanwhile is not trusted again
    let trust = "select cardinality(t.keys) \
                 from mandant.issuer i, mandant.trust_issuer(i.issuer, i.audience, $2) t \
                 where i.issuer = $1";
    database
        .query_typed_opt(trust, &[param(&issuer), param(&keys)])
        .await
        .map_err(|error| anyhow!(reason(&error)))?
        .map(|row| row.get(0))
        .context("it is not trusted any more")
}

/// The key set that an issuer publishes, wherever it says that is.
fn published_keys(issuer: &str) -> Result<Value> {
    let local = is_loopback(&issuer.parse().context("it is not an address")?);
    let discovery = format!(
        "{}/.well-known/openid-configuration",
        issuer.trim_end_matches('/')
    );
    let document = fetch(&discovery, local)?;
    let named = document.get("issuer").and_then(Value::as_str);
    ensure!(
        named == Some(issuer),
        "{discovery} is the document of another issuer: {named:?}"
    );
    let keys = document
        .get("jwks_uri")
        .and_then(Value::as_str)
        .with_context(|| format!("{discovery} names no jwks_uri"))?;
    fetch(keys, local)
}

/// The JSON at an address: by HTTPS, or plainly from this machine if the issuer is there, too.
fn fetch(address: &str, local: bool) -> Result<Value> {
    let uri: Uri = address
        .parse()
        .with_context(|| format!("{address:?} is not an address"))?;
    let plain = local && is_loopback(&uri);
    if !plain && uri.scheme_str() != Some("https") {
        bail!("{address:?} is not an https address");
    }
    let tls = TlsConfig::builder()
        .root_certs(RootCerts::PlatformVerifier) // a company's own authority counts as everywhere on the machine
        .build();
    let mut agent = Agent::config_builder()
        .https_only(!plain)
        .max_redirects(0) // where keys come from is what the issuer says, not what answers there
        .max_redirects_will_error(false)
        .http_status_as_error(false)
        .timeout_global(Some(PATIENCE))
        .tls_config(tls);
    if plain {
        agent = agent.proxy(None);
    }
    let failed = |error: ureq::Error| anyhow!("{address}: {error}");
    let mut answer = Agent::from(agent.build()).get(uri).call().map_err(failed)?;
    ensure!(
        answer.status() == 200,
        "{address} answers {}",
        answer.status()
    );
    let body = answer.body_mut().with_config().limit(LONGEST);
    body.read_json().map_err(failed)
}

/// Whether it is an unencrypted address of this machine.
fn is_loopback(address: &Uri) -> bool {
    address.scheme_str() == Some("http")
        && matches!(address.host(), Some("localhost" | "127.0.0.1" | "[::1]"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_is_for_this_machine_only() {
        let is_loopback = |address: &str| is_loopback(&address.parse().unwrap());
        assert!(is_loopback("http://127.0.0.1:8080/realms/x"));
        assert!(is_loopback("http://[::1]:8080/") && is_loopback("http://localhost"));
        for other in [
            "https://127.0.0.1/",
            "http://login.example",
            "http://127.0.0.1.login.example",
            "http://127.0.0.1@login.example",
            "http://127.0.0.1:8080@login.example/",
        ] {
            assert!(!is_loopback(other), "{other}");
        }
    }

    #[test]
    fn an_address_without_encryption_is_not_asked() {
        for address in [
            "http://login.example/",
            "ftp://login.example/",
            "login.example",
            "file:///etc/passwd",
            "",
        ] {
            for local in [false, true] {
                assert!(fetch(address, local).is_err(), "{address}");
            }
        }
        // an issuer elsewhere does not send us to what runs here
        let error = fetch("http://127.0.0.1:1/keys", false).unwrap_err();
        assert!(
            error.to_string().contains("not an https address"),
            "{error}"
        );
    }

    #[test]
    fn an_issuer_that_is_no_address_says_so() {
        assert!(published_keys("not an address").is_err());
        let error = published_keys("https://").unwrap_err();
        assert!(!error.to_string().is_empty());
    }
}

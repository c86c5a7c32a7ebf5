//! Where the database is, as whom to connect, and how far its server is trusted: what a connection URL says, or PGHOST and
//! its like. No error shows the URL or a part of it, of which one is a password.

use std::{
    collections::HashMap,
    env,
    ffi::{OsStr, OsString},
    os::unix::ffi::{OsStrExt, OsStringExt},
    path::Path,
};

use anyhow::{Context, Result, anyhow, bail, ensure};
use percent_encoding::percent_decode_str;
use tokio_postgres::{
    Client, Config,
    config::{ChannelBinding, Host, TargetSessionAttrs},
};

use crate::{
    error::reason,
    tls::{self, Tls},
};

/// What libpq takes besides, and what it is worth here.
const UNKNOWN: [&str; 17] = [
    "client_encoding",
    "fallback_application_name",
    "gssdelegation",
    "gsslib",
    "krbsrvname",
    "passfile",
    "replication",
    "require_auth",
    "requirepeer",
    "service",
    "ssl_max_protocol_version",
    "ssl_min_protocol_version",
    "sslcertmode",
    "sslcrl",
    "sslcrldir",
    "sslpassword",
    "sslsni",
];

/// A database, and how to connect to it.
#[derive(Clone)]
pub struct Database {
    config: Config,
    tls: Tls,
}

impl Database {
    /// The one of a connection URL, or of `name=value` pairs, as libpq takes them. What they do not say of TLS the
    /// environment says. `name` is what a refusal calls the URL.
    pub fn parse(url: &str, name: &str) -> Result<Self> {
        Self::of_url(url, name, of_environment)
    }

    fn of_url(url: &str, name: &str, given: impl Fn(&str) -> Option<String>) -> Result<Self> {
        let (plain, mut said) = split(url).unwrap_or_else(|| (url.to_owned(), HashMap::new()));
        if let Some(unknown) = UNKNOWN.iter().find(|option| said.contains_key(**option)) {
            bail!("{name}: {unknown} is not known here");
        }
        ensure!(
            said.remove("gssencmode")
                .is_none_or(|mode| mode != "require"),
            "{name}: gssencmode is not known here: use TLS"
        );
        let config = plain.parse().map_err(|_| {
            anyhow!("{name} is not a connection URL such as postgresql://login@db.example/mandant")
        })?;
        Self::of(config, |option| {
            let value = said.get(option).filter(|value| !value.is_empty()).cloned();
            value.or_else(|| given(&format!("PG{}", option.to_uppercase())))
        })
        .with_context(|| name.to_owned())
    }

    /// The one that PGHOST and its like name, as psql would find it; none without a PGHOST.
    pub fn of_environment() -> Result<Option<Self>> {
        Self::of_variables(of_environment)
    }

    fn of_variables(given: impl Fn(&str) -> Option<String>) -> Result<Option<Self>> {
        let Some(hosts) = given("PGHOST") else {
            return Ok(None);
        };
        let mut config = Config::new();
        hosts.split(',').for_each(|host| {
            config.host(host);
        });
        for port in given("PGPORT").iter().flat_map(|ports| ports.split(',')) {
            config.port(
                port.parse()
                    .with_context(|| format!("PGPORT {port} is no port"))?,
            );
        }
        let user = given("PGUSER");
        if let Some(user) = &user {
            config.user(user);
        }
        if let Some(name) = given("PGDATABASE").or(user) {
            config.dbname(name);
        }
        if let Some(password) = given("PGPASSWORD") {
            config.password(password);
        }
        if let Some(options) = given("PGOPTIONS") {
            config.options(options);
        }
        Self::of(config, |option| {
            given(&format!("PG{}", option.to_uppercase()))
        })
        .map(Some)
    }

    /// The one behind a socket of this machine.
    pub fn on_socket(folder: &Path, port: u16, user: &str, name: &str) -> Result<Self> {
        let mut config = Config::new();
        config.host_path(folder).port(port).user(user).dbname(name);
        Self::of(config, |_| None)
    }

    fn of(mut config: Config, given: impl Fn(&str) -> Option<String>) -> Result<Self> {
        if config.get_hosts().is_empty() {
            // an address is a name, too, that a certificate can be for
            for address in config.get_hostaddrs().to_vec() {
                config.host(address.to_string());
            }
        }
        let (hosts, ports) = (config.get_hosts().len(), config.get_ports().len());
        ensure!(
            ports <= 1 || ports == hosts,
            "there are {ports} ports for {hosts} hosts: postgresql://login@db1:5432,db2:5433/mandant"
        );
        let is_socket = |host: &Host| matches!(host, Host::Unix(_));
        let tls = match config.get_hosts().iter().all(is_socket) {
            true => Tls::of(|option| (option == "sslmode").then(|| "disable".to_owned()))?,
            false => Tls::of(given)?,
        };
        config.ssl_mode(tls.mode);
        Ok(Self { config, tls })
    }

    /// What tokio-postgres must know of it.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// How to encrypt a connection.
    pub fn tls(&self) -> &Tls {
        &self.tls
    }

    /// Another database of the same server.
    pub fn named(mut self, name: &str) -> Self {
        self.config.dbname(name);
        self
    }

    /// With one more command-line option for the server's process.
    pub fn with_option(mut self, option: &str) -> Self {
        let options = self.config.get_options().unwrap_or_default();
        let options = format!("{options} {option}");
        self.config.options(options);
        self
    }

    /// One connection.
    pub async fn connect(&self) -> Result<Client> {
        let (client, connection) = self
            .config
            .connect(self.tls.connect.clone())
            .await
            .map_err(|error| anyhow!("cannot connect to the database: {}", reason(&error)))?;
        tokio::spawn(connection);
        Ok(client)
    }

    /// What asks the server to stop what it does for a connection of ours.
    pub fn cancel(&self, client: &Client) -> impl AsyncFn() + use<> {
        let (cancel, tls) = (client.cancel_token(), self.tls.connect.clone());
        async move || {
            // in vain if there is nothing to stop
            let _ = cancel.cancel_query(tls.clone()).await;
        }
    }

    /// The same for programs that use libpq.
    pub fn environment(&self) -> Vec<(&'static str, OsString)> {
        let hosts = self.config.get_hosts().iter().map(|host| match host {
            Host::Tcp(name) => OsString::from(name),
            Host::Unix(folder) => folder.clone().into(),
        });
        let ports = self.config.get_ports().iter();
        let mut environment = vec![
            ("PGHOST", joined(hosts)),
            ("PGPORT", joined(ports.map(|port| port.to_string().into()))),
        ];
        let texts = [
            ("PGUSER", self.config.get_user()),
            ("PGDATABASE", self.config.get_dbname()),
            ("PGOPTIONS", self.config.get_options()),
        ];
        let texts = texts.into_iter();
        environment.extend(texts.filter_map(|(name, text)| Some((name, text?.into()))));
        if let Some(password) = self.config.get_password() {
            environment.push(("PGPASSWORD", OsString::from_vec(password.to_vec())));
        }
        let addresses = self.config.get_hostaddrs();
        if !addresses.is_empty() {
            let addresses = addresses.iter().map(|address| address.to_string().into());
            environment.push(("PGHOSTADDR", joined(addresses)));
        }
        if let Some(timeout) = self.config.get_connect_timeout() {
            environment.push(("PGCONNECT_TIMEOUT", timeout.as_secs().to_string().into()));
        }
        match self.config.get_target_session_attrs() {
            TargetSessionAttrs::ReadWrite => {
                environment.push(("PGTARGETSESSIONATTRS", "read-write".into()));
            }
            TargetSessionAttrs::ReadOnly => {
                environment.push(("PGTARGETSESSIONATTRS", "read-only".into()));
            }
            _ => (),
        }
        match self.config.get_channel_binding() {
            ChannelBinding::Disable => environment.push(("PGCHANNELBINDING", "disable".into())),
            ChannelBinding::Require => environment.push(("PGCHANNELBINDING", "require".into())),
            _ => (),
        }
        environment.extend(self.tls.environment.iter().cloned());
        environment
    }
}

fn of_environment(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

fn joined(parts: impl IntoIterator<Item = OsString>) -> OsString {
    let parts: Vec<_> = parts.into_iter().collect();
    parts.join(OsStr::from_bytes(b","))
}

/// Takes out of a URL, or of pairs, what tokio-postgres does not know; none if they cannot be read.
fn split(url: &str) -> Option<(String, HashMap<String, String>)> {
    let is_url = ["postgres://", "postgresql://"]
        .iter()
        .any(|scheme| url.starts_with(scheme));
    let mut taken = HashMap::new();
    if !is_url {
        let (taken_pairs, kept): (Vec<_>, Vec<_>) = pairs(url)?
            .into_iter()
            .partition(|(name, _)| is_taken(name));
        taken.extend(taken_pairs);
        let kept = kept.iter().map(|(name, value)| {
            let value = value.replace('\\', "\\\\").replace('\'', "\\'");
            format!("{name}='{value}'")
        });
        return Some((kept.collect::<Vec<_>>().join(" "), taken));
    }
    // a password may have a question mark
    let after = url.find('@').unwrap_or(0);
    let Some(at) = url[after..].find('?').map(|at| after + at) else {
        return Some((url.to_owned(), taken));
    };
    let mut kept = Vec::new();
    for pair in url[at + 1..].split('&') {
        let (name, value) = pair.split_once('=')?;
        let decoded = |text| percent_decode_str(text).decode_utf8().ok();
        match decoded(name)? {
            name if is_taken(&name) => {
                taken.insert(name.into_owned(), decoded(value)?.into_owned());
            }
            _ => kept.push(pair),
        }
    }
    Some((format!("{}?{}", &url[..at], kept.join("&")), taken))
}

fn is_taken(name: &str) -> bool {
    tls::OPTIONS.contains(&name) || UNKNOWN.contains(&name) || name == "gssencmode"
}

/// `name = value` pairs; a value may stand in quotes, and a backslash before what is meant as it is.
fn pairs(text: &str) -> Option<Vec<(String, String)>> {
    let mut pairs = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let (name, after) = rest.split_once('=')?;
        let mut value = String::new();
        let after = after.trim_start();
        let quoted = after.starts_with('\'');
        let mut characters = after[usize::from(quoted)..].chars();
        loop {
            match characters.next() {
                Some('\\') => value.push(characters.next()?),
                Some('\'') if quoted => break,
                Some(character) if !quoted && character.is_whitespace() => break,
                Some(character) => value.push(character),
                None if quoted => return None,
                None => break,
            }
        }
        pairs.push((name.trim_end().to_owned(), value));
        rest = characters.as_str().trim_start();
    }
    Some(pairs)
}

#[cfg(test)]
mod tests {
    use tokio_postgres::config::SslMode;

    use super::*;

    fn parsed(url: &str) -> Result<Database> {
        Database::of_url(url, "DATABASE_URL", |_| None)
    }

    fn refused(url: &str) -> String {
        match parsed(url) {
            Ok(_) => panic!("{url} was taken"),
            Err(error) => format!("{error:#}"),
        }
    }

    #[test]
    fn a_database_is_the_one_that_psql_would_find() {
        let found = |given: &[(&str, &str)]| {
            Database::of_variables(|name| {
                let of = given.iter().find(|(known, _)| *known == name);
                of.map(|(_, value)| (*value).to_owned())
            })
        };
        let database = found(&[
            ("PGHOST", "/s,a.example"),
            ("PGPORT", "1,2"),
            ("PGUSER", "report_de"),
            ("PGSSLMODE", "require"),
        ]);
        let database = database.unwrap().unwrap();
        assert_eq!(database.config.get_hosts().len(), 2);
        assert_eq!(database.config.get_ports(), [1, 2]);
        assert_eq!(database.config.get_dbname(), Some("report_de"));
        assert_eq!(database.config.get_ssl_mode(), SslMode::Require);
        assert!(found(&[("PGUSER", "report_de")]).unwrap().is_none());
        assert!(found(&[("PGHOST", "/s"), ("PGPORT", "x")]).is_err());
    }

    #[test]
    fn tls_is_preferred_and_a_socket_has_none() {
        for (url, mode) in [
            ("postgresql://a@h/d", SslMode::Prefer),
            ("postgresql://a@h/d?sslmode=require", SslMode::Require),
            ("host=h user=a sslmode = 'disable'", SslMode::Disable),
            ("host=h user=a sslmode=allow", SslMode::Prefer),
            ("hostaddr=192.0.2.7 user=a", SslMode::Prefer),
            (
                "postgresql://a@/d?host=/s&sslmode=require",
                SslMode::Disable,
            ),
        ] {
            assert_eq!(parsed(url).unwrap().config.get_ssl_mode(), mode, "{url}");
        }
        let by_environment = Database::of_url("postgresql://a@h/d", "DATABASE_URL", |name| {
            (name == "PGSSLMODE").then(|| "require".to_owned())
        });
        assert_eq!(
            by_environment.unwrap().config.get_ssl_mode(),
            SslMode::Require
        );
    }

    #[test]
    fn whatever_else_is_said_stays_as_it_is() {
        let odd = r"host=h password='it\'s \\ = a' sslmode=require application_name=x\ y";
        let config = parsed(odd).unwrap().config;
        assert_eq!(config.get_password(), Some(&b"it's \\ = a"[..]));
        assert_eq!(config.get_application_name(), Some("x y"));
        let url = "postgresql://a:w?sslmode=x@h/d?application_name=x%26y&sslmode=require&connect_timeout=3";
        let config = parsed(url).unwrap().config;
        assert_eq!(config.get_password(), Some(&b"w?sslmode=x"[..]));
        assert_eq!(config.get_application_name(), Some("x&y"));
        assert!(config.get_connect_timeout().is_some());
    }

    #[test]
    fn nothing_of_a_url_is_in_what_is_said_of_it() {
        for url in [
            "nonsense-secret",
            "postgresql://a:secret@h:port/d",
            "host=h password=my secret=1",
            "host=h password='secret",
            "postgresql://h/d?password=x&secret=1",
            "postgresql://a:secret@h/d?sslmode=never",
            "postgresql://a:secret@h/d?sslmode=verify-full&sslrootcert=/nowhere",
            "postgresql://a:secret@h/d?sslrootcert=system&sslmode=require",
            "postgresql://a:secret@h/d?sslmode=require&sslcert=/nowhere",
            "postgresql://a:secret@h/d?sslcrl=/secret",
            "postgresql://a:secret@/d?host=h,i&port=1,2",
        ] {
            let said = refused(url);
            assert!(said.starts_with("DATABASE_URL"), "{said}");
            assert!(
                !said.contains("secret") && !said.contains('@') || said.contains("login@"),
                "{said}"
            );
        }
        assert!(refused("postgresql://a@h/d?sslcrl=/x").contains("sslcrl"));
    }

    #[test]
    fn libpq_connects_as_the_url_says() {
        let url = "postgresql://mandant_psql:se%20cret@a.example:1,b.example:2/mandant?options=-cgeqo%3Doff&sslmode=require\
            &target_session_attrs=read-write&channel_binding=require&connect_timeout=3";
        let environment = parsed(url).unwrap().with_option("-cjit=off").environment();
        for expected in [
            ("PGHOST", "a.example,b.example"),
            ("PGPORT", "1,2"),
            ("PGUSER", "mandant_psql"),
            ("PGDATABASE", "mandant"),
            ("PGPASSWORD", "se cret"),
            ("PGOPTIONS", "-cgeqo=off -cjit=off"),
            ("PGSSLMODE", "require"),
            ("PGTARGETSESSIONATTRS", "read-write"),
            ("PGCHANNELBINDING", "require"),
            ("PGCONNECT_TIMEOUT", "3"),
        ] {
            assert!(
                environment.contains(&(expected.0, expected.1.into())),
                "{expected:?}"
            );
        }
    }
}

//! A server and its connections: the primary, or a standby for reports. No connection is used whose login could get past
//! row security, or whose database is of another version. What was lent and not given back is closed, and what the server
//! still does for it is stopped.

use std::{ops::Deref, time::Duration};

use anyhow::bail;
use deadpool_postgres::{
    Hook, HookError, Manager, ManagerConfig, Object, Pool, PoolError, RecyclingMethod, Runtime,
    Status, TimeoutType,
};
use scopeguard::ScopeGuard;
use tokio::time::timeout;
use tokio_postgres::{Client, Config, Row, error::SqlState};
use tokio_postgres_rustls::MakeRustlsConnect;
use tracing::warn;

use crate::{
    database::Database,
    error::{Error, reason},
    release::VERSION,
};

/// How long a request waits for a connection before it is told that all are busy.
const WAIT: Duration = Duration::from_secs(2);
/// How long one host of several may take to answer before the next is asked, unless the URL says so.
const CONNECT: Duration = Duration::from_secs(1);
/// After how long a host that has fallen silent is given up, unless the URL says so.
const SILENCE: Duration = Duration::from_secs(10);
/// How long a server may take to answer whether it is there.
const PATIENCE: Duration = Duration::from_secs(3);
/// Why the database says that its caller must not serve, if so, and of which version the extension is.
const REFUSAL: &str = "
    select mandant_internal.relay_refusal(),
        (select extversion from pg_catalog.pg_extension where extname = 'pg_mandant')";
/// Of which version the CRM is, for a relay.
const CRM: &str = "select version from crm.installation";

/// The connections to a server.
#[derive(Clone)]
pub struct Server {
    /// What the server is to us: `primary` or `replica`.
    pub name: &'static str,
    pool: Pool,
    /// How long all of its hosts may take, one after the other.
    within: Duration,
    /// How it is asked to stop something.
    tls: MakeRustlsConnect,
}

impl Server {
    /// Connects when first needed, with at most `connections` connections.
    pub fn new(
        name: &'static str,
        database: &Database,
        connections: usize,
    ) -> anyhow::Result<Self> {
        let mut config = database.config().clone();
        config.application_name("mandant");
        let within = notice_silence(&mut config);
        let tls = database.tls().connect.clone();
        let recycling = ManagerConfig {
            recycling_method: RecyclingMethod::Fast,
        };
        let pool = Pool::builder(Manager::from_config(config, tls.clone(), recycling))
            .max_size(connections.max(1))
            .runtime(Runtime::Tokio1)
            .wait_timeout(Some(WAIT))
            .create_timeout(Some(within))
            .post_create(Hook::async_fn(|client, _| {
                Box::pin(async {
                    match refusal(client).await.map_err(HookError::Backend)? {
                        Some(refusal) => Err(HookError::message(refusal)),
                        None => Ok(()),
                    }
                })
            }))
            .build()?;
        Ok(Self {
            name,
            pool,
            within,
            tls,
        })
    }

    /// Fails if it can be reached and must not be served. One that cannot be reached yet is asked with its first
    /// connection.
    pub async fn refuse_unfit(&self) -> anyhow::Result<()> {
        match self.get().await {
            Err(PoolError::PostCreateHook(HookError::Message(refusal))) => bail!("{refusal}"),
            Err(error) => {
                warn!(
                    server = self.name,
                    reason = reason(&error),
                    "no connection yet"
                );
                Ok(())
            }
            Ok(_) => Ok(()),
        }
    }

    /// A connection, which is closed unless it is given back.
    pub async fn lend(&self) -> Result<Lent, PoolError> {
        let client = self.get().await?;
        let tls = self.tls.clone();
        let connection = Connection { client, tls };
        Ok(Lent(scopeguard::guard(connection, Connection::discard)))
    }

    /// One of the pool, which does not wait by itself for what a new connection says first.
    async fn get(&self) -> Result<Object, PoolError> {
        timeout(WAIT + self.within + PATIENCE, self.pool.get())
            .await
            .unwrap_or(Err(PoolError::Timeout(TimeoutType::Create)))
    }

    /// Closes what nobody uses: a new connection is looked at again.
    pub fn forget(&self) {
        self.pool.retain(|_, _| false);
    }

    /// How many connections there are.
    pub fn status(&self) -> Status {
        self.pool.status()
    }

    /// What it answers to a statement outside of any transaction; none if all connections are busy, which does not say
    /// whether it would.
    pub async fn answer(&self, statement: &str) -> Option<Result<Row, Error>> {
        let asked = timeout(PATIENCE, async {
            let lent = self.lend().await?;
            let row = lent.query_typed_one(statement, &[]).await?;
            lent.give_back();
            Ok(row)
        });
        match asked.await {
            Ok(Err(Error::Pool(PoolError::Timeout(TimeoutType::Wait)))) => None,
            Ok(answer) => Some(answer),
            Err(_) => Some(Err(Error::took_too_long())),
        }
    }
}

/// A connection of a pool, and how to stop what it does.
struct Connection {
    client: Object,
    tls: MakeRustlsConnect,
}

impl Connection {
    /// Closes it, and stops what the server may still be doing for it.
    fn discard(self) {
        let cancel = Object::take(self.client).cancel_token();
        tokio::spawn(async move {
            // in vain if there is nothing to stop any more
            let _ = cancel.cancel_query(self.tls).await;
        });
    }
}

/// A connection that somebody uses.
pub struct Lent(ScopeGuard<Connection, fn(Connection)>);

impl Lent {
    /// Gives it back to the pool: it is as it was.
    pub fn give_back(self) {
        drop(ScopeGuard::into_inner(self.0));
    }

    /// Closes it as it is. Nothing runs there any more.
    pub fn close(self) {
        drop(Object::take(ScopeGuard::into_inner(self.0).client));
    }
}

impl Deref for Lent {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.0.client
    }
}

/// A host that is gone answers nothing, not even that: gives it up soon. How long all may take together.
fn notice_silence(config: &mut Config) -> Duration {
    let connect = *config.get_connect_timeout().unwrap_or(&CONNECT);
    config.connect_timeout(connect);
    if config.get_tcp_user_timeout().is_none() {
        config.tcp_user_timeout(SILENCE);
    }
    if config.get_keepalives_idle() > SILENCE {
        config.keepalives_idle(SILENCE);
    }
    let hosts = config.get_hosts().len().max(1);
    connect * hosts.try_into().unwrap_or(u32::MAX) + WAIT
}

/// Why this service must not serve this database as this login.
pub async fn refusal(client: &Client) -> Result<Option<String>, tokio_postgres::Error> {
    let older = |error: tokio_postgres::Error| {
        match error.code() {
        Some(
            &SqlState::INVALID_SCHEMA_NAME
            | &SqlState::UNDEFINED_FUNCTION
            | &SqlState::UNDEFINED_COLUMN,
        ) => Ok(Some(
            "cannot serve this database: it has no extension pg_mandant, which `mandant install` puts there, or an older \
             one, which `mandant update` brings here"
                .to_owned(),
        )),
        _ => Err(error),
    }
    };
    let row = match client.query_typed_one(REFUSAL, &[]).await {
        Ok(row) => row,
        Err(error) => return older(error),
    };
    if let Some(refusal) = row.try_get::<_, Option<&str>>(0)? {
        return Ok(Some(format!("cannot serve with this login: {refusal}")));
    }
    let crm = match client.query_typed_opt(CRM, &[]).await {
        Ok(crm) => crm,
        Err(error) if error.code() == Some(&SqlState::UNDEFINED_TABLE) => None,
        Err(error) => return older(error),
    };
    let crm = crm.as_ref().map(|row| row.try_get(0)).transpose()?;
    Ok(misfit(row.try_get(1)?, crm))
}

/// What is wrong with the versions of a database. What nobody recorded was not installed by `mandant`, and is not judged.
fn misfit(extension: Option<&str>, crm: Option<&str>) -> Option<String> {
    let of = |what: &str, version: Option<&str>| match version {
        Some(version) if version != VERSION => Some(format!("{what} of version {version}")),
        _ => None,
    };
    let found = of("the extension", extension).or_else(|| of("the CRM", crm))?;
    Some(format!(
        "cannot serve this database: it has {found}, and this is {VERSION}: `mandant update` brings an older one here, \
         a newer one needs the `mandant` of its version"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_host_has_its_time() {
        let noticed = |url: &str| {
            let mut config = url.parse().unwrap();
            let within = notice_silence(&mut config);
            (within.as_secs(), config)
        };
        let (within, config) = noticed("postgresql://a@h,i,j/d");
        assert_eq!(within, 5);
        assert_eq!(config.get_keepalives_idle(), SILENCE);
        let url = "postgresql://a@h,i/d?connect_timeout=4&tcp_user_timeout=3&keepalives_idle=2";
        let (within, config) = noticed(url);
        assert_eq!(within, 10);
        assert_eq!(config.get_tcp_user_timeout(), Some(&Duration::from_secs(3)));
        assert_eq!(config.get_keepalives_idle(), Duration::from_secs(2));
    }

    #[test]
    fn a_database_of_another_version_does_not_fit() {
        assert_eq!(misfit(Some(VERSION), Some(VERSION)), None);
        assert_eq!(misfit(Some(VERSION), None), None);
        for (extension, crm, named) in [
            ("0.0.9", Some(VERSION), "the extension of version 0.0.9"),
            (VERSION, Some("0.0.8"), "the CRM of version 0.0.8"),
            ("9.0.0", Some("9.0.0"), "the extension of version 9.0.0"),
        ] {
            let refusal = misfit(Some(extension), crm).unwrap();
            assert!(refusal.contains(named), "{refusal}");
        }
    }
}

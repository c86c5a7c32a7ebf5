//! The only way to the database: [`Db::run`], one transaction per request. It begins with `enter`,
//! which ties the caller's token to this transaction. Every statement is unnamed, because a
//! prepared statement that an earlier request left in the session could be a trap. A transaction
//! that did not end well, such as one whose request was dropped half-way, takes its connection
//! with it. No connection is used whose login could get past row security, or whose database is of
//! another version.

use std::{ops::Deref, sync::Arc, time::Duration};

use anyhow::bail;
use deadpool_postgres::{
    Hook, HookError, Manager, ManagerConfig, Object, Pool, PoolError, RecyclingMethod, Runtime,
};
use scopeguard::ScopeGuard;
use tokio::{join, time::sleep, try_join};
use tokio_postgres::{Client, Row, error::SqlState};
use tokio_postgres_rustls::MakeRustlsConnect;
use tracing::warn;

use crate::{
    caller::Caller,
    database::Database,
    error::{Error, reason},
    record::{Param, Record, param},
    release::VERSION,
    rule::{self, Rule},
};

/// How often a transaction that met a conflict is tried again.
const RETRIES: u32 = 3;
/// How long a request waits for a connection before it is told that all are busy.
const WAIT: Duration = Duration::from_secs(2);
/// Why the database says that its caller must not serve, if so, and of which version the extension is.
const REFUSAL: &str = "
    select mandant_internal.relay_refusal(),
        (select extversion from pg_catalog.pg_extension where extname = 'pg_mandant')";
/// Of which version the CRM is, for a relay.
const CRM: &str = "select version from crm.installation";

/// What a transaction sees of others that commit meanwhile. It is said whatever a session was left
/// with: a deferrable snapshot would be waited for, before `enter` can refuse.
#[derive(Clone, Copy)]
pub enum Isolation {
    /// What is committed when a statement begins.
    Committed,
    /// What was committed when it began; a change of what others changed since is a conflict.
    Repeatable,
}

impl Isolation {
    fn begin(self) -> &'static str {
        match self {
            Self::Committed => "begin isolation level read committed",
            Self::Repeatable => "begin isolation level repeatable read",
        }
    }
}

/// When the end of a transaction is sent.
#[derive(Clone, Copy)]
enum Ends {
    /// Behind its first statements.
    Early,
    /// When all is done.
    Late,
}

/// The connections to the database.
#[derive(Clone)]
pub struct Db {
    pool: Pool,
    /// How a server is asked to stop something.
    tls: MakeRustlsConnect,
}

impl Db {
    /// Connects when first needed, with at most `connections` connections.
    pub fn new(database: &Database, connections: usize) -> anyhow::Result<Self> {
        let mut config = database.config().clone();
        config.application_name("mandant");
        let tls = database.tls().connect.clone();
        let recycling = ManagerConfig {
            recycling_method: RecyclingMethod::Fast,
        };
        let pool = Pool::builder(Manager::from_config(config, tls.clone(), recycling))
            .max_size(connections.max(1))
            .runtime(Runtime::Tokio1)
            .wait_timeout(Some(WAIT))
            .create_timeout(Some(WAIT))
            .post_create(Hook::async_fn(|client, _| {
                Box::pin(async {
                    match refusal(client).await.map_err(HookError::Backend)? {
                        Some(refusal) => Err(HookError::message(refusal)),
                        None => Ok(()),
                    }
                })
            }))
            .build()?;
        Ok(Self { pool, tls })
    }

    /// Fails if the database can be reached, and is of another version, or by a login that could get
    /// past row security. One that cannot be reached yet is asked with its first connection.
    pub async fn refuse_unfit(&self) -> anyhow::Result<()> {
        match self.pool.get().await {
            Err(PoolError::PostCreateHook(HookError::Message(refusal))) => bail!("{refusal}"),
            Err(error) => {
                warn!(reason = reason(&error), "no connection to the database yet");
                Ok(())
            }
            Ok(_) => Ok(()),
        }
    }

    /// Runs `work` as `caller` in one transaction, committed if `work` succeeds. It is run again
    /// after a conflict with another transaction, and on another connection if the session is not
    /// clean; so it must have no effect outside the database.
    pub async fn run<T, W>(
        &self,
        caller: &Caller,
        isolation: Isolation,
        work: impl Fn(Transaction) -> W,
    ) -> Result<T, Error>
    where
        W: Future<Output = Result<T, Error>>,
    {
        self.persist(Some(caller), isolation, Ends::Late, work)
            .await
    }

    /// Runs `work` as `caller` in one transaction that is committed behind the statements `work` sends
    /// before it waits for an answer: a round trip less, for whatever only reads. A later statement
    /// would find neither transaction nor caller, and be refused.
    pub async fn read<T, W>(
        &self,
        caller: &Caller,
        work: impl Fn(Transaction) -> W,
    ) -> Result<T, Error>
    where
        W: Future<Output = Result<T, Error>>,
    {
        self.persist(Some(caller), Isolation::Committed, Ends::Early, work)
            .await
    }

    /// Runs `work` as nobody, who may sign in and nothing else.
    pub async fn relay<T, W>(&self, work: impl Fn(Transaction) -> W) -> Result<T, Error>
    where
        W: Future<Output = Result<T, Error>>,
    {
        self.persist(None, Isolation::Committed, Ends::Late, work)
            .await
    }

    /// Whether the database answers, and still takes our login for a relay.
    pub async fn ping(&self) -> Result<(), Error> {
        match self.relay(async |tx| Ok(refusal(&tx.0).await?)).await? {
            Some(refusal) => Err(Error::unfit(&refusal)),
            None => Ok(()),
        }
    }

    async fn persist<T, W>(
        &self,
        caller: Option<&Caller>,
        isolation: Isolation,
        ends: Ends,
        work: impl Fn(Transaction) -> W,
    ) -> Result<T, Error>
    where
        W: Future<Output = Result<T, Error>>,
    {
        let mut conflicts = 0;
        let mut unclean = 0;
        let mut ends = ends;
        loop {
            match self.attempt(caller, isolation, ends, &work).await {
                Ok(Err(error)) if error.is_conflict() && conflicts < RETRIES => {
                    conflicts += 1;
                    sleep(Duration::from_millis(10 << conflicts)).await;
                }
                // At worst every connection in the pool, and then a new one. What ended early was not
                // closed in the middle, so that a pooler between still has it: now it will be.
                Err(_) if unclean <= self.pool.status().max_size => {
                    unclean += 1;
                    ends = Ends::Late;
                }
                Ok(outcome) => return outcome,
                Err(error) => return Err(error),
            }
        }
    }

    /// The outcome, or why the session was of no use and is gone.
    async fn attempt<T, W>(
        &self,
        caller: Option<&Caller>,
        isolation: Isolation,
        ends: Ends,
        work: impl Fn(Transaction) -> W,
    ) -> Result<Result<T, Error>, Error>
    where
        W: Future<Output = Result<T, Error>>,
    {
        let client = match self.pool.get().await {
            Ok(client) => {
                let tls = self.tls.clone();
                scopeguard::guard(Lent { client, tls }, Lent::discard as fn(Lent))
            }
            Err(error) => return Ok(Err(error.into())),
        };
        let transaction = Transaction(Arc::new(client));
        // One round trip: the work's first statement is sent behind `enter`. Should `enter` refuse,
        // the transaction has failed before PostgreSQL looks at that statement.
        let (begun, outcome, ended) = join!(
            biased;
            transaction.begin(caller, isolation),
            work(transaction.clone()),
            transaction.end_early(ends),
        );
        // What an earlier request left may be a timeout that `enter` does not even get the time to refuse.
        let hurried = begun.as_ref().is_err_and(Error::is_canceled);
        match begun.and(outcome) {
            Ok(value) => Ok(transaction.end(ended, "commit").await.map(|()| value)),
            Err(error) if hurried || error.is_unclean_session() => {
                transaction.close();
                Err(error)
            }
            Err(error) => Ok(Err(transaction.give_up(ended, error).await)),
        }
    }
}

/// Why this service must not serve this database as this login.
async fn refusal(client: &Client) -> Result<Option<String>, tokio_postgres::Error> {
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

/// A connection of the pool.
struct Lent {
    client: Object,
    tls: MakeRustlsConnect,
}

impl Lent {
    /// Closes it, and stops what the server may still be doing for it.
    fn discard(self) {
        let cancel = Object::take(self.client).cancel_token();
        tokio::spawn(async move {
            // in vain if there is nothing to stop any more
            let _ = cancel.cancel_query(self.tls).await;
        });
    }
}

impl Deref for Lent {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

/// A transaction, for the statements of one request. Its connection is discarded unless it ends.
#[derive(Clone)]
pub struct Transaction(Arc<ScopeGuard<Lent, fn(Lent)>>);

impl Transaction {
    async fn begin(&self, caller: Option<&Caller>, isolation: Isolation) -> Result<(), Error> {
        let Some(Caller { token, tenant }) = caller else {
            return Ok(self.0.batch_execute(isolation.begin()).await?);
        };
        let params = [param(token), param(tenant)];
        try_join!(
            biased;
            self.0.batch_execute(isolation.begin()),
            self.0.execute_typed("select mandant.enter($1, $2)", &params),
        )?;
        Ok(())
    }

    /// Commits, which after a statement that failed is a rollback; unless the end is to come late.
    async fn end_early(&self, ends: Ends) -> Option<Result<(), Error>> {
        match ends {
            Ends::Early => Some(self.0.batch_execute("commit").await.map_err(Error::from)),
            Ends::Late => None,
        }
    }

    /// Ends as said, unless it has `ended`.
    async fn end(self, ended: Option<Result<(), Error>>, how: &str) -> Result<(), Error> {
        match ended {
            Some(ended) => ended?,
            None => self.0.batch_execute(how).await?,
        }
        self.release();
        Ok(())
    }

    /// Ends it, changing nothing. Of a rule that was broken the error then says what it is about.
    async fn give_up(self, ended: Option<Result<(), Error>>, error: Error) -> Error {
        let rolled_back = async {
            match ended {
                Some(ended) => ended,
                None => Ok(self.0.batch_execute("rollback").await?),
            }
        };
        let ended = match error.rule() {
            None => rolled_back.await.map(|()| None),
            Some(name) => {
                let name = name.each_ref().map(param);
                try_join!(biased; rolled_back, self.find::<Rule>(rule::FIND, &name))
                    .map(|((), rule)| rule)
            }
        };
        // what fails has lost its connection, and says less than the error
        match ended {
            Ok(rule) => {
                self.release();
                match rule {
                    Some(rule) => error.of_rule(rule),
                    None => error,
                }
            }
            Err(_) => error,
        }
    }

    /// Gives the connection back.
    fn release(self) {
        if let Some(client) = Arc::into_inner(self.0) {
            drop(ScopeGuard::into_inner(client));
        }
    }

    /// Closes the connection in the middle of its transaction, so that a pooler between closes it at
    /// the server, too. Nothing runs there any more.
    fn close(self) {
        if let Some(client) = Arc::into_inner(self.0) {
            drop(Object::take(ScopeGuard::into_inner(client).client));
        }
    }

    /// The rows of a statement, as they come.
    pub async fn query(&self, statement: &str, params: &[Param<'_>]) -> Result<Vec<Row>, Error> {
        Ok(self.0.query_typed(statement, params).await?)
    }

    /// The rows of a statement.
    pub async fn rows<T: Record>(
        &self,
        statement: &str,
        params: &[Param<'_>],
    ) -> Result<Vec<T>, Error> {
        let rows = self.query(statement, params).await?;
        Ok(rows.iter().map(T::of).collect::<Result<_, _>>()?)
    }

    /// The row of a statement that gives exactly one.
    pub async fn row<T: Record>(&self, statement: &str, params: &[Param<'_>]) -> Result<T, Error> {
        let row = self.0.query_typed_one(statement, params).await?;
        Ok(T::of(&row)?)
    }

    /// The row of a statement, if there is one.
    pub async fn find<T: Record>(
        &self,
        statement: &str,
        params: &[Param<'_>],
    ) -> Result<Option<T>, Error> {
        let row = self.0.query_typed_opt(statement, params).await?;
        Ok(row.as_ref().map(T::of).transpose()?)
    }

    /// How many rows a statement touched.
    pub async fn execute(&self, statement: &str, params: &[Param<'_>]) -> Result<u64, Error> {
        Ok(self.0.execute_typed(statement, params).await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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

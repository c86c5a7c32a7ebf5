//! The only way to the database: [`Db::run`], one transaction per request. It begins with `enter`,
//! which ties the caller's token to this transaction. Every statement is unnamed, because a
//! prepared statement that an earlier request left in the session could be a trap. A transaction
//! that did not end well, such as one whose request was dropped half-way, takes its connection
//! with it.

use std::{sync::Arc, time::Duration};

use deadpool_postgres::{PoolError, TimeoutType};
use tokio::{join, time::sleep, try_join};
use tokio_postgres::Row;
use tracing::warn;

use crate::{
    caller::Caller,
    database::Database,
    error::Error,
    metrics::{Metrics, Outcome},
    record::{Param, Record, param},
    replica::{Asked, Position, Replica, Source},
    rule::{self, Rule},
    server::{Lent, Server, refusal},
};

/// How often a transaction that met a conflict is tried again.
const RETRIES: u32 = 3;
/// How many numbers were drawn since the server was started, how many draws waited, and for how many seconds.
const NUMBERS: &str = "select numbers, waits, wait_seconds from mandant_internal.number_waits()";

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

/// The database: its primary server, and a standby for reports, if one is known.
#[derive(Clone)]
pub struct Db {
    primary: Server,
    replica: Option<Replica>,
    metrics: Arc<Metrics>,
}

impl Db {
    /// Connects when first needed, with at most `connections` connections to each server.
    pub fn new(
        primary: &Database,
        replica: Option<&Database>,
        connections: usize,
    ) -> anyhow::Result<Self> {
        let server = |name, database| Server::new(name, database, connections);
        Ok(Self {
            primary: server("primary", primary)?,
            replica: replica
                .map(|database| server("replica", database).map(Replica::new))
                .transpose()?,
            metrics: Arc::new(Metrics::new()?),
        })
    }

    /// Fails if the primary can be reached and must not be served. One that cannot be reached yet is asked
    /// with its first connection. A standby may lag behind an update, and is only said to be unfit.
    pub async fn refuse_unfit(&self) -> anyhow::Result<()> {
        if let Some(replica) = &self.replica {
            if let Err(refusal) = replica.server.refuse_unfit().await {
                warn!(%refusal, "no reports from the standby yet");
            }
        }
        self.primary.refuse_unfit().await
    }

    /// What is counted.
    pub fn metrics(&self) -> &Arc<Metrics> {
        &self.metrics
    }

    /// Looks at the servers, for what is counted.
    pub async fn observe(&self) {
        let look = async |server: &Server, question| {
            let answer = server.answer(question).await;
            // busy connections say neither that it is there nor that it is away
            if let Some(answer) = &answer {
                self.metrics.up(server.name, answer.is_ok());
            }
            self.metrics.pool(server.name, &server.status());
            answer
        };
        let (numbers, _) = join!(look(&self.primary, NUMBERS), async {
            if let Some(replica) = &self.replica {
                look(&replica.server, "select 1").await;
            }
        });
        if let Some(Ok(row)) = numbers {
            self.metrics.numbers(row.get(0), row.get(1), row.get(2));
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

    /// Reads as [`Db::run`] does, from the standby, if one is known and has all that the primary has; from
    /// which server it is, if one is known.
    pub async fn consult<T, W>(
        &self,
        caller: &Caller,
        work: impl Fn(Transaction) -> W,
    ) -> Result<(T, Option<Source>), Error>
    where
        W: Future<Output = Result<T, Error>>,
    {
        let Some(replica) = &self.replica else {
            let value = self.run(caller, Isolation::Committed, work).await?;
            return Ok((value, None));
        };
        match self.ask_replica(replica, caller, &work).await? {
            Ok(outcome) => {
                self.metrics.replica(Asked::Answered);
                outcome.map(|value| (value, Some(Source::Replica)))
            }
            Err(asked) => {
                self.metrics.replica(asked);
                let value = self.run(caller, Isolation::Committed, work).await?;
                Ok((value, Some(Source::Primary)))
            }
        }
    }

    /// What the standby says, or why it said nothing. Without the primary nobody knows whether it says enough.
    async fn ask_replica<T, W>(
        &self,
        replica: &Replica,
        caller: &Caller,
        work: impl Fn(Transaction) -> W,
    ) -> Result<Result<Result<T, Error>, Asked>, Error>
    where
        W: Future<Output = Result<T, Error>>,
    {
        let primary = self.lend(&self.primary).await?;
        let position = match Position::of(primary).await {
            Ok(position) => position,
            Err(error) if error.is_lost() => return Err(error),
            // the session was left unfit by somebody: a transaction finds another
            Err(_) => return Ok(Err(Asked::Refused)),
        };
        let lent = match position.reached(replica).await {
            Ok(lent) => lent,
            Err(asked) => return Ok(Err(asked)),
        };
        let isolation = Isolation::Committed;
        let attempt = self.attempt(lent, Some(caller), isolation, Ends::Late, work);
        Ok(match attempt.await {
            Ok(Err(error)) if error.is_of_standby() => Err(Asked::Refused),
            Ok(outcome) => Ok(outcome),
            Err(_) => Err(Asked::Refused),
        })
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
            Some(refusal) => {
                // whoever connected when it was right is asked no more
                self.primary.forget();
                Err(Error::unfit(&refusal))
            }
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
            let lent = self.lend(&self.primary).await?;
            let error = match self.attempt(lent, caller, isolation, ends, &work).await {
                Ok(Err(error)) if error.is_conflict() && conflicts < RETRIES => {
                    conflicts += 1;
                    sleep(Duration::from_millis(10 << conflicts)).await;
                    error
                }
                // At worst every connection in the pool, and then a new one. What ended early was not
                // closed in the middle, so that a pooler between still has it: now it will be.
                Err(error) if unclean <= self.primary.status().max_size => {
                    unclean += 1;
                    ends = Ends::Late;
                    error
                }
                Ok(outcome) => return outcome,
                Err(error) => return Err(error),
            };
            self.metrics.retry(error.code().unwrap_or_default());
        }
    }

    /// A connection of a server.
    async fn lend(&self, server: &Server) -> Result<Lent, Error> {
        server.lend().await.map_err(|error| {
            if matches!(error, PoolError::Timeout(TimeoutType::Wait)) {
                self.metrics.pool_timeout(server.name);
            }
            error.into()
        })
    }

    /// The outcome, or why the session was of no use and is gone.
    async fn attempt<T, W>(
        &self,
        lent: Lent,
        caller: Option<&Caller>,
        isolation: Isolation,
        ends: Ends,
        work: impl Fn(Transaction) -> W,
    ) -> Result<Result<T, Error>, Error>
    where
        W: Future<Output = Result<T, Error>>,
    {
        let counted = self.metrics.transaction();
        let transaction = Transaction(Arc::new(lent));
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
            Ok(value) => {
                let ended = transaction.end(ended, "commit").await;
                counted.end(match ended {
                    Ok(()) => Outcome::Committed,
                    Err(_) => Outcome::Failed,
                });
                Ok(ended.map(|()| value))
            }
            Err(error) if hurried || error.is_unclean_session() => {
                transaction.close();
                counted.end(Outcome::Discarded);
                Err(error)
            }
            Err(error) => {
                let error = transaction.give_up(ended, error).await;
                if error.is_busy() {
                    self.metrics.busy();
                }
                counted.end(match error.is_lost() {
                    true => Outcome::Failed,
                    false => Outcome::RolledBack,
                });
                Ok(Err(error))
            }
        }
    }
}

/// A transaction, for the statements of one request. Its connection is discarded unless it ends.
#[derive(Clone)]
pub struct Transaction(Arc<Lent>);

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
            client.give_back();
        }
    }

    /// Closes the connection in the middle of its transaction, so that a pooler between closes it at
    /// the server, too. Nothing runs there any more.
    fn close(self) {
        if let Some(client) = Arc::into_inner(self.0) {
            client.close();
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

//! Reports are read from a standby, if one is known, as if they were read from the primary: only when the standby has all
//! that the primary had when the request came. Where it does not get there in time, is away, is no standby of this primary
//! any more, or refuses, the primary answers.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use aide::{
    OperationOutput,
    generate::GenContext,
    openapi::{Operation, ReferenceOr, Response as Described},
};
use axum::{
    http::HeaderValue,
    response::{IntoResponse, Response},
};
use deadpool_postgres::{PoolError, TimeoutType};
use serde_json::{from_value, json};
use tokio::time::{sleep, timeout};
use tracing::warn;

use crate::{
    error::{Error, reason},
    record::param,
    server::{Lent, Server},
};

/// Header that names the server which a report is from.
pub const SOURCE: &str = "mandant-source";
/// How long a standby may take to get where the primary was.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long it is left alone between two questions.
const PAUSE: Duration = Duration::from_millis(10);
/// How long a standby that was away is left alone.
const REST: Duration = Duration::from_secs(5);
/// Of which cluster and database a session is. Whoever finds these in its session means PostgreSQL's own.
macro_rules! place {
    () => {
        "pg_catalog.concat_ws(' ', (pg_catalog.pg_control_system()).system_identifier, pg_catalog.current_database())"
    };
}
/// How far the primary has written what it told anybody, and where that is.
const POSITION: &str = concat!(
    "select pg_catalog.pg_current_wal_flush_lsn()::text, ",
    place!()
);
/// Whether a standby is one of that place, and is there.
const REPLAYED: &str = concat!(
    "select pg_catalog.pg_is_in_recovery() and ",
    place!(),
    " = $2, pg_catalog.pg_last_wal_replay_lsn() >= $1::text::pg_catalog.pg_lsn"
);

/// Which server a report is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The standby.
    Replica,
    /// The primary.
    Primary,
}

/// Something that was read, and from which server, where there is a choice.
pub struct From<T>(pub T, pub Option<Source>);

impl<T: IntoResponse> IntoResponse for From<T> {
    fn into_response(self) -> Response {
        let mut response = self.0.into_response();
        if let Some(source) = self.1 {
            let source = match source {
                Source::Replica => "replica",
                Source::Primary => "primary",
            };
            response
                .headers_mut()
                .insert(SOURCE, HeaderValue::from_static(source));
        }
        response
    }
}

impl<T: OperationOutput> OperationOutput for From<T> {
    type Inner = T::Inner;

    fn inferred_responses(
        context: &mut GenContext,
        operation: &mut Operation,
    ) -> Vec<(Option<u16>, Described)> {
        let mut responses = T::inferred_responses(context, operation);
        let header = json!({
            "description": "The server it is from, where reports have a standby to be read from.",
            "schema": { "type": "string", "enum": ["replica", "primary"] },
        });
        for (_, response) in &mut responses {
            if let Ok(header) = from_value(header.clone()) {
                let header = ReferenceOr::Item(header);
                response.headers.insert("Mandant-Source".to_owned(), header);
            }
        }
        responses
    }
}

/// What came of asking a standby.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// It answered.
    Answered,
    /// It was not there in time.
    Behind,
    /// It could not be asked.
    Away,
    /// All connections to it were busy.
    Busy,
    /// It is a primary, or one of another cluster or database.
    NoStandby,
    /// It took back what it had begun.
    Refused,
}

impl Asked {
    /// All that there are.
    pub const ALL: [Self; 6] = [
        Self::Answered,
        Self::Behind,
        Self::Away,
        Self::Busy,
        Self::NoStandby,
        Self::Refused,
    ];

    /// Its word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Behind => "behind",
            Self::Away => "away",
            Self::Busy => "busy",
            Self::NoStandby => "no_standby",
            Self::Refused => "refused",
        }
    }
}

/// A standby.
#[derive(Clone)]
pub struct Replica {
    /// Its connections.
    pub server: Server,
    /// Until when it is not asked, because it was away.
    left_alone: Arc<Mutex<Option<Instant>>>,
}

impl Replica {
    /// One that is asked at the first need.
    pub fn new(server: Server) -> Self {
        let left_alone = Arc::default();
        Self { server, left_alone }
    }

    /// A connection, unless it was away just now: whoever does not answer costs each request the time to find that out.
    async fn lend(&self) -> Result<Lent, Asked> {
        if self
            .left_alone()
            .is_some_and(|until| Instant::now() < until)
        {
            return Err(Asked::Away);
        }
        self.server.lend().await.map_err(|error| match error {
            PoolError::Timeout(TimeoutType::Wait) => Asked::Busy,
            error => self.away(&reason(&error)),
        })
    }

    /// It does not answer: it is left alone for a while.
    fn away(&self, reason: &str) -> Asked {
        warn!(reason, "the standby is away");
        *self.left_alone() = Some(Instant::now() + REST);
        Asked::Away
    }

    fn left_alone(&self) -> MutexGuard<'_, Option<Instant>> {
        // an instant is whole whatever became of who wrote it
        self.left_alone
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where a primary is.
pub struct Position {
    written: String,
    place: String,
}

impl Position {
    /// Asks the primary, without a transaction, as nobody. Whatever it acknowledged is written.
    pub async fn of(primary: Lent) -> Result<Self, Error> {
        let row = primary.query_typed_one(POSITION, &[]).await?;
        let position = Self {
            written: row.try_get(0)?,
            place: row.try_get(1)?,
        };
        primary.give_back();
        Ok(position)
    }

    /// A connection to a standby that is there.
    pub async fn reached(&self, replica: &Replica) -> Result<Lent, Asked> {
        let lent = replica.lend().await?;
        let ends = Instant::now() + PATIENCE;
        let params = [param(&self.written), param(&self.place)];
        loop {
            // one that has stopped says nothing, also to a question that it answered before
            let row = timeout(PATIENCE, lent.query_typed_one(REPLAYED, &params))
                .await
                .map_err(|_| replica.away("no answer"))?
                .map_err(|error| replica.away(&reason(&error)))?;
            let told = (row.try_get(0), row.try_get(1));
            let (Ok(is_standby), Ok(is_there)) = told else {
                return Err(Asked::NoStandby);
            };
            match (is_standby, is_there) {
                (false, _) => {
                    lent.give_back();
                    return Err(Asked::NoStandby);
                }
                // nothing was replayed yet where the position is not known
                (true, Some(true)) => return Ok(lent),
                _ if Instant::now() >= ends => {
                    lent.give_back();
                    return Err(Asked::Behind);
                }
                _ => sleep(PAUSE).await,
            }
        }
    }
}

//! Reports are read from a standby, if one is known, as if they were read from the primary: only when the standby has all
//! that the primary had when the request came. Where it does not get there in time, is away, is no standby of this primary
//! any more, or refuses, the primary answers.

use std::time::{Duration, Instant};

use aide::{
    OperationOutput,
    generate::GenContext,
    openapi::{Operation, Response as Described},
};
use axum::{
    http::HeaderValue,
    response::{IntoResponse, Response},
};
use tokio::time::sleep;

use crate::{
    error::Error,
    record::param,
    server::{Lent, Server},
};

/// Header that names the server which a report is from.
pub const SOURCE: &str = "mandant-source";
/// How long a standby may take to get where the primary was.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long it is left alone between two questions.
const PAUSE: Duration = Duration::from_millis(10);
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
        T::inferred_responses(context, operation)
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
    /// It is a primary, or one of another cluster or database.
    NoStandby,
    /// It took back what it had begun.
    Refused,
}

impl Asked {
    /// All that there are.
    pub const ALL: [Self; 5] = [
        Self::Answered,
        Self::Behind,
        Self::Away,
        Self::NoStandby,
        Self::Refused,
    ];

    /// Its word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Behind => "behind",
            Self::Away => "away",
            Self::NoStandby => "no_standby",
            Self::Refused => "refused",
        }
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
    pub async fn reached(&self, replica: &Server) -> Result<Lent, Asked> {
        let lent = replica.lend().await.map_err(|_| Asked::Away)?;
        let ends = Instant::now() + PATIENCE;
        let params = [param(&self.written), param(&self.place)];
        loop {
            let row = lent
                .query_typed_one(REPLAYED, &params)
                .await
                .map_err(|_| Asked::Away)?;
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

//! One request's way to the database: who asks, under which condition, and whether it was asked
//! before. A handler takes a [`Call`] and says what is to be done in its transaction.

use std::pin::Pin;

use aide::OperationInput;
use axum::{
    extract::{FromRef, FromRequestParts},
    http::request::Parts,
};
use serde::Serialize;

use crate::{
    caller::Caller,
    db::{Db, Isolation, Transaction},
    error::Error,
    once::Once,
    precondition::Precondition,
    replica::From,
    reply::{Answer, Done, Reply},
};

/// A request of somebody.
pub struct Call {
    db: Db,
    caller: Caller,
    once: Option<Once>,
    precondition: Option<Precondition>,
}

impl<S: Send + Sync> FromRequestParts<S> for Call
where
    Db: FromRef<S>,
{
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Error> {
        Ok(Self {
            db: Db::from_ref(state),
            caller: Caller::from_headers(&parts.headers)?,
            once: parts.extensions.remove(),
            precondition: Precondition::of(&parts.headers),
        })
    }
}

// Its headers are described with all others: see openapi.rs.
impl OperationInput for Call {}

/// Work in a transaction, whatever it gives, as the answer that shows it: so what follows is compiled
/// once, and not for every handler anew.
type Work<'a> = dyn Fn(Transaction) -> Answering<'a> + Sync + 'a;
type Answering<'a> = Pin<Box<dyn Future<Output = Result<Answer, Error>> + Send + 'a>>;

fn showing<'a, T: Serialize, W>(
    work: &'a (impl Fn(Transaction) -> W + Sync),
    at: &'a (impl Fn(&T) -> Option<String> + Sync),
) -> impl Fn(Transaction) -> Answering<'a> + Sync
where
    W: Future<Output = Result<T, Error>> + Send + 'a,
{
    move |tx| {
        let work = work(tx);
        Box::pin(async move {
            let value = work.await?;
            Answer::show(&value, at(&value))
        })
    }
}

impl Call {
    /// Reads something.
    pub async fn read<T: Serialize, W>(
        self,
        work: impl Fn(Transaction) -> W + Sync,
    ) -> Result<Reply<T, 200>, Error>
    where
        W: Future<Output = Result<T, Error>> + Send,
    {
        let work = showing(&work, &|_| None);
        let work: &Work<'_> = &work;
        self.db
            .run(&self.caller, Isolation::Committed, work)
            .await
            .map(Reply::of)
    }

    /// Reads something by statements that are all sent before one is waited for: see [`Db::read`].
    pub async fn read_at_once<T: Serialize, W>(
        self,
        work: impl Fn(Transaction) -> W + Sync,
    ) -> Result<Reply<T, 200>, Error>
    where
        W: Future<Output = Result<T, Error>> + Send,
    {
        let work = showing(&work, &|_| None);
        let work: &Work<'_> = &work;
        self.db.read(&self.caller, work).await.map(Reply::of)
    }

    /// Reads something that is not answered as it is.
    pub async fn fetch<T, W>(self, work: impl Fn(Transaction) -> W) -> Result<T, Error>
    where
        W: Future<Output = Result<T, Error>>,
    {
        self.db.run(&self.caller, Isolation::Committed, work).await
    }

    /// Reads something for whoever evaluates: from the standby, if one is known and has it.
    pub async fn consult<T, W>(self, work: impl Fn(Transaction) -> W) -> Result<From<T>, Error>
    where
        W: Future<Output = Result<T, Error>>,
    {
        let (value, source) = self.db.consult(&self.caller, work).await?;
        Ok(From(value, source))
    }

    /// Makes something, which is then at the address that `at` gives.
    pub async fn create<T: Serialize, W>(
        self,
        at: impl Fn(&T) -> String + Sync,
        work: impl Fn(Transaction) -> W + Sync,
    ) -> Result<Reply<T, 201>, Error>
    where
        W: Future<Output = Result<T, Error>> + Send,
    {
        if self.precondition.is_some() {
            return Err(Error::no_precondition());
        }
        let at = |value: &T| Some(at(value));
        self.once(Isolation::Committed, &showing(&work, &at))
            .await
            .map(Reply::of)
    }

    /// Makes something of what is there, which `current` reads as its address shows it.
    pub async fn derive<C: Serialize, T: Serialize, R, W>(
        self,
        at: impl Fn(&T) -> String + Sync,
        current: impl Fn(Transaction) -> R + Sync,
        work: impl Fn(Transaction) -> W + Sync,
    ) -> Result<Reply<T, 201>, Error>
    where
        R: Future<Output = Result<C, Error>> + Send,
        W: Future<Output = Result<T, Error>> + Send,
    {
        let at = |value: &T| Some(at(value));
        self.conditionally(&showing(&current, &|_| None), &showing(&work, &at))
            .await
            .map(Reply::of)
    }

    /// Does something to what is there, which `current` reads as its address shows it.
    pub async fn act<C: Serialize, T: Serialize, R, W>(
        self,
        current: impl Fn(Transaction) -> R + Sync,
        work: impl Fn(Transaction) -> W + Sync,
    ) -> Result<Reply<T, 200>, Error>
    where
        R: Future<Output = Result<C, Error>> + Send,
        W: Future<Output = Result<T, Error>> + Send,
    {
        self.conditionally(&showing(&current, &|_| None), &showing(&work, &|_| None))
            .await
            .map(Reply::of)
    }

    /// As [`Call::act`], with nothing to show for it.
    pub async fn finish<C: Serialize, R, W>(
        self,
        current: impl Fn(Transaction) -> R + Sync,
        work: impl Fn(Transaction) -> W + Sync,
    ) -> Result<Done, Error>
    where
        R: Future<Output = Result<C, Error>> + Send,
        W: Future<Output = Result<(), Error>> + Send,
    {
        self.conditionally(&showing(&current, &|_| None), &showing(&work, &|()| None))
            .await
            .map(|_| Done)
    }

    async fn conditionally(&self, current: &Work<'_>, work: &Work<'_>) -> Result<Answer, Error> {
        let Some(precondition) = &self.precondition else {
            return self.once(Isolation::Committed, work).await;
        };
        // What was looked at cannot become another before it is changed: PostgreSQL refuses that
        // with 40001, the transaction begins anew, and sees it.
        self.once(Isolation::Repeatable, &|tx| {
            Box::pin(async move {
                precondition.check(&current(tx.clone()).await?)?;
                work(tx).await
            })
        })
        .await
    }

    async fn once(&self, isolation: Isolation, work: &Work<'_>) -> Result<Answer, Error> {
        let Some(once) = &self.once else {
            return self.db.run(&self.caller, isolation, work).await;
        };
        self.db
            .run(&self.caller, isolation, async |tx| {
                if let Some(answer) = once.begin(&tx).await? {
                    return Ok(answer);
                }
                let answer = work(tx.clone()).await?;
                once.end(&tx, &answer).await?;
                Ok(answer)
            })
            .await
    }
}

//! Giving a row to another owner or team: the same for every table that has such columns.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    call::Call,
    db::Transaction,
    error::Error,
    extract::{Body, Path},
    record::param,
    reply::Done,
    resource::{Resource, find},
};

/// Who is to look after a row.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Assignment {
    /// The employee or login who gets it; whose it is unless said, such as `rep@de.example`.
    owner: Option<String>,
    /// The team that gets it, by name, tenant/name or id; empty: none, such as `Vertrieb Süd`.
    team: Option<String>,
}

/// `POST` to `assign` below one. It may be out of the caller's sight afterwards, so nothing is shown.
pub async fn assign<R: Resource>(
    call: Call,
    Path(id): Path<R::Id>,
    Body(to): Body<Assignment>,
) -> Result<Done, Error> {
    give::<R, _, _>(call, &id, &to, async |tx| find::<R>(&tx, &id).await).await
}

/// The same for what shows more at its address than a row: `current` reads that.
pub async fn give<R: Resource, C: Serialize, W>(
    call: Call,
    id: &R::Id,
    to: &Assignment,
    current: impl Fn(Transaction) -> W + Sync,
) -> Result<Done, Error>
where
    W: Future<Output = Result<C, Error>> + Send,
{
    let (table, key) = (R::TABLE, id.to_string());
    let statement = format!("select mandant.assign('{table}', $1, $2, $3)");
    call.finish(current, async |tx| {
        let values = [param(&key), param(&to.owner), param(&to.team)];
        tx.execute(&statement, &values).await?;
        Ok(())
    })
    .await
}

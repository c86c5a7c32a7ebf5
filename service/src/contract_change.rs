//! What is done to a contract that is active: a line changes from a day on, it rests, it ends; when it
//! can end, and what became of it so far.

use aide::axum::{
    ApiRouter,
    routing::{get_with, post_with},
};
use chrono::{DateTime, NaiveDate, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::{
    amount::Amount,
    call::Call,
    contract::{Contract, NewContractLine, WholeContract, done},
    db::Db,
    error::Error,
    extract::{Body, Path, Query},
    function::invoke,
    nested::Nested,
    openapi::operation,
    record::{Columns, Record, arguments, param, record},
    reply::Json,
    resource::address,
};

arguments! {
    /// What of a line changes from a day on; what is absent stays.
    pub struct LineChange {
        /// Which line.
        position: i32,
        /// The first day of the change.
        valid_from: NaiveDate,
    } perhaps {
        /// How much of it; 0 ends the line.
        quantity: Amount,
        /// For one unit, before discount and tax.
        unit_price: Amount,
        /// Percent off.
        discount_percent: Amount,
        /// The last day, after which it is as before; for good unless said.
        valid_until: NaiveDate,
        /// Why, such as `index`.
        reason: String,
    }
}

arguments! {
    /// What a contract is about from a day on, too.
    pub struct AddedLine {
        /// The first day of the line.
        valid_from: NaiveDate,
        line: Nested<NewContractLine>,
    } perhaps {
        /// Why, such as `two more seats`.
        reason: String,
    }
}

arguments! {
    /// Which change is taken back.
    pub struct ChangeWithdrawal {
        /// Of which line.
        position: i32,
        /// The first day of the change.
        valid_from: NaiveDate,
    }
}

arguments! {
    /// When a contract rests.
    pub struct NewSuspension {
        first_day: NaiveDate,
        reason: String,
    } perhaps {
        /// The last; until it is resumed unless said.
        last_day: NaiveDate,
    }
}

arguments! {
    /// When a contract goes on.
    pub struct Resumption {
        /// The first day on which it no longer rests.
        resumes_on: NaiveDate,
    }
}

arguments! {
    /// How a contract ends.
    pub struct Termination {} perhaps {
        /// The day on which notice was received; today unless said.
        noticed_on: NaiveDate,
        /// The last day that is meant; the end of the term unless said.
        ends_on: NaiveDate,
        /// Why, such as `too dear`.
        reason: String,
        /// true: both agreed, and it ends on that day, whatever the term.
        agreed: bool,
    }
}

/// When notice is received.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Notice {
    /// The day; today unless said.
    noticed_on: Option<NaiveDate>,
}

record! {
    /// When a contract can end.
    pub struct End {
        /// Its last day, if notice is received that day.
        ends_on: Option<NaiveDate>,
        /// The last day for a notice to the end of the term.
        notice_by: Option<NaiveDate>,
        /// The end of the term that the day is in.
        term_ends_on: Option<NaiveDate>,
    }
}

record! {
    /// A change of a contract, one of its lines or suspensions.
    pub struct Event {
        /// When it was.
        at: DateTime<Utc>,
        /// Who did it, such as `sales@de.example`.
        principal: Option<String>,
        /// What was done, such as `update contract`.
        what: String,
        /// The row, by its key, such as `019a0f6e-5c3b-7d1e-9f00-3a5b7c9d1e2f,1,2026-09-30`.
        key: String,
        /// The changed columns before.
        old: Option<Value>,
        /// The changed columns after.
        new: Option<Value>,
    }
}

/// What became of a contract.
#[derive(Serialize, JsonSchema)]
pub struct History {
    /// The oldest first.
    items: Vec<Event>,
}

/// Addresses.
pub fn routes() -> ApiRouter<Db> {
    let one = |below| address::<Contract>(below);
    ApiRouter::new()
        .api_route(
            &one("/change-line"),
            post_with(change_line, operation("Change a line from a day on")),
        )
        .api_route(
            &one("/add-line"),
            post_with(add_line, operation("Add a line from a day on")),
        )
        .api_route(
            &one("/withdraw-change"),
            post_with(withdraw_change, operation("Take a change of a line back")),
        )
        .api_route(
            &one("/suspend"),
            post_with(suspend, operation("Have a contract rest")),
        )
        .api_route(
            &one("/resume"),
            post_with(resume, operation("Have a contract go on")),
        )
        .api_route(
            &one("/terminate"),
            post_with(terminate, operation("End a contract")),
        )
        .api_route(
            &one("/withdraw-termination"),
            post_with(
                withdraw_termination,
                operation("Take the end of a contract back"),
            ),
        )
        .api_route(
            &one("/end"),
            get_with(end, operation("Read when a contract can end")),
        )
        .api_route(
            &one("/history"),
            get_with(history, operation("List what became of a contract")),
        )
}

async fn does(
    call: Call,
    id: Uuid,
    function: &str,
    body: &impl Columns,
) -> Result<Json<WholeContract>, Error> {
    let (function, values) = invoke(function, &[("contract_id", param(&id))], body);
    done(call, id, &function, &values).await
}

async fn change_line(
    call: Call,
    Path(id): Path<Uuid>,
    Body(to): Body<LineChange>,
) -> Result<Json<WholeContract>, Error> {
    does(call, id, "crm.change_contract_line", &to).await
}

async fn add_line(
    call: Call,
    Path(id): Path<Uuid>,
    Body(new): Body<AddedLine>,
) -> Result<Json<WholeContract>, Error> {
    does(call, id, "crm.add_contract_line", &new).await
}

async fn withdraw_change(
    call: Call,
    Path(id): Path<Uuid>,
    Body(which): Body<ChangeWithdrawal>,
) -> Result<Json<WholeContract>, Error> {
    does(call, id, "crm.withdraw_contract_change", &which).await
}

async fn suspend(
    call: Call,
    Path(id): Path<Uuid>,
    Body(new): Body<NewSuspension>,
) -> Result<Json<WholeContract>, Error> {
    does(call, id, "crm.suspend_contract", &new).await
}

async fn resume(
    call: Call,
    Path(id): Path<Uuid>,
    Body(when): Body<Resumption>,
) -> Result<Json<WholeContract>, Error> {
    does(call, id, "crm.resume_contract", &when).await
}

async fn terminate(
    call: Call,
    Path(id): Path<Uuid>,
    Body(how): Body<Termination>,
) -> Result<Json<WholeContract>, Error> {
    does(call, id, "crm.terminate_contract", &how).await
}

async fn withdraw_termination(
    call: Call,
    Path(id): Path<Uuid>,
) -> Result<Json<WholeContract>, Error> {
    done(call, id, "crm.withdraw_termination($1)", &[param(&id)]).await
}

async fn end(
    call: Call,
    Path(id): Path<Uuid>,
    Query(notice): Query<Notice>,
) -> Result<Json<End>, Error> {
    let statement = format!("select {} from crm.contract_end($1, $2)", End::select());
    call.read(async |tx| {
        let values = [param(&id), param(&notice.noticed_on)];
        tx.row(&statement, &values).await
    })
    .await
}

async fn history(call: Call, Path(id): Path<Uuid>) -> Result<Json<History>, Error> {
    let statement = format!("select {} from crm.contract_history($1)", Event::select());
    call.read(async |tx| {
        let items = tx.rows(&statement, &[param(&id)]).await?;
        Ok(History { items })
    })
    .await
}

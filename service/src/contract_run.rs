//! The run that bills contracts: which are due on a day, and the invoices of them. What is refused is
//! a row of the answer; of many thousand `mandant run-contracts` makes short transactions.

use aide::axum::{
    ApiRouter,
    routing::{get_with, post_with},
};
use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    amount::Amount,
    call::Call,
    db::Db,
    error::Error,
    extract::{Body, Query},
    function::invoke,
    list::{self, Cursor, Filter, Limit, Page},
    openapi::operation,
    record::{Param, Record, arguments, param, record},
    reply::Json,
};

record! {
    /// A contract that is due, with its next period.
    pub struct DueContract {
        /// The tenant, such as `de`.
        tenant: String,
        /// The contract.
        contract_id: Uuid,
        /// Its number, such as `CT-2026-00001`.
        number: String,
        /// The customer.
        customer_id: Uuid,
        /// The first day to be billed.
        first_day: NaiveDate,
        /// The last one.
        last_day: NaiveDate,
    }
}

/// Which contracts to list: those that are due on a day.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DueFilter {
    /// The day; today in each tenant unless said.
    as_of: Option<NaiveDate>,
    /// Of which customer.
    customer_id: Option<Uuid>,
    /// Rows per page.
    #[serde(default)]
    limit: Limit,
    /// The next_cursor of the page before.
    cursor: Option<Cursor>,
}

impl Filter for DueFilter {
    const SORT: &'static [&'static str] = &[];

    // the day is the function's affair
    fn conditions(&self) -> Vec<(&'static str, Param<'_>)> {
        let of = |customer| ("customer_id = {}", param(customer));
        self.customer_id.iter().map(of).collect()
    }

    fn limit(&self) -> Limit {
        self.limit
    }

    fn cursor(&self) -> Option<&Cursor> {
        self.cursor.as_ref()
    }

    fn sort(&self) -> Option<&str> {
        None
    }
}

arguments! {
    /// What to bill.
    pub struct Run {} perhaps {
        /// The date of the invoices; today in each tenant unless said.
        as_of: NaiveDate,
        /// These alone; all that are due unless said.
        contracts: Vec<Uuid>,
    }
}

record! {
    /// What came of a period of a contract.
    pub struct Billed {
        /// The tenant, such as `de`.
        tenant: String,
        /// The contract.
        contract_id: Uuid,
        /// Its number, such as `CT-2026-00001`.
        contract: String,
        /// The period's first day.
        first_day: NaiveDate,
        /// Its last day.
        last_day: NaiveDate,
        /// The invoice; null: there was nothing to bill, or it was refused.
        document_id: Option<Uuid>,
        /// Its number, such as `RE-2026-00026`.
        invoice: Option<String>,
        /// With tax.
        gross: Option<Amount>,
        /// Three letters (ISO 4217), such as `EUR`.
        currency: Option<String>,
        /// What it was refused with, such as `22023`.
        sqlstate: Option<String>,
        /// Why, such as `customer "Huber" is blocked`.
        message: Option<String>,
        /// What to do, such as `set the customer's state to active first`.
        hint: Option<String>,
    }
}

/// What a run made.
#[derive(Serialize, JsonSchema)]
pub struct Ran {
    /// Each period, by contract; what was refused stopped nothing else.
    items: Vec<Billed>,
}

/// Addresses.
pub fn routes() -> ApiRouter<Db> {
    ApiRouter::new()
        .api_route(
            "/v1/due-contracts",
            get_with(due, operation("List contracts to be billed")),
        )
        .api_route(
            "/v1/run-contracts",
            post_with(run, operation("Bill contracts")),
        )
}

async fn due(
    call: Call,
    Query(filter): Query<DueFilter>,
) -> Result<Json<Page<DueContract>>, Error> {
    let source = "(select d.*, t.code as tenant from crm.due_contracts($1) d
        join mandant.tenant t on t.id = d.tenant_id) r";
    let id = "tenant_id,contract_id";
    call.read(async |tx| {
        let within = [param(&filter.as_of)];
        list::page_of(&tx, source, id, &within, &filter).await
    })
    .await
}

async fn run(call: Call, Body(what): Body<Run>) -> Result<Json<Ran>, Error> {
    let (function, values) = invoke("crm.run_contracts", &[], &what);
    let statement = format!("select {} from {function}", Billed::select());
    call.act(
        async |_| Ok(()),
        async |tx| {
            let items = tx.rows(&statement, &values).await?;
            Ok(Ran { items })
        },
    )
    .await
}

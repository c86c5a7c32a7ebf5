//! Contracts: what a customer gets and pays for until somebody gives notice. A draft is written as a
//! document is; what is active changes from a day on, by what is done to it (contract_change.rs), and
//! is billed (contract_run.rs). Long because every member says what it is, as in document.rs.

use aide::axum::{
    ApiRouter,
    routing::{get_with, post_with},
};
use chrono::{DateTime, NaiveDate, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::try_join;
use uuid::Uuid;

use crate::{
    amount::Amount,
    assign::{Assignment, give},
    call::Call,
    db::{Db, Transaction},
    error::Error,
    extract::{Body, Path},
    function::{apply, invoke},
    list::filter,
    nested::Nested,
    openapi::operation,
    record::{Columns, Param, Record, arguments, choice, columns, param, record, update},
    reply::{Created, Done, Json},
    resource::{self, Changed, Resource, Table, address, refuse},
};

record! {
    /// A contract without its lines.
    pub struct Contract {
        /// What it is known by.
        id: Uuid,
        /// The customer's tenant, such as `de`.
        tenant: String,
        /// Its number; a draft has none, such as `CT-2026-00001`.
        number: Option<String>,
        /// The customer.
        customer_id: Uuid,
        /// The employee who looks after it.
        owner_id: Option<Uuid>,
        /// The team that it belongs to.
        team_id: Option<Uuid>,
        /// What it is about, such as `Support for plant 2`.
        title: String,
        /// What the customer calls it, such as `PO 4107`.
        reference: Option<String>,
        /// Three letters (ISO 4217), such as `EUR`.
        currency: String,
        /// Its first day.
        starts_on: NaiveDate,
        /// Months in which it cannot end.
        minimum_months: i32,
        /// Months by which it goes on; 0: not at all; null: it ends any day.
        renewal_months: Option<i32>,
        /// Months from notice to end.
        notice_months: i32,
        /// And days.
        notice_days: i32,
        /// Months that one invoice is for.
        billing_months: i32,
        /// A day on which such a period begins.
        billing_anchor: NaiveDate,
        /// Whether a period is billed at its beginning or its end, such as `advance`.
        billed: String,
        /// Months that the prices of its lines are for.
        price_months: i32,
        /// Since when it holds; null: a draft.
        activated_at: Option<DateTime<Utc>>,
        /// When notice was received.
        noticed_on: Option<NaiveDate>,
        /// Its last day; null: not known.
        ends_on: Option<NaiveDate>,
        /// Why it ends, such as `moved`.
        end_reason: Option<String>,
        /// When it was made.
        created_at: DateTime<Utc>,
        /// Who made it.
        created_by: Option<Uuid>,
        /// When it was last changed.
        updated_at: DateTime<Utc>,
    }
}

record! {
    /// A line, from a day on.
    pub struct ContractLine {
        /// Which line, from 1.
        position: i32,
        /// Its first day; it holds until the next one of its position begins.
        valid_from: NaiveDate,
        /// The product.
        product_id: Option<Uuid>,
        /// What invoices say; null: the product's name, such as `Support`.
        description: Option<String>,
        /// How much of it; 0: nothing any more.
        quantity: Amount,
        /// Of what it is so much, such as `month`.
        unit: Option<String>,
        /// For one unit, before discount and tax.
        unit_price: Amount,
        /// Percent off; null: the customer's.
        discount_percent: Option<Amount>,
        /// The tax code, such as `standard`.
        tax_code: Option<String>,
        /// Percent of tax, where no code says it.
        tax_rate: Option<Amount>,
        /// Why it changed, such as `index`.
        reason: Option<String>,
    }
}

record! {
    /// Days on which a contract rests and is not billed.
    pub struct Suspension {
        /// The first.
        first_day: NaiveDate,
        /// The last; null: until it is resumed.
        last_day: Option<NaiveDate>,
        /// Why, such as `site is moving`.
        reason: String,
    }
}

record! {
    /// A period that was billed.
    pub struct Period {
        /// Its first day.
        first_day: NaiveDate,
        /// Its last day.
        last_day: NaiveDate,
        /// The invoice; null: there was nothing to bill.
        document_id: Option<Uuid>,
        /// When it was billed.
        billed_at: DateTime<Utc>,
    }
}

record! {
    /// Why a period could not be billed.
    pub struct Failure {
        /// The period's first day.
        first_day: NaiveDate,
        /// When it was tried last.
        failed_at: DateTime<Utc>,
        /// What it was refused with, such as `22023`.
        sqlstate: String,
        /// Why, such as `customer "Huber" is blocked`.
        message: String,
        /// What to do, such as `set the customer's state to active first`.
        hint: Option<String>,
    }
}

/// A contract with all that belongs to it.
#[derive(Serialize, JsonSchema)]
pub struct WholeContract {
    #[serde(flatten)]
    contract: Contract,
    /// By position, then by their first day.
    lines: Vec<ContractLine>,
    /// In their order.
    suspensions: Vec<Suspension>,
    /// What is billed, in its order.
    periods: Vec<Period>,
    /// What could not be billed so far.
    failures: Vec<Failure>,
}

/// A line as a client writes it; what it leaves out comes from the product.
#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewContractLine {
    /// The product, by its id.
    #[serde(skip_serializing_if = "Option::is_none")]
    product_id: Option<Uuid>,
    /// The product, by its code, such as `support`.
    #[serde(skip_serializing_if = "Option::is_none")]
    product: Option<String>,
    /// What invoices say, such as `Support`.
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    /// How much of it.
    quantity: Amount,
    /// Of what it is so much, such as `month`.
    #[serde(skip_serializing_if = "Option::is_none")]
    unit: Option<String>,
    /// For one unit, before discount and tax.
    #[serde(skip_serializing_if = "Option::is_none")]
    unit_price: Option<Amount>,
    /// Percent off; the customer's unless said.
    #[serde(skip_serializing_if = "Option::is_none")]
    discount_percent: Option<Amount>,
    /// Percent of tax, where no code says it.
    #[serde(skip_serializing_if = "Option::is_none")]
    tax_rate: Option<Amount>,
    /// The tax code, such as `standard`.
    #[serde(skip_serializing_if = "Option::is_none")]
    tax_code: Option<String>,
}

arguments! {
    /// The draft of a contract to be made.
    pub struct NewContract {
        /// The customer; their tenant is the contract's.
        customer_id: Uuid,
        title: String,
        starts_on: NaiveDate,
    } perhaps {
        /// In their order.
        lines: Nested<Vec<NewContractLine>>,
        /// Months in which it cannot end; 0 unless said.
        minimum_months: i32,
        renewal_months: i32,
        /// Months from notice to end; 0 unless said.
        notice_months: i32,
        /// And days; 0 unless said.
        notice_days: i32,
        /// Months that one invoice is for; 1 unless said.
        billing_months: i32,
        /// A day on which such a period begins; the first day unless said.
        billing_anchor: NaiveDate,
        /// Whether a period is billed at its beginning or its end; at its beginning unless said.
        billed: Billing,
        /// Months that the prices of its lines are for; 1 unless said.
        price_months: i32,
        reference: String,
        /// Three letters; the customer's, or the tenant's, unless said, such as `EUR`.
        currency: String,
        /// The employee who looks after it; the caller unless said.
        owner_id: Uuid,
    }
}

columns! {
    /// What may be said about a contract: title, reference, owner and team at any time, all else as
    /// long as it is a draft.
    pub struct ContractChange {
        title: String,
        reference: String,
        owner_id: Uuid,
        team_id: Uuid,
        /// All lines anew.
        lines: Nested<Vec<NewContractLine>>,
        starts_on: NaiveDate,
        minimum_months: i32,
        renewal_months: i32,
        notice_months: i32,
        notice_days: i32,
        billing_months: i32,
        billing_anchor: NaiveDate,
        billed: Billing,
        price_months: i32,
    }
}

/// What of it can be said of an active contract, too: columns that are the user's to update.
const ALWAYS: [&str; 4] = ["title", "reference", "owner_id", "team_id"];

choice! {
    /// When a period is billed.
    pub enum Billing {
        /// On its first day.
        Advance = "advance",
        /// On its last day.
        Arrears = "arrears",
    }
}

filter! {
    /// Which contracts to list; `ending` is their last day, none being the last.
    pub struct ContractFilter sorted by [
        title, currency, starts_on, ending, created_at, updated_at
    ] {
        /// Of which customer.
        customer_id: Uuid,
        /// The one of this number, such as `CT-2026-00001`.
        number: String,
        /// Part of the title, in capitals or not, such as `support`.
        title: String = "strpos(lower(title), lower({})) > 0",
        /// What the customer calls it, such as `PO 4107`.
        reference: String,
        /// Of this currency, such as `EUR`.
        currency: String,
        /// The employee who looks after them.
        owner_id: Uuid,
        /// The team that they belong to.
        team_id: Uuid,
        /// Whether they were activated, and are no drafts.
        active: bool = "(activated_at is not null) = {}",
        /// Whether notice was given, or an end agreed.
        noticed: bool = "(noticed_on is not null) = {}",
        /// With this day among their days, drafts too.
        on_date: NaiveDate = "daterange(starts_on, ends_on, '[]') @> {}",
        /// That start on this day or later.
        starts_from: NaiveDate = "starts_on >= {}",
        /// That start on this day or earlier.
        starts_to: NaiveDate = "starts_on <= {}",
        /// That end on this day or later, as far as that is known.
        ends_from: NaiveDate = "ends_on >= {}",
        /// That end on this day or earlier.
        ends_to: NaiveDate = "ends_on <= {}",
    }
}

impl Resource for Contract {
    const NAME: &'static str = "contract";
    const PLURAL: &'static str = "contracts";
    const PATH: &'static str = "/v1/contracts";
    const TABLE: &'static str = "crm.contract";
    type Id = Uuid;
    type Filter = ContractFilter;

    fn id(&self) -> String {
        self.id.to_string()
    }

    fn source(rows: &str) -> String {
        format!(
            "(select r.*, t.code as tenant, coalesce(r.ends_on, 'infinity') as ending
            from {rows} r join mandant.tenant t on t.id = r.tenant_id) r"
        )
    }
}

impl Table for Contract {
    const OBJECT: &'static str = "contract";
    const REQUIRED: &'static [&'static str] = &[];
    type Change = ContractChange;
}

impl WholeContract {
    /// Reads one, as its address shows it.
    pub async fn find(tx: &Transaction, id: Uuid) -> Result<Self, Error> {
        let parts = |table: &str, columns: String, order: &str| {
            format!("select {columns} from crm.{table} where contract_id = $1 order by {order}")
        };
        let line_order = "position, valid_from";
        let lines = parts("contract_line", ContractLine::select(), line_order);
        let suspensions = parts("contract_suspension", Suspension::select(), "first_day");
        let periods = parts("contract_period", Period::select(), "first_day");
        let failures = format!(
            "select {} from crm.contract_failure f where contract_id = $1 and not exists (
                select from crm.contract_period p
                where p.contract_id = f.contract_id and p.first_day = f.first_day
            ) order by first_day",
            Failure::select()
        );
        let of = [param(&id)];
        let (contract, lines, suspensions, periods, failures) = try_join!(
            biased;
            resource::find(tx, &id),
            tx.rows(&lines, &of),
            tx.rows(&suspensions, &of),
            tx.rows(&periods, &of),
            tx.rows(&failures, &of),
        )?;
        Ok(Self {
            contract,
            lines,
            suspensions,
            periods,
            failures,
        })
    }

    fn address(&self) -> String {
        format!("{}/{}", Contract::PATH, self.contract.id)
    }
}

/// Addresses.
pub fn routes() -> ApiRouter<Db> {
    let one = |below| address::<Contract>(below);
    ApiRouter::new()
        .api_route(
            Contract::PATH,
            get_with(resource::list::<Contract>, operation("List contracts"))
                .post_with(create, operation("Create the draft of a contract")),
        )
        .api_route(
            &one(""),
            get_with(read, operation("Read one contract"))
                .patch_with(change, operation("Change one contract"))
                .delete_with(delete, operation("Delete the draft of a contract")),
        )
        .api_route(
            &one("/activate"),
            post_with(activate, operation("Make a contract hold")),
        )
        .api_route(
            &one("/assign"),
            post_with(assign, operation("Give a contract to another")),
        )
}

record! {
    /// What is known of a contract that was written.
    pub struct Written {
        /// Its id.
        id: Uuid,
    }
}

async fn create(call: Call, Body(new): Body<NewContract>) -> Result<Created<WholeContract>, Error> {
    let (function, values) = invoke("crm.create_contract", &[], &new);
    let statement = format!("select ({function}).id");
    call.create(WholeContract::address, async |tx| {
        let Written { id } = tx.row(&statement, &values).await?;
        WholeContract::find(&tx, id).await
    })
    .await
}

async fn read(call: Call, Path(id): Path<Uuid>) -> Result<Json<WholeContract>, Error> {
    call.read_at_once(async |tx| WholeContract::find(&tx, id).await)
        .await
}

async fn change(
    call: Call,
    Path(id): Path<Uuid>,
    Body(Changed(change)): Body<Changed<Contract>>,
) -> Result<Json<WholeContract>, Error> {
    let (columns, mut terms): (Vec<_>, Vec<_>) = change
        .given()
        .into_iter()
        .partition(|(name, _)| ALWAYS.contains(name));
    // the function takes null for: as it was
    for name in change.nulls() {
        match name {
            "renewal_months" => terms.push(("without_term", param(&true))),
            _ if ALWAYS.contains(&name) => (),
            _ => return Err(Error::bad_member(name, "null: a value is wanted")),
        }
    }
    let as_terms = (!terms.is_empty()).then(|| {
        terms.push(("id", param(&id)));
        apply("crm.change_contract", terms)
    });
    let as_columns = (!columns.is_empty()).then(|| {
        let (names, mut values): (Vec<_>, Vec<_>) = columns.into_iter().unzip();
        values.push(param(&id));
        (update(Contract::TABLE, &names, "id"), values)
    });
    call.act(
        async |tx| WholeContract::find(&tx, id).await,
        async |tx| {
            if let Some((function, values)) = &as_terms {
                tx.execute(&format!("select from {function}"), values)
                    .await?;
            }
            if let Some((statement, values)) = &as_columns
                && tx.find::<Written>(statement, values).await?.is_none()
            {
                return Err(refuse::<Contract>(&tx, "update", &id).await);
            }
            WholeContract::find(&tx, id).await
        },
    )
    .await
}

async fn delete(call: Call, Path(id): Path<Uuid>) -> Result<Done, Error> {
    call.finish(
        async |tx| WholeContract::find(&tx, id).await,
        async |tx| {
            let delete = "delete from crm.contract where id = $1";
            match tx.execute(delete, &[param(&id)]).await? {
                0 => Err(refuse::<Contract>(&tx, "delete", &id).await),
                _ => Ok(()),
            }
        },
    )
    .await
}

async fn activate(call: Call, Path(id): Path<Uuid>) -> Result<Json<WholeContract>, Error> {
    done(call, id, "crm.activate_contract($1)", &[param(&id)]).await
}

async fn assign(
    call: Call,
    Path(id): Path<Uuid>,
    Body(to): Body<Assignment>,
) -> Result<Done, Error> {
    let current = async |tx| WholeContract::find(&tx, id).await;
    give::<Contract, _, _>(call, &id, &to, current).await
}

/// Calls a function that does something to a contract, and shows what became of that.
pub async fn done(
    call: Call,
    id: Uuid,
    function: &str,
    values: &[Param<'_>],
) -> Result<Json<WholeContract>, Error> {
    let statement = format!("select from {function}");
    call.act(
        async |tx| WholeContract::find(&tx, id).await,
        async |tx| {
            tx.execute(&statement, values).await?;
            WholeContract::find(&tx, id).await
        },
    )
    .await
}

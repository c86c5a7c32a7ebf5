//! Reminders of what is overdue: those that were sent, which would be due, and the run that makes
//! them. One that is refused is a row of the run's answer.

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
    call::Call,
    db::{Db, Transaction},
    error::Error,
    extract::{Body, Path, Query},
    function::invoke,
    list::{self, Cursor, Filter, Limit, Page, filter},
    nested::Nested,
    openapi::operation,
    record::{Param, Record, arguments, param, record},
    reply::{Json, Printed},
    resource::{self, Resource, address},
};

record! {
    /// A reminder without its invoices.
    pub struct Reminder {
        /// What it is known by.
        id: Uuid,
        /// The tenant, such as `de`.
        tenant: String,
        /// Its number, such as `MA-2026-00003`.
        number: Option<String>,
        /// Who is reminded.
        customer_id: Uuid,
        /// Who looks after that customer.
        owner_id: Option<Uuid>,
        /// The team of the owner.
        team_id: Option<Uuid>,
        /// Its day.
        reminder_date: NaiveDate,
        /// The highest of its invoices, such as `2`.
        level: i32,
        /// Three letters (ISO 4217), such as `EUR`.
        currency: String,
        /// What is open of its invoices.
        amount: Amount,
        /// What the customer is owed.
        credit: Amount,
        /// What it costs the customer.
        fee: Amount,
        /// What is asked for.
        total: Amount,
        /// Until when it is asked for.
        pay_until: NaiveDate,
        /// When it was made.
        issued_at: Option<DateTime<Utc>>,
        /// When it was withdrawn.
        withdrawn_at: Option<DateTime<Utc>>,
        /// Why, such as `paid in time`.
        withdrawn_reason: Option<String>,
    }
}

record! {
    /// An invoice that is reminded of, as it was that day.
    pub struct ReminderItem {
        /// Its place in the letter, from 1.
        position: i32,
        /// The invoice.
        document_id: Uuid,
        /// Its number, such as `RE-2026-00026`.
        number: String,
        /// Its day.
        document_date: NaiveDate,
        /// When it was to be paid.
        due_date: NaiveDate,
        /// Of the invoice, as it is printed.
        gross: Amount,
        /// What of it was open.
        open_amount: Amount,
        /// How often it was reminded of with this, such as `1`.
        level: i32,
        /// Days since it was due.
        days_overdue: i32,
    }
}

/// A reminder with all that belongs to it.
#[derive(Serialize, JsonSchema)]
pub struct WholeReminder {
    #[serde(flatten)]
    reminder: Reminder,
    /// In the order of the letter.
    items: Vec<ReminderItem>,
}

filter! {
    /// Which reminders to list.
    pub struct ReminderFilter sorted by [reminder_date, number, level, total, currency] {
        /// Of which customer.
        customer_id: Uuid,
        /// Whose customers.
        owner_id: Uuid,
        /// The team of the owner.
        team_id: Uuid,
        /// Its number, such as `MA-2026-00003`.
        number: String,
        /// Of this level, such as `2`.
        level: i32,
        /// Of this currency, such as `EUR`.
        currency: String,
        /// Whether they were withdrawn.
        withdrawn: bool,
        /// Of an invoice.
        document_id: Uuid = "id in (select i.reminder_id from crm.reminder_item i where i.document_id = {})",
        /// Of this day or later.
        from: NaiveDate = "reminder_date >= {}",
        /// Of this day or earlier.
        to: NaiveDate = "reminder_date <= {}",
    }
}

impl Resource for Reminder {
    const NAME: &'static str = "reminder";
    const PLURAL: &'static str = "reminders";
    const PATH: &'static str = "/v1/reminders";
    const TABLE: &'static str = "crm.reminder";
    type Id = Uuid;
    type Filter = ReminderFilter;

    fn id(&self) -> String {
        self.id.to_string()
    }

    fn source(rows: &str) -> String {
        format!(
            "(select r.*, t.code as tenant, r.withdrawn_at is not null as withdrawn
            from {rows} r join mandant.tenant t on t.id = r.tenant_id) r"
        )
    }
}

/// An invoice to be reminded of.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct DueItem {
    /// The invoice.
    document_id: Uuid,
    /// Its number, such as `RE-2026-00026`.
    number: String,
    /// When it was to be paid.
    due_date: NaiveDate,
    /// What of it is open.
    open_amount: Amount,
    /// How often it is reminded of with this, such as `1`.
    level: i32,
    /// Days since it was due.
    days_overdue: i32,
}

record! {
    /// A reminder that is due: of one customer, in one currency.
    pub struct DueReminder {
        /// The tenant, such as `de`.
        tenant: String,
        /// Who is to be reminded.
        customer_id: Uuid,
        /// Their name, such as `Huber GmbH`; null: not to be seen.
        customer: Option<String>,
        /// Three letters (ISO 4217), such as `EUR`.
        currency: String,
        /// The highest of its invoices, such as `2`.
        level: i32,
        /// The most of its invoices, in days.
        days_overdue: i32,
        /// What is open of its invoices.
        amount: Amount,
        /// What the customer is owed.
        credit: Amount,
        /// What it costs the customer; null: there is no exchange rate for it.
        fee: Option<Amount>,
        /// What is asked for; null as the fee.
        total: Option<Amount>,
        /// The invoices, by due date.
        items: Nested<Vec<DueItem>>,
    }
}

/// Which reminders to list: those that are due on a day.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DueReminderFilter {
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

impl Filter for DueReminderFilter {
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
    /// What to remind of.
    pub struct RemindersRun {} perhaps {
        /// Their date; today in each tenant unless said.
        as_of: NaiveDate,
        /// Of which tenant alone; of all that are selected unless said, such as `de`.
        tenant: String,
    }
}

record! {
    /// What came of a customer and currency.
    pub struct Reminded {
        /// The tenant, such as `de`.
        tenant: String,
        /// The reminder; null: it was refused.
        reminder_id: Option<Uuid>,
        /// Its number, such as `MA-2026-00003`.
        number: Option<String>,
        /// Who is reminded.
        customer_id: Uuid,
        /// Their name, such as `Huber GmbH`.
        customer: Option<String>,
        /// The highest of its invoices, such as `2`.
        level: i32,
        /// Three letters (ISO 4217), such as `EUR`.
        currency: String,
        /// What is open of its invoices.
        amount: Amount,
        /// What the customer is owed.
        credit: Amount,
        /// What it costs the customer.
        fee: Option<Amount>,
        /// What is asked for.
        total: Option<Amount>,
        /// What it was refused with, such as `22023`.
        sqlstate: Option<String>,
        /// Why, such as `no exchange rate of KWD on 2026-10-01 for the fee, which is in EUR`.
        message: Option<String>,
        /// What to do, such as `load it with crm.load_exchange_rates`.
        hint: Option<String>,
    }
}

/// What a run made.
#[derive(Serialize, JsonSchema)]
pub struct AllReminded {
    /// Each customer and currency; what was refused stopped nothing else.
    items: Vec<Reminded>,
}

arguments! {
    /// Why a reminder counts no longer.
    pub struct Withdrawal {
        /// Why, such as `paid in time`.
        reason: String,
    }
}

/// Addresses.
pub fn routes() -> ApiRouter<Db> {
    let one = |below| address::<Reminder>(below);
    ApiRouter::new()
        .api_route(
            Reminder::PATH,
            get_with(resource::list::<Reminder>, operation("List reminders")),
        )
        .api_route(&one(""), get_with(read, operation("Read one reminder")))
        .api_route(&one("/page"), get_with(page, operation("Print a reminder")))
        .api_route(
            &one("/withdraw"),
            post_with(withdraw, operation("Withdraw a reminder")),
        )
        .api_route(
            "/v1/due-reminders",
            get_with(due, operation("List reminders that are due")),
        )
        .api_route(
            "/v1/run-reminders",
            post_with(run, operation("Make reminders")),
        )
}

async fn find(tx: &Transaction, id: Uuid) -> Result<WholeReminder, Error> {
    let items = format!(
        "select {} from crm.reminder_item where reminder_id = $1 order by position",
        ReminderItem::select()
    );
    let of = [param(&id)];
    let (reminder, items) = try_join!(biased; resource::find(tx, &id), tx.rows(&items, &of))?;
    Ok(WholeReminder { reminder, items })
}

async fn read(call: Call, Path(id): Path<Uuid>) -> Result<Json<WholeReminder>, Error> {
    call.read_at_once(async |tx| find(&tx, id).await).await
}

record! {
    /// A reminder as a page.
    pub struct LetterPage {
        /// HTML.
        html: Option<String>,
    }
}

async fn page(call: Call, Path(id): Path<Uuid>) -> Result<Printed, Error> {
    let statement = "select crm.render_reminder($1) as html";
    let LetterPage { html } = call
        .fetch(async |tx| tx.row(statement, &[param(&id)]).await)
        .await?;
    html.map(Printed)
        .ok_or_else(|| Error::no_such(Reminder::NAME, id))
}

async fn withdraw(
    call: Call,
    Path(id): Path<Uuid>,
    Body(why): Body<Withdrawal>,
) -> Result<Json<WholeReminder>, Error> {
    let (function, values) = invoke("crm.withdraw_reminder", &[("id", param(&id))], &why);
    let statement = format!("select from {function}");
    call.act(
        async |tx| find(&tx, id).await,
        async |tx| {
            tx.execute(&statement, &values).await?;
            find(&tx, id).await
        },
    )
    .await
}

async fn due(
    call: Call,
    Query(filter): Query<DueReminderFilter>,
) -> Result<Json<Page<DueReminder>>, Error> {
    let source = "(select d.* from crm.due_reminders($1) d) r";
    let id = "tenant_id,customer_id,currency";
    call.read(async |tx| {
        let within = [param(&filter.as_of)];
        list::page_of(&tx, source, id, &within, &filter).await
    })
    .await
}

async fn run(call: Call, Body(what): Body<RemindersRun>) -> Result<Json<AllReminded>, Error> {
    let (function, values) = invoke("crm.run_reminders", &[], &what);
    let statement = format!(
        "select {} from (select r.*, r.tenant_code as tenant from {function} r) r",
        Reminded::select()
    );
    call.act(
        async |_| Ok(()),
        async |tx| {
            let items = tx.rows(&statement, &values).await?;
            Ok(AllReminded { items })
        },
    )
    .await
}

//! Payments, what they settle, and what is open. A payment is a document; what it pays is in rows of
//! its own, one for each side.

use aide::axum::{
    ApiRouter,
    routing::{get_with, post_with},
};
use chrono::{DateTime, NaiveDate, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    amount::Amount,
    call::Call,
    db::Db,
    document::{Document, made_by},
    error::Error,
    extract::{Body, Path},
    list::filter,
    openapi::operation,
    record::{Record, param, record},
    reply::{Created, json_value},
    resource::{self, Resource, address, readable},
};

/// What a customer paid.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPayment {
    /// Who paid.
    customer_id: Uuid,
    /// How much; below 0 it was paid out to the customer.
    amount: Amount,
    /// On which day; today in the tenant unless said.
    paid_on: Option<NaiveDate>,
    /// Three letters; the customer's, or the tenant's, unless said, such as `EUR`.
    currency: Option<String>,
    /// What the bank says, such as `RE-2026-00026 Huber`.
    reference: Option<String>,
    /// What it pays; unless said what it pays exactly, else what is due first; none: nothing yet.
    allocations: Option<Vec<Allocation>>,
    /// Units of the tenant's currency for one of the payment's; the day's unless said.
    exchange_rate: Option<Amount>,
}

/// A document that a payment pays.
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Allocation {
    /// The document, by its id.
    #[serde(skip_serializing_if = "Option::is_none")]
    document_id: Option<Uuid>,
    /// The document, by its number, such as `RE-2026-00026`.
    #[serde(skip_serializing_if = "Option::is_none")]
    number: Option<String>,
    /// How much of it; as much as both have open unless said.
    #[serde(skip_serializing_if = "Option::is_none")]
    amount: Option<Amount>,
    /// The discount for early payment; what the terms give unless said.
    #[serde(skip_serializing_if = "Option::is_none")]
    discount: Option<Amount>,
}

/// What is to be set off against what.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewSettlement {
    /// The payment or credit note, of which something is left.
    credit_id: Uuid,
    /// The invoice, of which something is open.
    debit_id: Uuid,
    /// How much; as much as both have open unless said.
    amount: Option<Amount>,
    /// The discount for early payment; what the terms give unless said.
    discount: Option<Amount>,
}

/// Why something is taken back.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Reason {
    /// Why, such as `wrong invoice`.
    reason: String,
}

record! {
    /// What one document had taken off its open amount, and by which.
    pub struct Settlement {
        /// What it is known by.
        id: Uuid,
        /// The tenant, such as `de`.
        tenant: String,
        /// The document.
        document_id: Uuid,
        /// What that is, such as `invoice`.
        kind: String,
        /// One for the rows that were made together.
        pair_id: Uuid,
        /// The other document: the payment of an invoice, the invoice of a payment.
        by_id: Uuid,
        /// `allocation`, or discount for an early payment.
        purpose: String,
        /// What it takes off the open amount, with its sign.
        amount: Amount,
        /// That in the tenant's currency.
        tenant_amount: Amount,
        /// Realised, in the tenant's currency: what it was paid with less what it was billed at.
        exchange_difference: Amount,
        /// The day that it counts on.
        settled_on: NaiveDate,
        /// When it was done.
        settled_at: DateTime<Utc>,
        /// Who did it.
        settled_by: Option<Uuid>,
        /// The row that it takes back.
        reverses: Option<Uuid>,
        /// Why it was taken back, such as `wrong invoice`.
        reason: Option<String>,
    }
}

/// The rows that were made together.
#[derive(Serialize, JsonSchema)]
pub struct Settlements {
    /// One for each side, and one for a discount.
    items: Vec<Settlement>,
}

record! {
    /// A document of which something is open.
    pub struct OpenItem {
        /// The document.
        document_id: Uuid,
        /// The tenant, such as `de`.
        tenant: String,
        /// Who owes it, or is owed.
        customer_id: Uuid,
        /// What it is, such as `invoice`.
        kind: String,
        /// Its number, such as `RE-2026-00026`.
        number: Option<String>,
        /// What the customer calls it, such as `PO 4107`.
        reference: Option<String>,
        /// Its day.
        document_date: NaiveDate,
        /// When it is to be paid.
        due_date: Option<NaiveDate>,
        /// Three letters (ISO 4217), such as `EUR`.
        currency: String,
        /// Of the document, as it is printed.
        gross: Amount,
        /// Above 0 the customer owes it; below 0 it is left of a payment or credit note.
        open_amount: Amount,
        /// Days since it was due, today in the tenant; 0: it is not.
        days_overdue: i32,
        /// The last day for a discount.
        early_payment_until: Option<NaiveDate>,
        /// What settles it until then.
        early_payment_amount: Option<Amount>,
    }
}

filter! {
    /// Which settlements to list.
    pub struct SettlementFilter sorted by [settled_on, settled_at] {
        /// Of which document.
        document_id: Uuid,
        /// By which other document.
        by_id: Uuid,
        /// Made together with these.
        pair_id: Uuid,
    }
}

filter! {
    /// Which open items to list.
    pub struct OpenItemFilter sorted by [document_date, open_amount, days_overdue, currency] {
        /// Of which customer.
        customer_id: Uuid,
        /// What they are, such as `invoice`.
        kind: String,
        /// Of this currency, such as `EUR`.
        currency: String,
        /// Due this many days ago, or longer.
        days_overdue: i32 = "days_overdue >= {}",
    }
}

impl Resource for Settlement {
    const NAME: &'static str = "settlement";
    const PLURAL: &'static str = "settlements";
    const PATH: &'static str = "/v1/settlements";
    const TABLE: &'static str = "crm.settlement";
    type Id = Uuid;
    type Filter = SettlementFilter;

    fn id(&self) -> String {
        self.id.to_string()
    }
}

impl Resource for OpenItem {
    const NAME: &'static str = "open item";
    const PLURAL: &'static str = "open items";
    const PATH: &'static str = "/v1/open-items";
    const TABLE: &'static str = "crm.open_item";
    const ID: &'static str = "-document_id";
    type Id = Uuid;
    type Filter = OpenItemFilter;

    fn id(&self) -> String {
        self.document_id.to_string()
    }
}

/// Addresses.
pub fn routes() -> ApiRouter<Db> {
    ApiRouter::new()
        .merge(readable::<OpenItem>())
        .api_route(
            "/v1/payments",
            post_with(record_payment, operation("Record a payment")),
        )
        .api_route(
            Settlement::PATH,
            get_with(resource::list::<Settlement>, operation("List settlements"))
                .post_with(allocate, operation("Set a payment off against an invoice")),
        )
        .api_route(
            &address::<Settlement>(""),
            get_with(
                resource::read::<Settlement>,
                operation("Read one settlement"),
            ),
        )
        .api_route(
            &address::<Settlement>("/take-back"),
            post_with(deallocate, operation("Take a settlement back")),
        )
}

async fn record_payment(
    call: Call,
    Body(new): Body<NewPayment>,
) -> Result<Created<Document>, Error> {
    let allocations = new.allocations.as_ref().map(json_value).transpose()?;
    call.create(Document::address, async |tx| {
        let values = [
            param(&new.customer_id),
            param(&new.amount),
            param(&new.paid_on),
            param(&new.currency),
            param(&new.reference),
            param(&allocations),
            param(&new.exchange_rate),
        ];
        made_by(&tx, "crm.record_payment", &values).await
    })
    .await
}

async fn allocate(
    call: Call,
    Body(new): Body<NewSettlement>,
) -> Result<Created<Settlements>, Error> {
    let statement = select_from("crm.allocate($1, $2, $3, $4)");
    call.create(where_they_are, async |tx| {
        let values = [
            param(&new.credit_id),
            param(&new.debit_id),
            param(&new.amount),
            param(&new.discount),
        ];
        let items = tx.rows(&statement, &values).await?;
        Ok(Settlements { items })
    })
    .await
}

async fn deallocate(
    call: Call,
    Path(id): Path<Uuid>,
    Body(why): Body<Reason>,
) -> Result<Created<Settlements>, Error> {
    let statement = select_from("crm.deallocate($1, $2)");
    call.derive(
        where_they_are,
        async |tx| resource::find::<Settlement>(&tx, &id).await,
        async |tx| {
            let items = tx
                .rows(&statement, &[param(&id), param(&why.reason)])
                .await?;
            Ok(Settlements { items })
        },
    )
    .await
}

fn select_from(function: &str) -> String {
    format!(
        "select {} from {}",
        Settlement::select(),
        Settlement::source(function)
    )
}

fn where_they_are(settlements: &Settlements) -> String {
    match settlements.items.first() {
        Some(one) => format!("{}?pair_id={}", Settlement::PATH, one.pair_id),
        None => Settlement::PATH.to_owned(),
    }
}

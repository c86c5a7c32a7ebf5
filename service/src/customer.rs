//! Customers. A plain insert or update: the table's own rules say what is allowed. Who turns out to
//! be another, or goes to another company, does so by functions of schema `crm`.

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
    assign::assign,
    call::Call,
    db::Db,
    error::Error,
    extract::{Body, Path},
    function,
    list::filter,
    openapi::operation,
    record::{Record, choice, columns, param, record},
    reply::Json,
    resource::{Resource, Table, address, find, writable},
};

record! {
    /// A customer.
    pub struct Customer {
        /// What it is known by.
        id: Uuid,
        /// The tenant it belongs to, such as `de`.
        tenant: String,
        /// As in letters, such as `Bäckerei Huber GmbH`.
        name: String,
        /// Street and house number, such as `Marienplatz 1`.
        street: Option<String>,
        /// As the country writes it, such as `80331`.
        postal_code: Option<String>,
        /// The town, such as `München`.
        city: Option<String>,
        /// State or province, such as `BY`.
        region: Option<String>,
        /// Two letters (ISO 3166), such as `DE`.
        country: String,
        /// Where mail goes, such as `einkauf@huber.example`.
        email: Option<String>,
        /// VAT number or the like, in its country's form, such as `DE136695976`.
        tax_id: Option<String>,
        /// What documents are written in (BCP 47), such as `de`.
        language: Option<String>,
        /// Three letters (ISO 4217), such as `EUR`.
        currency: Option<String>,
        /// Days until an invoice is due; null: as the tenant has it.
        payment_terms_days: Option<i32>,
        /// Days within which early payment is rewarded; null: as the tenant has it.
        early_payment_days: Option<i32>,
        /// By how many percent of gross; 0: by none.
        early_payment_percent: Option<Amount>,
        /// Percent off every line that names no discount of its own.
        discount: Amount,
        /// What it may owe, in its currency; null: without limit.
        credit_limit: Option<Amount>,
        /// The price list of its new lines; null: the products' own prices.
        price_list_id: Option<Uuid>,
        /// The employee whose customer it is.
        owner_id: Option<Uuid>,
        /// The team whose customer it is.
        team_id: Option<Uuid>,
        /// Whether it can be dealt with, such as `active`.
        state: String,
        /// One for all customers that are the same party in several tenants.
        party_id: Uuid,
        /// Whom it was merged into.
        merged_into: Option<Uuid>,
        /// Why it was, such as `same tax id`.
        merge_reason: Option<String>,
        /// When it went to another tenant.
        moved_at: Option<DateTime<Utc>>,
        /// Why it went, such as `the office there is nearer`.
        move_reason: Option<String>,
        /// The tenant of the group that this customer is.
        group_tenant_id: Option<i32>,
        /// When it was made.
        created_at: DateTime<Utc>,
        /// Who made it.
        created_by: Option<Uuid>,
        /// When it was last changed.
        updated_at: DateTime<Utc>,
    }
}

columns! {
    /// What may be said about a customer.
    pub struct CustomerChange {
        name: String,
        street: String,
        postal_code: String,
        city: String,
        region: String,
        country: String,
        email: String,
        tax_id: String,
        language: String,
        currency: String,
        payment_terms_days: i32,
        early_payment_days: i32,
        early_payment_percent: Amount,
        discount: Amount,
        credit_limit: Amount,
        price_list_id: Uuid,
        owner_id: Uuid,
        team_id: Uuid,
        state: Openness,
        group_tenant_id: i32,
    }
}

choice! {
    /// Whether a customer can be dealt with.
    pub enum Openness {
        /// It gets documents.
        Active = "active",
        /// It gets those only that settle old ones.
        Blocked = "blocked",
    }
}

choice! {
    /// The states a customer can be in.
    pub enum State {
        /// It gets documents.
        Active = "active",
        /// It gets those only that settle old ones.
        Blocked = "blocked",
        /// It turned out to be another.
        Merged = "merged",
        /// It went to another tenant.
        Moved = "moved",
    }
}

filter! {
    /// Which customers to list.
    pub struct CustomerFilter sorted by [name, country, state, created_at, updated_at] {
        /// Part of the name, in capitals or not, such as `huber`.
        name: String = "strpos(lower(name), lower({})) > 0",
        /// The town, such as `München`.
        city: String,
        /// Two letters (ISO 3166), such as `DE`.
        country: String,
        /// Where mail goes, in capitals or not, such as `einkauf@huber.example`.
        email: String = "lower(email) = lower({})",
        /// VAT number or the like, such as `DE136695976`.
        tax_id: String,
        /// Whether they can be dealt with.
        state: State,
        /// The employee whose customers they are.
        owner_id: Uuid,
        /// The team whose customers they are.
        team_id: Uuid,
        /// Those with this price list.
        price_list_id: Uuid,
        /// Those that are this party.
        party_id: Uuid,
        /// Those that were merged into this one.
        merged_into: Uuid,
    }
}

/// Whom a customer turned out to be.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Merge {
    /// The customer that stays.
    into_id: Uuid,
    /// Why the two are the same, such as `same tax id`.
    reason: String,
}

/// Where a customer goes.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Move {
    /// The tenant, by its code; both are to be selected, such as `hk`.
    tenant: String,
    /// Why, such as `the office there is nearer`.
    reason: Option<String>,
}

record! {
    /// What a move made, or left behind.
    pub struct Moved {
        /// customer, as it is there; draft, open_item, opportunity or contract, which stay here, such as `customer`.
        what: String,
        /// The tenant that it is in, such as `hk`.
        tenant: String,
        /// What it is known by.
        id: Uuid,
        /// Of a document, such as `invoice`.
        kind: Option<String>,
        /// Of a document, such as `RE-2026-00026`.
        number: Option<String>,
        /// Of a document; of an opportunity the day on which it is to be decided.
        document_date: Option<NaiveDate>,
        /// Three letters (ISO 4217), such as `EUR`.
        currency: Option<String>,
        /// What it is worth, or what is open of it.
        amount: Option<Amount>,
    }
}

/// What a move made, and what it left behind.
#[derive(Serialize, JsonSchema)]
pub struct Moves {
    /// The customer there first.
    items: Vec<Moved>,
}

/// Who is the same party.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Link {
    /// The customer of another tenant that joins this one's party.
    other_id: Uuid,
}

/// Which company of the group a customer is.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GroupTenant {
    /// The tenant, by its code; null: it is none, such as `hk`.
    #[serde(deserialize_with = "Option::deserialize")]
    tenant: Option<String>,
}

record! {
    /// What a customer owes and is owed in one currency.
    pub struct Balance {
        /// Three letters (ISO 4217), such as `EUR`.
        currency: String,
        /// What it owes.
        open: Amount,
        /// What of it should have been paid before today.
        overdue: Amount,
        /// What it is owed: payments and credit notes left over.
        credit: Amount,
    }
}

/// What a customer owes and is owed.
#[derive(Serialize, JsonSchema)]
pub struct Balances {
    /// By currency; none is added to another.
    items: Vec<Balance>,
}

impl Resource for Customer {
    const NAME: &'static str = "customer";
    const PLURAL: &'static str = "customers";
    const PATH: &'static str = "/v1/customers";
    const TABLE: &'static str = "crm.customer";
    type Id = Uuid;
    type Filter = CustomerFilter;

    fn id(&self) -> String {
        self.id.to_string()
    }
}

impl Table for Customer {
    const OBJECT: &'static str = "customer";
    const REQUIRED: &'static [&'static str] = &["name", "country"];
    type Change = CustomerChange;
}

/// Addresses.
pub fn routes() -> ApiRouter<Db> {
    writable::<Customer>()
        .api_route(
            &address::<Customer>("/assign"),
            post_with(assign::<Customer>, operation("Give a customer to another")),
        )
        .api_route(
            &address::<Customer>("/merge"),
            post_with(merge, operation("Merge a customer into another")),
        )
        .api_route(
            &address::<Customer>("/move"),
            post_with(move_to, operation("Move a customer to another tenant")),
        )
        .api_route(
            &address::<Customer>("/link-party"),
            post_with(
                link_party,
                operation("Say that two customers are one party"),
            ),
        )
        .api_route(
            &address::<Customer>("/unlink-party"),
            post_with(
                unlink_party,
                operation("Make a customer a party of its own again"),
            ),
        )
        .api_route(
            &address::<Customer>("/set-group-tenant"),
            post_with(
                set_group_tenant,
                operation("Say which company of the group a customer is"),
            ),
        )
        .api_route(
            &address::<Customer>("/balance"),
            get_with(balance, operation("Read what a customer owes")),
        )
}

async fn merge(
    call: Call,
    Path(id): Path<Uuid>,
    Body(merge): Body<Merge>,
) -> Result<Json<Customer>, Error> {
    let values = [param(&id), param(&merge.into_id), param(&merge.reason)];
    function::change(call, &id, "crm.merge_customers($1, $2, $3)", &values).await
}

async fn move_to(
    call: Call,
    Path(id): Path<Uuid>,
    Body(to): Body<Move>,
) -> Result<Json<Moves>, Error> {
    let statement = format!(
        "select {} from crm.move_customer($1, $2, $3)",
        Moved::select()
    );
    call.act(
        async |tx| find::<Customer>(&tx, &id).await,
        async |tx| {
            let values = [param(&id), param(&to.tenant), param(&to.reason)];
            let items = tx.rows(&statement, &values).await?;
            Ok(Moves { items })
        },
    )
    .await
}

async fn link_party(
    call: Call,
    Path(id): Path<Uuid>,
    Body(link): Body<Link>,
) -> Result<Json<Customer>, Error> {
    let values = [param(&id), param(&link.other_id)];
    function::change(call, &id, "crm.link_party($1, $2)", &values).await
}

async fn unlink_party(call: Call, Path(id): Path<Uuid>) -> Result<Json<Customer>, Error> {
    function::change(call, &id, "crm.unlink_party($1)", &[param(&id)]).await
}

async fn set_group_tenant(
    call: Call,
    Path(id): Path<Uuid>,
    Body(company): Body<GroupTenant>,
) -> Result<Json<Customer>, Error> {
    let values = [param(&id), param(&company.tenant)];
    function::change(call, &id, "crm.set_group_tenant($1, $2)", &values).await
}

async fn balance(call: Call, Path(id): Path<Uuid>) -> Result<Json<Balances>, Error> {
    let statement = format!(
        "select {} from crm.customer_balance where customer_id = $1 order by currency",
        Balance::select()
    );
    call.read(async |tx| {
        let of = [param(&id)];
        let (_, items) = try_join!(
            biased;
            find::<Customer>(&tx, &id),
            tx.rows(&statement, &of),
        )?;
        Ok(Balances { items })
    })
    .await
}

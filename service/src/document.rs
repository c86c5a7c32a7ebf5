//! Documents of sales, all kinds alike. What a draft may contain, and what posting means, is the
//! affair of the functions of schema `crm`. The file is long because every member of a document says
//! what it is: the description of the service is made from that.

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
    list::filter,
    openapi::operation,
    record::{Field, Param, Record, choice, param, record},
    reply::{Created, Done, Json, Printed, json_value},
    resource::{self, Resource, address},
};

record! {
    /// A document without its lines.
    pub struct Head {
        /// What it is known by.
        id: Uuid,
        /// The tenant whose document it is, such as `de`.
        tenant: String,
        /// What it is, such as `invoice`.
        kind: String,
        /// Its number; a draft has none, such as `RE-2026-00026`.
        number: Option<String>,
        /// How far it is, such as `posted`.
        status: String,
        /// Why it was declined or cancelled, such as `too dear`.
        status_reason: Option<String>,
        /// The customer.
        customer_id: Uuid,
        /// The employee whose document it is.
        owner_id: Option<Uuid>,
        /// The team whose document it is.
        team_id: Option<Uuid>,
        /// Its day, in the tenant's time zone.
        document_date: NaiveDate,
        /// When it is to be paid.
        due_date: Option<NaiveDate>,
        /// The day of supply.
        supplied_on: Option<NaiveDate>,
        /// The last day on which a quote can be accepted.
        valid_until: Option<NaiveDate>,
        /// When it was posted.
        posted_at: Option<DateTime<Utc>>,
        /// What the customer calls it, such as `PO 4107`.
        reference: Option<String>,
        /// The document it was made from.
        source_id: Option<Uuid>,
        /// The document that it cancels.
        cancels_id: Option<Uuid>,
        /// The quote that it takes the place of.
        revises_id: Option<Uuid>,
        /// The how manieth version of a quote it is.
        revision: i32,
        /// Three letters (ISO 4217), such as `EUR`.
        currency: String,
        /// Before tax.
        net: Amount,
        /// The tax.
        tax: Amount,
        /// With tax.
        gross: Amount,
        /// What is still to be paid; negative: to the customer.
        open_amount: Amount,
        /// What credit notes took back.
        credited: Amount,
        /// Units of the tenant's currency for one of the document's, as frozen at posting.
        exchange_rate: Option<Amount>,
        /// The tenant's currency, such as `EUR`.
        tenant_currency: Option<String>,
        /// Before tax, in the tenant's currency.
        tenant_net: Option<Amount>,
        /// The tax, in the tenant's currency.
        tenant_tax: Option<Amount>,
        /// With tax, in the tenant's currency.
        tenant_gross: Option<Amount>,
        /// The group's currency, such as `USD`.
        group_currency: Option<String>,
        /// Before tax, in the group's currency.
        group_net: Option<Amount>,
        /// Where a draft is to be sent, if not to the customer's own address.
        billing_address_id: Option<Uuid>,
        /// Where a draft is to be delivered.
        delivery_address_id: Option<Uuid>,
        /// The customer as printed, such as `Bäckerei Huber GmbH`.
        customer_name: Option<String>,
        /// As printed, such as `Marienplatz 1`.
        customer_street: Option<String>,
        /// As printed, such as `80331`.
        customer_postal_code: Option<String>,
        /// As printed, such as `München`.
        customer_city: Option<String>,
        /// As printed, such as `BY`.
        customer_region: Option<String>,
        /// As printed, such as `DE`.
        customer_country: Option<String>,
        /// As printed, such as `DE136695976`.
        customer_tax_id: Option<String>,
        /// What it is written in, such as `de`.
        customer_language: Option<String>,
        /// Where it was delivered, as printed, such as `Huber Filiale Süd`.
        delivery_name: Option<String>,
        /// As printed, such as `Südring 4`.
        delivery_street: Option<String>,
        /// As printed, such as `81371`.
        delivery_postal_code: Option<String>,
        /// As printed, such as `München`.
        delivery_city: Option<String>,
        /// As printed, such as `BY`.
        delivery_region: Option<String>,
        /// As printed, such as `DE`.
        delivery_country: Option<String>,
        /// Days until it is due.
        payment_terms_days: Option<i32>,
        /// Days within which early payment is rewarded.
        early_payment_days: Option<i32>,
        /// By how many percent.
        early_payment_percent: Option<Amount>,
        /// Until when it is to be kept.
        retain_until: Option<NaiveDate>,
        /// When it was made.
        created_at: DateTime<Utc>,
        /// Who made it.
        created_by: Option<Uuid>,
    }
}

record! {
    /// One line of a document.
    pub struct Line {
        /// Its place, from 1.
        position: i32,
        /// The product.
        product_id: Option<Uuid>,
        /// What is sold, such as `Consulting`.
        description: String,
        /// How much of it.
        quantity: Amount,
        /// Of what it is so much, such as `hour`.
        unit: Option<String>,
        /// For one unit, before discount and tax.
        unit_price: Amount,
        /// The discount that was used, such as `partner`.
        discount: Option<String>,
        /// Percent off.
        discount_percent: Amount,
        /// Percent of tax.
        tax_rate: Amount,
        /// The tax code that the rate comes from, such as `standard`.
        tax_code: Option<String>,
        /// What the law calls it (UNTDID 5305), such as `S`.
        tax_category: Option<String>,
        /// Of the line, before tax.
        net: Amount,
        /// The document that it was made from.
        source_document_id: Option<Uuid>,
        /// Which line of that.
        source_position: Option<i32>,
    }
}

record! {
    /// What is taxed alike in a document.
    pub struct Tax {
        /// What the law calls it (UNTDID 5305), such as `S`.
        tax_category: Option<String>,
        /// Percent.
        tax_rate: Amount,
        /// What is taxed.
        net: Amount,
        /// The tax on it.
        tax: Amount,
    }
}

record! {
    /// How much became of a line.
    pub struct LineProgress {
        /// Its place, from 1.
        position: i32,
        /// The product's code, such as `consulting`.
        product: Option<String>,
        /// What is sold, such as `Consulting`.
        description: Option<String>,
        /// Of what it is so much, such as `hour`.
        unit: Option<String>,
        /// How much of it.
        quantity: Amount,
        /// How much was ordered.
        ordered: Option<Amount>,
        /// How much was delivered.
        delivered: Option<Amount>,
        /// How much was invoiced.
        invoiced: Option<Amount>,
        /// How much was taken back.
        reversed: Option<Amount>,
    }
}

/// A document with its lines.
#[derive(Serialize, JsonSchema)]
pub struct Document {
    #[serde(flatten)]
    head: Head,
    /// In their order.
    lines: Vec<Line>,
    /// Of a posted document, by category and rate.
    taxes: Vec<Tax>,
}

/// The lines of a document, and what became of them.
#[derive(Serialize, JsonSchema)]
pub struct OpenLines {
    /// In their order.
    items: Vec<LineProgress>,
}

/// A line as a client writes it; what it leaves out comes from the product.
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewLine {
    /// The product, by its id.
    #[serde(skip_serializing_if = "Option::is_none")]
    product_id: Option<Uuid>,
    /// The product, by its code, such as `consulting`.
    #[serde(skip_serializing_if = "Option::is_none")]
    product: Option<String>,
    /// What is sold, such as `Consulting`.
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    /// How much of it; 1 unless said.
    #[serde(skip_serializing_if = "Option::is_none")]
    quantity: Option<Amount>,
    /// Of what it is so much, such as `hour`.
    #[serde(skip_serializing_if = "Option::is_none")]
    unit: Option<String>,
    /// For one unit, before discount and tax.
    #[serde(skip_serializing_if = "Option::is_none")]
    unit_price: Option<Amount>,
    /// A discount by its code, such as `partner`.
    #[serde(skip_serializing_if = "Option::is_none")]
    discount: Option<String>,
    /// Percent off.
    #[serde(skip_serializing_if = "Option::is_none")]
    discount_percent: Option<Amount>,
    /// Percent of tax, where no code says it.
    #[serde(skip_serializing_if = "Option::is_none")]
    tax_rate: Option<Amount>,
    /// The tax code, such as `standard`.
    #[serde(skip_serializing_if = "Option::is_none")]
    tax_code: Option<String>,
    /// The document that it is made from, if not the one that all are made from.
    #[serde(skip_serializing_if = "Option::is_none")]
    source_document_id: Option<Uuid>,
    /// Which line of that.
    #[serde(skip_serializing_if = "Option::is_none")]
    source_position: Option<i32>,
}

/// A draft to be made.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewDocument {
    /// The customer; their tenant is the document's.
    customer_id: Uuid,
    /// What it is to be, such as `invoice`.
    kind: String,
    /// In their order.
    #[serde(default)]
    lines: Vec<NewLine>,
    /// Its day; today in the tenant unless said.
    document_date: Option<NaiveDate>,
    /// What the customer calls it, such as `PO 4107`.
    reference: Option<String>,
    /// Three letters; the customer's unless said, such as `EUR`.
    currency: Option<String>,
    /// The employee whose document it is; the caller unless said.
    owner_id: Option<Uuid>,
    /// The day of supply.
    supplied_on: Option<NaiveDate>,
    /// The last day on which a quote can be accepted.
    valid_until: Option<NaiveDate>,
    /// Units of the tenant's currency for one of the document's; the day's unless said.
    exchange_rate: Option<Amount>,
    /// Where it is to be sent, if not to the customer's own address.
    billing_address_id: Option<Uuid>,
    /// Where it is to be delivered.
    delivery_address_id: Option<Uuid>,
}

/// A draft to be changed; what is absent stays.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DocumentChange {
    /// All lines anew.
    lines: Option<Vec<NewLine>>,
    /// Its day.
    document_date: Option<NaiveDate>,
    /// What the customer calls it; null: nothing, such as `PO 4107`.
    #[serde(default)]
    reference: Field<String>,
    /// The day of supply.
    supplied_on: Option<NaiveDate>,
    /// The last day on which a quote can be accepted.
    valid_until: Option<NaiveDate>,
    /// Units of the tenant's currency for one of the document's.
    exchange_rate: Option<Amount>,
    /// Where it is to be sent.
    billing_address_id: Option<Uuid>,
    /// Where it is to be delivered.
    delivery_address_id: Option<Uuid>,
}

/// What is to be made from a document.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Conversion {
    /// What it is to be, such as `invoice`.
    kind: String,
    /// Which lines of it (by source_position) and how much; all that is left unless said.
    lines: Option<Vec<NewLine>>,
    /// Its day; today in the tenant unless said.
    document_date: Option<NaiveDate>,
    /// What the customer calls it; as it was unless said, such as `PO 4107`.
    reference: Option<String>,
}

/// Why and when a document is cancelled.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cancellation {
    /// Why, such as `wrong customer`.
    reason: String,
    /// The day of the counter-document; today in the tenant unless said.
    document_date: Option<NaiveDate>,
}

/// The day of what is made.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Revision {
    /// Its day; today in the tenant unless said.
    document_date: Option<NaiveDate>,
}

/// What became of a document.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StatusChange {
    /// What became of it, such as `accepted`.
    status: String,
    /// Why, such as `too dear`.
    reason: Option<String>,
}

filter! {
    /// Which documents to list.
    pub struct DocumentFilter sorted by [document_date, created_at, kind, status, currency, gross, open_amount] {
        /// What they are, such as `invoice`.
        kind: String,
        /// How far they are.
        status: Status,
        /// Of which customer.
        customer_id: Uuid,
        /// The employee whose documents they are.
        owner_id: Uuid,
        /// The one of this number, such as `RE-2026-00026`.
        number: String,
        /// What the customer calls it, such as `PO 4107`.
        reference: String,
        /// What was made from this document.
        source_id: Uuid,
        /// Of this currency, such as `EUR`.
        currency: String,
        /// Of this day and later.
        from: NaiveDate = "document_date >= {}",
        /// Of this day and earlier.
        to: NaiveDate = "document_date <= {}",
        /// Whether something is still to be paid.
        open: bool = "(open_amount <> 0) = {}",
    }
}

choice! {
    /// The states a document can be in.
    pub enum Status {
        /// It has no number yet and may change.
        Draft = "draft",
        /// It has a number and stays as it is.
        Posted = "posted",
        /// A counter-document balances it.
        Cancelled = "cancelled",
        /// The customer said yes.
        Accepted = "accepted",
        /// The customer said no.
        Declined = "declined",
        /// Another revision took its place.
        Replaced = "replaced",
    }
}

impl Resource for Head {
    const NAME: &'static str = "document";
    const PLURAL: &'static str = "documents";
    const PATH: &'static str = "/v1/documents";
    const TABLE: &'static str = "crm.document";
    type Id = Uuid;
    type Filter = DocumentFilter;

    fn id(&self) -> String {
        self.id.to_string()
    }
}

impl Document {
    /// Reads one, as its address shows it.
    pub async fn find(tx: &Transaction, id: Uuid) -> Result<Self, Error> {
        let parts = |table: &str, columns: String| {
            format!("select {columns} from {table} where document_id = $1 order by position")
        };
        let lines = parts("crm.document_line", Line::select());
        let taxes = parts("crm.document_tax", Tax::select());
        let of = [param(&id)];
        let (head, lines, taxes) = try_join!(
            biased;
            resource::find(tx, &id),
            tx.rows(&lines, &of),
            tx.rows(&taxes, &of),
        )?;
        Ok(Self { head, lines, taxes })
    }

    /// Where it is.
    pub fn address(&self) -> String {
        format!("{}/{}", Head::PATH, self.head.id)
    }
}

record! {
    /// What is known of a document that a function returns.
    pub struct Known {
        /// Its id.
        id: Uuid,
    }
}

/// Calls a function that returns a document, and reads that.
pub async fn made_by(
    tx: &Transaction,
    function: &str,
    values: &[Param<'_>],
) -> Result<Document, Error> {
    let places: Vec<_> = (1..=values.len()).map(|n| format!("${n}")).collect();
    // Not from the function: a row of that has the columns that were known when it was planned, and
    // an administrator may have added one before it runs.
    let statement = format!("select ({function}({})).id", places.join(", "));
    let Known { id } = tx.row(&statement, values).await?;
    Document::find(tx, id).await
}

/// Addresses.
pub fn routes() -> ApiRouter<Db> {
    let one = |below| address::<Head>(below);
    ApiRouter::new()
        .api_route(
            Head::PATH,
            get_with(resource::list::<Head>, operation("List documents"))
                .post_with(create, operation("Create a draft")),
        )
        .api_route(
            &one(""),
            get_with(read, operation("Read one document"))
                .patch_with(change, operation("Change a draft"))
                .delete_with(delete, operation("Delete a draft")),
        )
        .api_route(&one("/post"), post_with(post, operation("Post a draft")))
        .api_route(
            &one("/convert"),
            post_with(convert, operation("Make a draft from a document")),
        )
        .api_route(
            &one("/cancel"),
            post_with(cancel, operation("Cancel a document")),
        )
        .api_route(
            &one("/revise"),
            post_with(revise, operation("Revise a quote")),
        )
        .api_route(
            &one("/status"),
            post_with(change_status, operation("Say what became of a document")),
        )
        .api_route(
            &one("/assign"),
            post_with(assign, operation("Give a document to another")),
        )
        .api_route(
            &one("/open-lines"),
            get_with(open_lines, operation("List what became of lines")),
        )
        .api_route(
            &one("/page"),
            get_with(page, operation("Print one document")),
        )
}

async fn create(call: Call, Body(new): Body<NewDocument>) -> Result<Created<Document>, Error> {
    let lines = json_value(&new.lines)?;
    call.create(Document::address, async |tx| {
        let values = [
            param(&new.customer_id),
            param(&new.kind),
            param(&lines),
            param(&new.document_date),
            param(&new.reference),
            param(&new.currency),
            param(&new.owner_id),
            param(&new.supplied_on),
            param(&new.valid_until),
            param(&new.exchange_rate),
            param(&new.billing_address_id),
            param(&new.delivery_address_id),
        ];
        made_by(&tx, "crm.create_document", &values).await
    })
    .await
}

async fn read(call: Call, Path(id): Path<Uuid>) -> Result<Json<Document>, Error> {
    call.read_at_once(async |tx| Document::find(&tx, id).await)
        .await
}

async fn change(
    call: Call,
    Path(id): Path<Uuid>,
    Body(change): Body<DocumentChange>,
) -> Result<Json<Document>, Error> {
    let lines = change.lines.as_ref().map(json_value).transpose()?;
    let reference = match &change.reference {
        Field::Absent => None,
        // the function's word for none, where null means: as it was
        Field::Given(reference) => Some(reference.clone().unwrap_or_default()),
    };
    call.act(
        async |tx| Document::find(&tx, id).await,
        async |tx| {
            let values = [
                param(&id),
                param(&lines),
                param(&change.document_date),
                param(&reference),
                param(&change.supplied_on),
                param(&change.valid_until),
                param(&change.exchange_rate),
                param(&change.billing_address_id),
                param(&change.delivery_address_id),
            ];
            made_by(&tx, "crm.change_document", &values).await
        },
    )
    .await
}

/// Row security skips what one may read but not delete; this tells it from what is not there.
const MAY_DELETE: &str = "select mandant_internal.require(kind, 'delete', tenant_id) \
                          from crm.document where id = $1";

async fn delete(call: Call, Path(id): Path<Uuid>) -> Result<Done, Error> {
    call.finish(
        async |tx| Document::find(&tx, id).await,
        async |tx| {
            let delete = "delete from crm.document where id = $1";
            if tx.execute(delete, &[param(&id)]).await? == 0 {
                tx.execute(MAY_DELETE, &[param(&id)]).await?;
                return Err(Error::no_such(Head::NAME, id));
            }
            Ok(())
        },
    )
    .await
}

async fn post(call: Call, Path(id): Path<Uuid>) -> Result<Json<Document>, Error> {
    call.act(
        async |tx| Document::find(&tx, id).await,
        async |tx| made_by(&tx, "crm.post_document", &[param(&id)]).await,
    )
    .await
}

async fn convert(
    call: Call,
    Path(id): Path<Uuid>,
    Body(conversion): Body<Conversion>,
) -> Result<Created<Document>, Error> {
    let lines = conversion.lines.as_ref().map(json_value).transpose()?;
    call.derive(
        Document::address,
        async |tx| Document::find(&tx, id).await,
        async |tx| {
            let values = [
                param(&id),
                param(&conversion.kind),
                param(&lines),
                param(&conversion.document_date),
                param(&conversion.reference),
            ];
            made_by(&tx, "crm.convert_document", &values).await
        },
    )
    .await
}

async fn cancel(
    call: Call,
    Path(id): Path<Uuid>,
    Body(why): Body<Cancellation>,
) -> Result<Created<Document>, Error> {
    call.derive(
        Document::address,
        async |tx| Document::find(&tx, id).await,
        async |tx| {
            let values = [param(&id), param(&why.reason), param(&why.document_date)];
            made_by(&tx, "crm.cancel_document", &values).await
        },
    )
    .await
}

async fn revise(
    call: Call,
    Path(id): Path<Uuid>,
    Body(when): Body<Revision>,
) -> Result<Created<Document>, Error> {
    call.derive(
        Document::address,
        async |tx| Document::find(&tx, id).await,
        async |tx| {
            let values = [param(&id), param(&when.document_date)];
            made_by(&tx, "crm.revise_quote", &values).await
        },
    )
    .await
}

async fn change_status(
    call: Call,
    Path(id): Path<Uuid>,
    Body(change): Body<StatusChange>,
) -> Result<Json<Document>, Error> {
    call.act(
        async |tx| Document::find(&tx, id).await,
        async |tx| {
            let values = [param(&id), param(&change.status), param(&change.reason)];
            made_by(&tx, "crm.change_status", &values).await
        },
    )
    .await
}

async fn assign(
    call: Call,
    Path(id): Path<Uuid>,
    Body(to): Body<Assignment>,
) -> Result<Done, Error> {
    give::<Head, _, _>(call, &id, &to, async |tx| Document::find(&tx, id).await).await
}

async fn open_lines(call: Call, Path(id): Path<Uuid>) -> Result<Json<OpenLines>, Error> {
    let statement = format!("select {} from crm.open_lines($1)", LineProgress::select());
    call.read(async |tx| {
        let items = tx.rows(&statement, &[param(&id)]).await?;
        Ok(OpenLines { items })
    })
    .await
}

record! {
    /// A document as a page.
    pub struct Page {
        /// HTML.
        html: Option<String>,
    }
}

async fn page(call: Call, Path(id): Path<Uuid>) -> Result<Printed, Error> {
    let statement = "select crm.render_document($1) as html";
    let Page { html } = call
        .fetch(async |tx| tx.row(statement, &[param(&id)]).await)
        .await?;
    html.map(Printed)
        .ok_or_else(|| Error::no_such(Head::NAME, id))
}

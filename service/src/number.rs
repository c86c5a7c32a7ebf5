//! The register of numbers: every number given, what became of it, where one is missing, and that
//! nothing was changed. A number is known by its kind and text, in the one selected tenant.

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
    call::Call,
    db::{Db, Transaction},
    error::Error,
    extract::{Body, Path, Query},
    function::{invoke, returned},
    list::{self, Page, filter},
    openapi::operation,
    record::{Param, Record, arguments, param, record},
    reply::{Created, Json},
    resource::{self, Resource},
};

record! {
    /// A number that was given.
    pub struct Number {
        /// Whose it is; null: you may not read the tenant, such as `de`.
        tenant: Option<String>,
        /// Of what, such as `invoice`.
        kind: String,
        /// The branch, if the series is for one, such as `SUED`.
        branch: Option<String>,
        /// 0 (never reset), `2026` (year), 202611 (month), 20261123 (day), -1 (given elsewhere).
        period: i32,
        /// Its place in the period.
        n: i64,
        /// The number, such as `RE-2026-00026`.
        number: String,
        /// `used` (it has a document), open (it has none), reserved or void.
        state: String,
        /// The document.
        document: Option<Uuid>,
        /// The document's date.
        document_date: NaiveDate,
        /// When it was given.
        issued_at: DateTime<Utc>,
        /// On which day in the tenant.
        issued_on: NaiveDate,
        /// Who drew it; null: a superuser, such as `sales@de.example`.
        issued_by: Option<String>,
        /// Why it is void, such as `torn`.
        reason: Option<String>,
        /// Who drew it, as the chain has it.
        principal_id: Option<Uuid>,
        /// The document it was drawn for, as the chain has it.
        drawn_for: Option<Uuid>,
        /// SHA-256 of the row and of all before it in its chain, in hexadecimal, such as `9f86d081…`.
        chain: String,
    }
}

record! {
    /// A gap in the numbers, with its reason.
    pub struct Gap {
        /// Whose numbers, such as `de`.
        tenant: String,
        /// Of what, such as `invoice`.
        kind: String,
        /// The branch, if the series is for one, such as `SUED`.
        branch: Option<String>,
        /// In which period, such as `2026`.
        period: i32,
        /// The first place that is missing.
        first: i64,
        /// The last place that is missing.
        last: i64,
        /// The number, if there is one, such as `RE-2026-00026`.
        number: Option<String>,
        /// Why, such as `void: torn (sales@de.example)`.
        reason: String,
    }
}

record! {
    /// A chain of numbers, and whether nothing was changed in it.
    pub struct Chain {
        /// Whose numbers, such as `de`.
        tenant: String,
        /// Of what; what happened to numbers later has chains of its own, such as `invoice`.
        kind: String,
        /// The branch, if the series is for one, such as `SUED`.
        branch: Option<String>,
        /// In which period; null: of all, such as `2026`.
        period: Option<i32>,
        /// How many links.
        rows: i64,
        /// Whether nothing was changed, taken out or put in.
        intact: bool,
        /// The first number that does not fit, such as `RE-2026-00026`.
        broken: Option<String>,
        /// The hash of the whole chain: note it elsewhere, such as `9f86d081…`.
        head: String,
    }
}

arguments! {
    /// A number that another system gave, or that somebody chose.
    pub struct NewNumber {
        kind: String,
        number: String,
    } perhaps {
        /// The document's date; today in the tenant unless said.
        on_date: NaiveDate,
        branch: String,
        document: Uuid,
        /// Where it comes from, such as `the old system`.
        reason: String,
    }
}

/// Why a number is void.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Voiding {
    /// Why, as the gap report says, such as `torn`.
    reason: String,
}

/// What a number is for.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Use {
    /// The document.
    document: Uuid,
}

arguments! {
    /// Which reserved numbers are not used any more.
    pub struct Release {} perhaps {
        /// The reservation; all that are out of date unless said.
        reservation: Uuid,
        /// Why, as the gap report says, such as `the fair is over`.
        reason: String,
    }
}

/// Numbers that became void.
#[derive(Serialize, JsonSchema)]
pub struct Released {
    /// The numbers.
    items: Vec<Number>,
}

filter! {
    /// Which numbers to list.
    pub struct NumberFilter sorted only by [kind, number, issued_at] {
        /// Whose they are, such as `de`.
        tenant: String = "tenant_id = (select t.id from mandant.tenant t where t.code = {})",
        /// Of what, such as `invoice`.
        kind: String,
        /// The one of this text, such as `RE-2026-00026`.
        number: String,
        /// Of this branch, such as `SUED`.
        branch: String,
        /// In this period, such as `2026`.
        period: i32,
        /// used, open, reserved or void, such as `void`.
        state: String,
        /// Of which document.
        document: Uuid,
        /// Who drew them, such as `sales@de.example`.
        issued_by: String,
        /// For documents of this day and later.
        from: NaiveDate = "document_date >= {}",
        /// For documents of this day and earlier.
        to: NaiveDate = "document_date <= {}",
    }
}

filter! {
    /// Which gaps to list.
    pub struct GapFilter sorted only by [kind, tenant, period, first] {
        /// Of what, such as `invoice`.
        kind: String,
        /// Whose numbers, such as `de`.
        tenant: String,
        /// In this period, such as `2026`.
        period: i32,
    }
}

filter! {
    /// Which chains to list.
    pub struct ChainFilter sorted only by [kind, tenant, rows] {
        /// Of what, such as `invoice`.
        kind: String,
        /// Whose numbers, such as `de`.
        tenant: String,
        /// Whether nothing was changed.
        intact: bool,
    }
}

impl Resource for Number {
    const NAME: &'static str = "number";
    const PLURAL: &'static str = "numbers";
    const PATH: &'static str = "/v1/numbers";
    const TABLE: &'static str = "mandant.issued_number";
    const ID: &'static str = "tenant_id,kind,number";
    type Id = String;
    type Filter = NumberFilter;

    fn id(&self) -> String {
        format!("{}/{}", self.kind, segment(&self.number))
    }

    fn source(rows: &str) -> String {
        format!(
            "(select r.tenant_id, (select t.code from mandant.tenant t where t.id = r.tenant_id) as tenant, r.kind, \
             r.branch, r.period, r.n, r.number, r.state, r.document, r.document_date, r.issued_at, r.issued_on, \
             r.issued_by, r.reason, r.principal_id, r.drawn_for, encode(r.chain, 'hex') as chain from {rows} r) r"
        )
    }
}

/// A text as a part of an address.
fn segment(text: &str) -> String {
    let encoded: String = form_urlencoded::byte_serialize(text.as_bytes()).collect();
    encoded.replace('+', "%20")
}

/// Addresses.
pub fn routes() -> ApiRouter<Db> {
    let one = |below| format!("{}/{{kind}}/{{number}}{below}", Number::PATH);
    ApiRouter::new()
        .api_route(
            Number::PATH,
            get_with(list, operation("List numbers"))
                .post_with(import, operation("Enter a number given elsewhere")),
        )
        .api_route(
            &one(""),
            get_with(read, operation("Read one number of the selected tenant")),
        )
        .api_route(
            &one("/void"),
            post_with(void, operation("Make a number void")),
        )
        .api_route(
            &one("/use"),
            post_with(give, operation("Give a number its document")),
        )
        .api_route(
            "/v1/numbers/release",
            post_with(release, operation("Release reserved numbers")),
        )
        .api_route(
            "/v1/number-gaps",
            get_with(gaps, operation("List gaps in the numbers")),
        )
        .api_route(
            "/v1/number-chains",
            get_with(chains, operation("Verify the chains of numbers")),
        )
}

async fn list(call: Call, Query(filter): Query<NumberFilter>) -> Result<Json<Page<Number>>, Error> {
    let source = Number::source("(select * from mandant.issued_number r {page})");
    call.read(async |tx| list::page(&tx, &source, Number::ID, &filter).await)
        .await
}

async fn import(call: Call, Body(new): Body<NewNumber>) -> Result<Created<Number>, Error> {
    let (function, values) = invoke("mandant.import_number", &[], &new);
    call.create(resource::at, async |tx| {
        returned(&tx, &function, &values).await
    })
    .await
}

async fn read(
    call: Call,
    Path((kind, number)): Path<(String, String)>,
) -> Result<Json<Number>, Error> {
    call.read(async |tx| find(&tx, &kind, &number).await).await
}

async fn void(
    call: Call,
    Path((kind, number)): Path<(String, String)>,
    Body(Voiding { reason }): Body<Voiding>,
) -> Result<Json<Number>, Error> {
    let values = [param(&kind), param(&number), param(&reason)];
    change(
        call,
        &kind,
        &number,
        "mandant.void_number($1, $2, $3)",
        &values,
    )
    .await
}

async fn give(
    call: Call,
    Path((kind, number)): Path<(String, String)>,
    Body(Use { document }): Body<Use>,
) -> Result<Json<Number>, Error> {
    let values = [param(&kind), param(&number), param(&document)];
    change(
        call,
        &kind,
        &number,
        "mandant.use_number($1, $2, $3)",
        &values,
    )
    .await
}

/// Calls a function that changes one that is there.
async fn change(
    call: Call,
    kind: &String,
    number: &String,
    function: &str,
    values: &[Param<'_>],
) -> Result<Json<Number>, Error> {
    call.act(
        async |tx| find(&tx, kind, number).await,
        async |tx| {
            let changed = returned(&tx, function, values);
            try_join!(biased; find(&tx, kind, number), changed).map(|(_, number)| number)
        },
    )
    .await
}

async fn release(call: Call, Body(what): Body<Release>) -> Result<Json<Released>, Error> {
    let (function, values) = invoke("mandant.release_numbers", &[], &what);
    let statement = format!(
        "select {} from {} order by tenant_id, kind, number",
        Number::select(),
        Number::source(&function)
    );
    call.act(
        async |_| Ok(()),
        async |tx| {
            let items = tx.rows(&statement, &values).await?;
            Ok(Released { items })
        },
    )
    .await
}

async fn gaps(call: Call, Query(filter): Query<GapFilter>) -> Result<Json<Page<Gap>>, Error> {
    let source = "(select g.*, coalesce(g.branch, '') as place from mandant.number_gaps() g) r";
    let id = "tenant,kind,place,period,first,reason";
    call.read(async |tx| list::page(&tx, source, id, &filter).await)
        .await
}

async fn chains(call: Call, Query(filter): Query<ChainFilter>) -> Result<Json<Page<Chain>>, Error> {
    let source = "(select v.*, coalesce(v.branch, '') as place, coalesce(v.period, -2) as of_period \
                     from mandant.verify_numbers() v) r";
    call.read(async |tx| list::page(&tx, source, "tenant,kind,place,of_period", &filter).await)
        .await
}

/// One of the one selected tenant.
async fn find(tx: &Transaction, kind: &String, number: &String) -> Result<Number, Error> {
    let statement = format!(
        "select {} from {} where tenant_id = mandant.current_tenant() and kind = $1 and number = $2",
        Number::select(),
        Number::source(Number::TABLE)
    );
    tx.find(&statement, &[param(kind), param(number)])
        .await?
        .ok_or_else(|| Error::no_such(Number::NAME, number))
}

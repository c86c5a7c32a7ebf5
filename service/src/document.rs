//! Documents of sales, all kinds alike. What a draft may contain, and what posting means, is the
//! affair of the functions `crm.create_document`, `change_document` and `post_document`.

use axum::{
    extract::State,
    http::{StatusCode, header::LOCATION},
    response::IntoResponse,
};
use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::try_join;
use uuid::Uuid;

use crate::{
    caller::Caller,
    db::{Db, Transaction},
    error::Error,
    extract::{Json, Path, Query},
    page::{Cursor, Limit, Page},
    record::{Field, param, record},
};

record! {
    /// A document without its lines.
    pub struct Head {
        id: Uuid,
        tenant: String,
        kind: String,
        number: Option<String>,
        status: String,
        customer_id: Uuid,
        owner_id: Option<Uuid>,
        document_date: NaiveDate,
        due_date: Option<NaiveDate>,
        posted_at: Option<DateTime<Utc>>,
        reference: Option<String>,
        currency: String,
        net: Decimal,
        tax: Decimal,
        gross: Decimal,
        open_amount: Decimal,
        customer_name: Option<String>,
        customer_street: Option<String>,
        customer_postal_code: Option<String>,
        customer_city: Option<String>,
        customer_region: Option<String>,
        customer_country: Option<String>,
        customer_tax_id: Option<String>,
        customer_language: Option<String>,
        payment_terms_days: Option<i32>,
        created_at: DateTime<Utc>,
        created_by: Option<Uuid>,
    }
}

record! {
    /// One line of a document.
    pub struct Line {
        position: i32,
        product_id: Option<Uuid>,
        description: String,
        quantity: Decimal,
        unit: Option<String>,
        unit_price: Decimal,
        discount: Option<String>,
        discount_percent: Decimal,
        tax_rate: Decimal,
        net: Decimal,
    }
}

/// A document with its lines.
#[derive(Serialize)]
pub struct Document {
    #[serde(flatten)]
    head: Head,
    lines: Vec<Line>,
}

/// A line as a client writes it; what it leaves out comes from the product.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct NewLine {
    product_id: Option<Uuid>,
    product: Option<String>,
    description: Option<String>,
    quantity: Option<Decimal>,
    unit: Option<String>,
    unit_price: Option<Decimal>,
    discount: Option<String>,
    discount_percent: Option<Decimal>,
    tax_rate: Option<Decimal>,
}

/// A draft to be made.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewDocument {
    customer_id: Uuid,
    kind: String,
    #[serde(default)]
    lines: Vec<NewLine>,
    document_date: Option<NaiveDate>,
    reference: Option<String>,
    currency: Option<String>,
    owner_id: Option<Uuid>,
}

/// A draft to be changed; what is absent stays.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    lines: Option<Vec<NewLine>>,
    document_date: Option<NaiveDate>,
    #[serde(default)]
    reference: Field<String>,
}

/// Which documents to list.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Filter {
    kind: Option<String>,
    status: Option<Status>,
    customer_id: Option<Uuid>,
    #[serde(default)]
    limit: Limit,
    cursor: Option<Cursor>,
}

/// The states a document can be in.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It has no number yet and may change.
    Draft,
    /// It has a number and stays as it is.
    Posted,
    /// A counter-document balances it.
    Cancelled,
}

impl Status {
    fn code(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Posted => "posted",
            Self::Cancelled => "cancelled",
        }
    }
}

record! {
    /// What is known of a draft just made.
    pub struct Created {
        id: Uuid,
    }
}

const SELECT: &str = "\
    select d.id, t.code as tenant, d.kind, d.number, d.status, d.customer_id, d.owner_id, \
           d.document_date, d.due_date, d.posted_at, d.reference, d.currency, d.net, d.tax, \
           d.gross, d.open_amount, d.customer_name, d.customer_street, d.customer_postal_code, \
           d.customer_city, d.customer_region, d.customer_country, d.customer_tax_id, \
           d.customer_language, d.payment_terms_days, d.created_at, d.created_by \
    from crm.document d join mandant.tenant t on t.id = d.tenant_id";

const SELECT_LINES: &str = "\
    select l.position, l.product_id, l.description, l.quantity, l.unit, l.unit_price, \
           l.discount, l.discount_percent, l.tax_rate, l.net \
    from crm.document_line l where l.document_id = $1 order by l.position";

/// Row security skips what one may read but not delete; this tells it from what is not there.
const MAY_DELETE: &str = "select mandant_internal.require(kind, 'delete', tenant_id) \
                          from crm.document where id = $1";

impl Document {
    async fn find(tx: &Transaction, id: Uuid) -> Result<Self, Error> {
        let id_param = [param(&id)];
        let head = format!("{SELECT} where d.id = $1");
        let (head, lines) = try_join!(tx.find(&head, &id_param), tx.rows(SELECT_LINES, &id_param))?;
        let head = head.ok_or_else(|| Error::no_such("document", id))?;
        Ok(Self { head, lines })
    }
}

/// `GET /v1/documents`
pub async fn list(
    State(db): State<Db>,
    caller: Caller,
    Query(filter): Query<Filter>,
) -> Result<Json<Page<Head>>, Error> {
    let Filter {
        kind,
        status,
        customer_id,
        limit,
        cursor,
    } = filter;
    let (status, cursor) = (status.map(Status::code), cursor.map(|cursor| cursor.0));
    let count = limit.and_one();
    let statement = format!(
        "{SELECT} where ($1 is null or d.kind = $1) and ($2 is null or d.status = $2) \
           and ($3 is null or d.customer_id = $3) and ($4 is null or d.id < $4) \
         order by d.id desc limit $5"
    );
    let documents = db
        .run(&caller, async |tx| {
            let values = [
                param(&kind),
                param(&status),
                param(&customer_id),
                param(&cursor),
                param(&count),
            ];
            tx.rows(&statement, &values).await
        })
        .await?;
    Ok(Json(Page::cut(documents, limit, |document: &Head| {
        document.id
    })))
}

/// `POST /v1/documents`
pub async fn create(
    State(db): State<Db>,
    caller: Caller,
    Json(new): Json<NewDocument>,
) -> Result<impl IntoResponse, Error> {
    let lines = json(&new.lines)?;
    let document = db
        .run(&caller, async |tx| {
            let values = [
                param(&new.customer_id),
                param(&new.kind),
                param(&lines),
                param(&new.document_date),
                param(&new.reference),
                param(&new.currency),
                param(&new.owner_id),
            ];
            let Created { id } = tx
                .row(
                    "select id from crm.create_document($1, $2, $3, $4, $5, $6, $7)",
                    &values,
                )
                .await?;
            Document::find(&tx, id).await
        })
        .await?;
    let location = [(LOCATION, format!("/v1/documents/{}", document.head.id))];
    Ok((StatusCode::CREATED, location, Json(document)))
}

/// `GET /v1/documents/{id}`
pub async fn read(
    State(db): State<Db>,
    caller: Caller,
    Path(id): Path<Uuid>,
) -> Result<Json<Document>, Error> {
    db.run(&caller, async |tx| Document::find(&tx, id).await)
        .await
        .map(Json)
}

/// `PATCH /v1/documents/{id}`
pub async fn change(
    State(db): State<Db>,
    caller: Caller,
    Path(id): Path<Uuid>,
    Json(change): Json<Change>,
) -> Result<Json<Document>, Error> {
    let lines = change.lines.as_ref().map(json).transpose()?;
    let reference = match change.reference {
        Field::Absent => None,
        // the function's word for none, where null means: as it was
        Field::Given(reference) => Some(reference.unwrap_or_default()),
    };
    db.run(&caller, async |tx| {
        let values = [
            param(&id),
            param(&lines),
            param(&change.document_date),
            param(&reference),
        ];
        tx.execute("select crm.change_document($1, $2, $3, $4)", &values)
            .await?;
        Document::find(&tx, id).await
    })
    .await
    .map(Json)
}

/// `DELETE /v1/documents/{id}`
pub async fn delete(
    State(db): State<Db>,
    caller: Caller,
    Path(id): Path<Uuid>,
) -> Result<StatusCode, Error> {
    db.run(&caller, async |tx| {
        if tx
            .execute("delete from crm.document where id = $1", &[param(&id)])
            .await?
            == 0
        {
            tx.execute(MAY_DELETE, &[param(&id)]).await?;
            return Err(Error::no_such("document", id));
        }
        Ok(StatusCode::NO_CONTENT)
    })
    .await
}

/// `POST /v1/documents/{id}/post`
pub async fn post(
    State(db): State<Db>,
    caller: Caller,
    Path(id): Path<Uuid>,
) -> Result<Json<Document>, Error> {
    db.run(&caller, async |tx| {
        tx.execute("select crm.post_document($1)", &[param(&id)])
            .await?;
        Document::find(&tx, id).await
    })
    .await
    .map(Json)
}

fn json(lines: &Vec<NewLine>) -> Result<Value, Error> {
    serde_json::to_value(lines).map_err(|error| Error::bad_value(error.to_string()))
}

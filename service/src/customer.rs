//! Customers. A plain insert or update: the table's own rules say what is allowed.

use axum::{
    extract::State,
    http::{StatusCode, header::LOCATION},
    response::IntoResponse,
};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use tokio::try_join;
use uuid::Uuid;

use crate::{
    caller::Caller,
    db::Db,
    error::Error,
    extract::{Json, Path, Query},
    page::{Cursor, Limit, Page},
    record::{columns, insert, param, record, update},
};

record! {
    /// A customer.
    pub struct Customer {
        id: Uuid,
        tenant: String,
        name: String,
        street: Option<String>,
        postal_code: Option<String>,
        city: Option<String>,
        region: Option<String>,
        country: String,
        email: Option<String>,
        tax_id: Option<String>,
        language: Option<String>,
        currency: Option<String>,
        payment_terms_days: Option<i32>,
        owner_id: Option<Uuid>,
        state: String,
        group_tenant_id: Option<i32>,
        created_at: DateTime<Utc>,
        created_by: Option<Uuid>,
        updated_at: DateTime<Utc>,
    }
}

columns! {
    /// What may be said about a customer.
    pub struct Change {
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
        owner_id: Uuid,
        state: String,
        group_tenant_id: i32,
    }
}

/// Which customers to list.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Filter {
    #[serde(default)]
    limit: Limit,
    cursor: Option<Cursor>,
}

/// Row security refuses too, but does not say what to do about it.
const MAY_CREATE: &str =
    "select mandant_internal.require('customer', 'create', mandant.current_tenant())";

/// Row security skips what one may read but not change; this tells it from what is not there.
const MAY_UPDATE: &str = "select mandant_internal.require('customer', 'update', tenant_id) \
                          from crm.customer where id = $1";

/// Reads customers from the table, or from rows of it that were just written.
fn select_from(source: &str) -> String {
    format!(
        "select c.id, t.code as tenant, c.name, c.street, c.postal_code, c.city, c.region, \
                c.country, c.email, c.tax_id, c.language, c.currency, c.payment_terms_days, \
                c.owner_id, c.state, c.group_tenant_id, c.created_at, c.created_by, c.updated_at \
         from {source} c join mandant.tenant t on t.id = c.tenant_id"
    )
}

fn select_written(write: String) -> String {
    format!("with written as ({write}) {}", select_from("written"))
}

/// `GET /v1/customers`
pub async fn list(
    State(db): State<Db>,
    caller: Caller,
    Query(Filter { limit, cursor }): Query<Filter>,
) -> Result<Json<Page<Customer>>, Error> {
    let statement =
        select_from("crm.customer") + " where $1 is null or c.id < $1 order by c.id desc limit $2";
    let cursor = cursor.map(|cursor| cursor.0);
    let customers = db
        .run(&caller, async |tx| {
            tx.rows(&statement, &[param(&cursor), param(&limit.and_one())])
                .await
        })
        .await?;
    Ok(Json(Page::cut(customers, limit, |customer: &Customer| {
        customer.id
    })))
}

/// `POST /v1/customers`
pub async fn create(
    State(db): State<Db>,
    caller: Caller,
    Json(customer): Json<Change>,
) -> Result<impl IntoResponse, Error> {
    let (columns, values): (Vec<_>, Vec<_>) = customer.given().into_iter().unzip();
    let statement = select_written(insert("crm.customer", &columns));
    let customer: Customer = db
        .run(&caller, async |tx| {
            let insert = tx.row(&statement, &values);
            try_join!(biased; tx.execute(MAY_CREATE, &[]), insert).map(|(_, row)| row)
        })
        .await?;
    let location = [(LOCATION, format!("/v1/customers/{}", customer.id))];
    Ok((StatusCode::CREATED, location, Json(customer)))
}

/// `GET /v1/customers/{id}`
pub async fn read(
    State(db): State<Db>,
    caller: Caller,
    Path(id): Path<Uuid>,
) -> Result<Json<Customer>, Error> {
    let statement = select_from("crm.customer") + " where c.id = $1";
    db.run(&caller, async |tx| tx.find(&statement, &[param(&id)]).await)
        .await?
        .map(Json)
        .ok_or_else(|| Error::no_such("customer", id))
}

/// `PATCH /v1/customers/{id}`
pub async fn change(
    State(db): State<Db>,
    caller: Caller,
    Path(id): Path<Uuid>,
    Json(change): Json<Change>,
) -> Result<Json<Customer>, Error> {
    let (columns, mut values): (Vec<_>, Vec<_>) = change.given().into_iter().unzip();
    if columns.is_empty() {
        return Err(Error::bad_value("nothing to change"));
    }
    values.push(param(&id));
    let statement = select_written(update("crm.customer", &columns));
    db.run(&caller, async |tx| {
        if let Some(customer) = tx.find(&statement, &values).await? {
            return Ok(Json(customer));
        }
        tx.execute(MAY_UPDATE, &[param(&id)]).await?;
        Err(Error::no_such("customer", id))
    })
    .await
}

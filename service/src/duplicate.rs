//! Customers who may be there already. Only those are told whom the caller sees.

use aide::axum::{
    ApiRouter,
    routing::{get_with, post_with},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    amount::Amount,
    call::Call,
    customer::Customer,
    db::Db,
    error::Error,
    extract::{Body, Path},
    openapi::operation,
    record::{Record, param, record},
    reply::Json,
    resource::address,
};

record! {
    /// Who a customer may be already.
    pub struct Duplicate {
        /// The customer; null: one of another tenant, of which no more is told.
        customer_id: Option<Uuid>,
        /// The name, such as `Bäckerei Huber GmbH`.
        name: Option<String>,
        /// Why: the same `tax_id`, the same email_domain, a like name, or a tax id of an other_tenant.
        reason: String,
        /// How alike the names are, from 0 to 1.
        similarity: Option<Amount>,
    }
}

/// Who a customer may be already.
#[derive(Serialize, JsonSchema)]
pub struct Duplicates {
    /// The likeliest first.
    items: Vec<Duplicate>,
}

/// A customer that is not there yet.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Description {
    /// The name, such as `Bäckerei Huber GmbH`.
    name: String,
    /// Two letters (ISO 3166), such as `DE`.
    country: Option<String>,
    /// Where mail goes, such as `einkauf@huber.example`.
    email: Option<String>,
    /// VAT number or the like, such as `DE136695976`.
    tax_id: Option<String>,
}

/// Addresses.
pub fn routes() -> ApiRouter<Db> {
    ApiRouter::new()
        .api_route(
            "/v1/customers/find-duplicates",
            post_with(
                find_duplicates,
                operation("Find who a new customer may be already"),
            ),
        )
        .api_route(
            &address::<Customer>("/duplicates"),
            get_with(duplicates, operation("List who a customer may be besides")),
        )
}

fn select_from(function: &str) -> String {
    format!(
        "select {} from (
            select customer_id, name, reason, round(similarity::numeric, 2) as similarity
            from {function} with ordinality as d (customer_id, name, reason, similarity, place)
            order by place
        ) as d",
        Duplicate::select()
    )
}

async fn find_duplicates(
    call: Call,
    Body(of): Body<Description>,
) -> Result<Json<Duplicates>, Error> {
    let statement = select_from("crm.find_duplicates($1, $2, $3, $4)");
    // nothing is changed, but a POST: its key is heeded
    call.act(
        async |_| Ok(()),
        async |tx| {
            let values = [
                param(&of.name),
                param(&of.country),
                param(&of.email),
                param(&of.tax_id),
            ];
            let items = tx.rows(&statement, &values).await?;
            Ok(Duplicates { items })
        },
    )
    .await
}

async fn duplicates(call: Call, Path(id): Path<Uuid>) -> Result<Json<Duplicates>, Error> {
    let statement = select_from("crm.duplicates($1)");
    call.read(async |tx| {
        let items = tx.rows(&statement, &[param(&id)]).await?;
        Ok(Duplicates { items })
    })
    .await
}

//! Price lists, and the prices in them. A price has no name of its own: it is known by its list, its
//! product and the day from which it holds, until the next one of the same product begins.

use aide::axum::{ApiRouter, routing::get_with};
use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::Deserialize;
use uuid::Uuid;

use crate::{
    amount::Amount,
    call::Call,
    db::{Db, Transaction},
    error::Error,
    extract::{Body, Path},
    list::filter,
    openapi::operation,
    product::Product,
    record::{Record, columns, param, record},
    reply::{Done, Json},
    resource::{self, Resource, Table, find, writable},
};

record! {
    /// What a tenant's products cost certain customers.
    pub struct PriceList {
        /// What it is known by.
        id: Uuid,
        /// The tenant whose list it is, such as `de`.
        tenant: String,
        /// The tenant's own short name for it, such as `PARTNER`.
        code: String,
        /// What it is called, such as `Partners`.
        name: String,
        /// Three letters (ISO 4217); stays once it has prices, such as `EUR`.
        currency: String,
        /// Whether it counts; if not, the products' own prices do.
        active: bool,
    }
}

columns! {
    /// What may be said about a price list.
    pub struct PriceListChange {
        code: String,
        name: String,
        currency: String,
        active: bool,
    }
}

filter! {
    /// Which price lists to list.
    pub struct PriceListFilter sorted by [code, name, currency] {
        /// The one of this code, such as `PARTNER`.
        code: String,
        /// Part of the name, in capitals or not, such as `partner`.
        name: String = "strpos(lower(name), lower({})) > 0",
        /// Three letters (ISO 4217), such as `EUR`.
        currency: String,
        /// Whether they count.
        active: bool,
    }
}

impl Resource for PriceList {
    const NAME: &'static str = "price list";
    const PLURAL: &'static str = "price lists";
    const PATH: &'static str = "/v1/price-lists";
    const TABLE: &'static str = "crm.price_list";
    type Id = Uuid;
    type Filter = PriceListFilter;

    fn id(&self) -> String {
        self.id.to_string()
    }
}

impl Table for PriceList {
    const OBJECT: &'static str = "price_list";
    const REQUIRED: &'static [&'static str] = &["code", "name", "currency"];
    type Change = PriceListChange;
}

record! {
    /// What a product costs in a price list from a day on.
    pub struct Price {
        /// The tenant whose list it is, such as `de`.
        tenant: String,
        /// The price list.
        price_list_id: Uuid,
        /// The product.
        product_id: Uuid,
        /// The first document date it is for; it ends where the product's next price begins.
        valid_from: NaiveDate,
        /// Of one unit, before tax, in the list's currency; null: the product's own again.
        unit_price: Option<Amount>,
    }
}

/// What a product is to cost.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPrice {
    /// Of one unit, before tax, in the list's currency; null: the product's own again.
    #[serde(deserialize_with = "Option::deserialize")]
    unit_price: Option<Amount>,
}

filter! {
    /// Which prices to list.
    pub struct PriceFilter sorted by [valid_from] {
        /// Of which price list.
        price_list_id: Uuid,
        /// Of which product.
        product_id: Uuid,
        /// Those that hold on this day.
        on: NaiveDate = "valid_from <= {} and not exists (
            select from crm.price as n
            where n.tenant_id = r.tenant_id and n.price_list_id = r.price_list_id
                and n.product_id = r.product_id
                and n.valid_from > r.valid_from and n.valid_from <= {}
        )",
    }
}

impl Resource for Price {
    const NAME: &'static str = "price";
    const PLURAL: &'static str = "prices";
    const PATH: &'static str = "/v1/prices";
    const TABLE: &'static str = "crm.price";
    const ID: &'static str = "id";
    type Id = String;
    type Filter = PriceFilter;

    fn id(&self) -> String {
        format!(
            "{}/{}/{}",
            self.price_list_id, self.product_id, self.valid_from
        )
    }

    fn source(rows: &str) -> String {
        format!(
            "(select r.*, t.code as tenant,
                concat_ws('/', r.price_list_id, r.product_id, r.valid_from) as id
            from {rows} r join mandant.tenant t on t.id = r.tenant_id) r"
        )
    }
}

/// Addresses.
pub fn routes() -> ApiRouter<Db> {
    ApiRouter::new()
        .merge(writable::<PriceList>())
        .api_route(
            Price::PATH,
            get_with(resource::list::<Price>, operation("List prices")),
        )
        .api_route(
            "/v1/prices/{price_list_id}/{product_id}/{valid_from}",
            get_with(read, operation("Read one price"))
                .put_with(set, operation("Set one price"))
                .delete_with(delete, operation("Delete one price")),
        )
}

/// What a price is known by: its list, its product, its first day.
type Key = (Uuid, Uuid, NaiveDate);

async fn find_price(tx: &Transaction, (list, product, from): Key) -> Result<Price, Error> {
    let statement = format!(
        "select {} from {} where price_list_id = $1 and product_id = $2 and valid_from = $3",
        Price::select(),
        Price::source(Price::TABLE)
    );
    tx.find(&statement, &[param(&list), param(&product), param(&from)])
        .await?
        .ok_or_else(|| Error::no_such(Price::NAME, format!("{list}/{product}/{from}")))
}

async fn read(call: Call, Path(key): Path<Key>) -> Result<Json<Price>, Error> {
    call.read(async |tx| find_price(&tx, key).await).await
}

/// That it may be written in its list's tenant, which row security does not say by name.
const MAY_WRITE: &str = "select mandant_internal.require('price_list', action, tenant_id)
    from crm.price_list, unnest($2::text[]) as action where id = $1";

async fn set(
    call: Call,
    Path(key): Path<Key>,
    Body(new): Body<NewPrice>,
) -> Result<Json<Price>, Error> {
    let (list, product, from) = key;
    // its tenant is the list's, whichever are selected
    let statement = format!(
        "with written as (
            insert into crm.price (tenant_id, price_list_id, product_id, valid_from, unit_price)
            select l.tenant_id, l.id, $2, $3, $4 from crm.price_list as l where l.id = $1
            on conflict on constraint price_pkey do update set unit_price = excluded.unit_price
            returning *
        ) select {} from {}",
        Price::select(),
        Price::source("written")
    );
    call.act(
        async |tx| find_price(&tx, key).await,
        async |tx| {
            find::<PriceList>(&tx, &list).await?;
            find::<Product>(&tx, &product).await?;
            let actions = vec!["create".to_owned(), "update".to_owned()];
            tx.execute(MAY_WRITE, &[param(&list), param(&actions)])
                .await?;
            let values = [
                param(&list),
                param(&product),
                param(&from),
                param(&new.unit_price),
            ];
            tx.row(&statement, &values).await
        },
    )
    .await
}

async fn delete(call: Call, Path(key): Path<Key>) -> Result<Done, Error> {
    let (list, product, from) = key;
    let statement = "delete from crm.price
        where price_list_id = $1 and product_id = $2 and valid_from = $3";
    call.finish(
        async |tx| find_price(&tx, key).await,
        async |tx| {
            find_price(&tx, key).await?;
            let actions = vec!["delete".to_owned()];
            tx.execute(MAY_WRITE, &[param(&list), param(&actions)])
                .await?;
            tx.execute(statement, &[param(&list), param(&product), param(&from)])
                .await?;
            Ok(())
        },
    )
    .await
}

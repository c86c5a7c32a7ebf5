//! Products: what a tenant sells, each with its price where no price list has another.

use aide::axum::ApiRouter;
use uuid::Uuid;

use crate::{
    amount::Amount,
    db::Db,
    list::filter,
    record::{columns, record},
    resource::{Resource, Table, writable},
};

record! {
    /// What a tenant sells.
    pub struct Product {
        /// What it is known by.
        id: Uuid,
        /// The tenant that sells it, such as `de`.
        tenant: String,
        /// The tenant's own short name for it, such as `CRM-STD`.
        code: String,
        /// As lines have it, such as `CRM Standard, one user`.
        name: String,
        /// What quantity one counts, such as `hour`.
        unit: String,
        /// Of one unit, before tax, where no price list has another.
        unit_price: Amount,
        /// Three letters (ISO 4217), such as `EUR`.
        currency: String,
        /// Percent of tax, where no code says it.
        tax_rate: Amount,
        /// The tax code whose rate counts, such as `standard`.
        tax_code: Option<String>,
        /// Whether it is sold still.
        active: bool,
    }
}

columns! {
    /// What may be said about a product.
    pub struct ProductChange {
        code: String,
        name: String,
        unit: String,
        unit_price: Amount,
        currency: String,
        tax_rate: Amount,
        tax_code: String,
        active: bool,
    }
}

filter! {
    /// Which products to list.
    pub struct ProductFilter sorted by [code, name, unit, unit_price, currency] {
        /// The one of this code, such as `CRM-STD`.
        code: String,
        /// Part of the name, in capitals or not, such as `crm`.
        name: String = "strpos(lower(name), lower({})) > 0",
        /// What quantity one counts, such as `hour`.
        unit: String,
        /// Three letters (ISO 4217), such as `EUR`.
        currency: String,
        /// The tax code whose rate counts, such as `standard`.
        tax_code: String,
        /// Whether they are sold still.
        active: bool,
    }
}

impl Resource for Product {
    const NAME: &'static str = "product";
    const PLURAL: &'static str = "products";
    const PATH: &'static str = "/v1/products";
    const TABLE: &'static str = "crm.product";
    type Id = Uuid;
    type Filter = ProductFilter;

    fn id(&self) -> String {
        self.id.to_string()
    }
}

impl Table for Product {
    const OBJECT: &'static str = "product";
    const REQUIRED: &'static [&'static str] =
        &["code", "name", "unit", "unit_price", "currency", "tax_rate"];
    type Change = ProductChange;
}

/// Addresses.
pub fn routes() -> ApiRouter<Db> {
    writable::<Product>()
}

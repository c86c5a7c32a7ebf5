//! Discounts that lines may name. All tenants share them.

use aide::axum::ApiRouter;
use chrono::NaiveDate;

use crate::{
    amount::Amount,
    db::Db,
    list::filter,
    nested::Texts,
    record::record,
    resource::{Resource, readable},
};

record! {
    /// A discount.
    pub struct Discount {
        /// What a line names it by, such as `VOLUME`.
        code: String,
        /// Its name by language.
        names: Texts,
        /// Percent of the price.
        percent: Amount,
        /// The first document date that it is given for.
        valid_from: NaiveDate,
        /// The first that it is no longer given for; null: it goes on.
        valid_until: Option<NaiveDate>,
    }
}

filter! {
    /// Which discounts to list.
    pub struct DiscountFilter sorted only by [code, percent, valid_from] {
        /// Those that are given on this day.
        on: NaiveDate = "valid_from <= {} and (valid_until > {} or valid_until is null)",
    }
}

impl Resource for Discount {
    const NAME: &'static str = "discount";
    const PLURAL: &'static str = "discounts";
    const PATH: &'static str = "/v1/discounts";
    const TABLE: &'static str = "crm.discount";
    const ID: &'static str = "code";
    type Id = String;
    type Filter = DiscountFilter;

    fn id(&self) -> String {
        self.code.clone()
    }

    fn source(rows: &str) -> String {
        rows.to_owned()
    }
}

/// Addresses.
pub fn routes() -> ApiRouter<Db> {
    readable::<Discount>()
}

//! Tax codes of countries, each with its rates by date. All tenants share them.

use aide::axum::ApiRouter;
use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    amount::Amount,
    db::Db,
    list::filter,
    nested::{Nested, Texts},
    record::record,
    resource::{Resource, readable},
};

record! {
    /// A tax code of a country.
    pub struct TaxCode {
        /// What it is known by, such as `DE.standard`.
        id: String,
        /// Two letters (ISO 3166), such as `DE`.
        country: String,
        /// What products and lines name it by, such as `standard`.
        code: String,
        /// What an electronic invoice calls it (EN 16931), such as `S`.
        category: String,
        /// What it is called, by language.
        titles: Texts,
        /// What a document has to say because of it, by language.
        note: Option<Texts>,
        /// Which rule of the country it follows, such as `R-DE-06`.
        rule: String,
        /// The law behind it, such as `§ 12 Abs. 1 UStG`.
        source: String,
        /// Its rates, each until the next begins.
        rates: Nested<Vec<TaxRate>>,
    }
}

/// The rate of a tax code from a day on.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct TaxRate {
    /// The first document date that it is for.
    valid_from: NaiveDate,
    /// Percent.
    rate: Amount,
    /// Which rule of the country it follows, such as `R-DE-06`.
    rule: String,
    /// The law behind it, such as `§ 12 Abs. 1 UStG`.
    source: String,
}

filter! {
    /// Which tax codes to list.
    pub struct TaxCodeFilter sorted by [country, code, category] {
        /// Two letters (ISO 3166), such as `DE`.
        country: String,
        /// What products and lines name it by, such as `standard`.
        code: String,
        /// What an electronic invoice calls it (EN 16931), such as `S`.
        category: String,
    }
}

impl Resource for TaxCode {
    const NAME: &'static str = "tax code";
    const PLURAL: &'static str = "tax codes";
    const PATH: &'static str = "/v1/tax-codes";
    const TABLE: &'static str = "crm.tax_code";
    const ID: &'static str = "id";
    type Id = String;
    type Filter = TaxCodeFilter;

    fn id(&self) -> String {
        self.id.clone()
    }

    fn source(rows: &str) -> String {
        format!(
            "(select r.*, concat_ws('.', r.country, r.code) as id, (
                select coalesce(jsonb_agg(jsonb_build_object(
                    'valid_from', o.valid_from, 'rate', o.rate::text, 'rule', o.rule,
                    'source', o.source
                ) order by o.valid_from), '[]')
                from crm.tax_rate o where o.country = r.country and o.code = r.code
            ) as rates from {rows} r) r"
        )
    }
}

/// Addresses.
pub fn routes() -> ApiRouter<Db> {
    readable::<TaxCode>()
}

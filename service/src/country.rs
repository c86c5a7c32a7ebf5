//! Countries, and what a country wants on documents. All tenants share them.

use aide::axum::ApiRouter;
use chrono::NaiveDate;

use crate::{
    amount::Amount,
    db::Db,
    list::filter,
    record::{choice, record},
    resource::{Resource, readable},
};

record! {
    /// A country or territory.
    pub struct Country {
        /// Two letters (ISO 3166), such as `DE`.
        code: String,
        /// Three letters, such as `DEU`.
        alpha3: String,
        /// Three digits, such as `276`.
        numeric_code: String,
        /// The English short name, such as `Germany`.
        name: String,
        /// The first day as member of the European Union; null: never.
        eu_from: Option<NaiveDate>,
        /// The first day no longer a member; null: still is one.
        eu_until: Option<NaiveDate>,
    }
}

filter! {
    /// Which countries to list.
    pub struct CountryFilter sorted only by [code, name] {
        /// Part of the name, in capitals or not, such as `germany`.
        name: String = "strpos(lower(name), lower({})) > 0",
        /// Members of the European Union on this day.
        eu_on: NaiveDate = "eu_from <= {} and (eu_until > {} or eu_until is null)",
    }
}

impl Resource for Country {
    const NAME: &'static str = "country";
    const PLURAL: &'static str = "countries";
    const PATH: &'static str = "/v1/countries";
    const TABLE: &'static str = "crm.country";
    const ID: &'static str = "code";
    type Id = String;
    type Filter = CountryFilter;

    fn id(&self) -> String {
        self.code.clone()
    }

    fn source(rows: &str) -> String {
        rows.to_owned()
    }
}

record! {
    /// Something that a posted document must show.
    pub struct MandatoryField {
        /// What it is known by, such as `DE.invoice.customer.city.2020-01-01`.
        id: String,
        /// In which country, such as `DE`.
        country: String,
        /// On which kind of document, such as `invoice`.
        kind: String,
        /// Whose: the `customer`'s, the document's or the company's.
        of: String,
        /// What, such as `city`.
        field: String,
        /// Not wanted in small documents: up to this gross.
        gross_above: Option<Amount>,
        /// The currency of that, such as `EUR`.
        currency: Option<String>,
        /// For customers in these countries only; null: in all, such as `DE`.
        customer_countries: Option<Vec<String>>,
        /// Only if a line has one of these tax categories; null: always, such as `K`.
        tax_categories: Option<Vec<String>>,
        /// The first document date that it is for.
        valid_from: NaiveDate,
        /// The first that it is not for; null: none.
        valid_until: Option<NaiveDate>,
        /// Which rule of the country it follows, such as `R-DE-01`.
        rule: String,
        /// The law behind it, such as `§ 14 Abs. 4 UStG`.
        source: String,
    }
}

choice! {
    /// Whose field it is.
    pub enum FieldOf {
        /// The customer's.
        Customer = "customer",
        /// The document's.
        Document = "document",
        /// The company's own.
        Company = "company",
    }
}

filter! {
    /// Which mandatory fields to list.
    pub struct MandatoryFieldFilter sorted by [country, kind, field, valid_from] {
        /// In which country, such as `DE`.
        country: String,
        /// On which kind of document, such as `invoice`.
        kind: String,
        /// Whose they are.
        of: FieldOf,
        /// Those that documents of this day must show.
        on: NaiveDate = "valid_from <= {} and (valid_until > {} or valid_until is null)",
    }
}

impl Resource for MandatoryField {
    const NAME: &'static str = "mandatory field";
    const PLURAL: &'static str = "mandatory fields";
    const PATH: &'static str = "/v1/mandatory-fields";
    const TABLE: &'static str = "crm.mandatory_field";
    const ID: &'static str = "id";
    type Id = String;
    type Filter = MandatoryFieldFilter;

    fn id(&self) -> String {
        self.id.clone()
    }

    fn source(rows: &str) -> String {
        format!(
            "(select r.*,
                concat_ws('.', r.country, r.kind, r.of, r.field, r.valid_from) as id
            from {rows} r) r"
        )
    }
}

/// Addresses.
pub fn routes() -> ApiRouter<Db> {
    ApiRouter::new()
        .merge(readable::<Country>())
        .merge(readable::<MandatoryField>())
}

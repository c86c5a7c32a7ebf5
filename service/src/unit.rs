//! Units of measure. All tenants share them.

use aide::axum::ApiRouter;

use crate::{
    db::Db,
    list::filter,
    nested::Texts,
    record::record,
    resource::{Resource, readable},
};

record! {
    /// A unit of measure.
    pub struct Unit {
        /// What products and lines name it by, such as `hour`.
        code: String,
        /// Its name by language.
        names: Texts,
        /// What others call it (UN/ECE Recommendation 20), such as `HUR`.
        unece: String,
    }
}

filter! {
    /// Which units to list.
    pub struct UnitFilter sorted only by [code, unece] {
        /// What others call it (UN/ECE Recommendation 20), such as `HUR`.
        unece: String,
    }
}

impl Resource for Unit {
    const NAME: &'static str = "unit";
    const PLURAL: &'static str = "units";
    const PATH: &'static str = "/v1/units";
    const TABLE: &'static str = "crm.unit";
    const ID: &'static str = "code";
    type Id = String;
    type Filter = UnitFilter;

    fn id(&self) -> String {
        self.code.clone()
    }

    fn source(rows: &str) -> String {
        rows.to_owned()
    }
}

/// Addresses.
pub fn routes() -> ApiRouter<Db> {
    readable::<Unit>()
}

//! Kinds of documents: what is made from which, and what a document can come to. All tenants share
//! them.

use aide::axum::ApiRouter;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    db::Db,
    list::filter,
    nested::{Nested, Texts},
    record::record,
    resource::{Resource, readable},
};

record! {
    /// A kind of document.
    pub struct DocumentKind {
        /// What documents name it by, such as `invoice`.
        code: String,
        /// Its English name, such as `Invoice`.
        name: String,
        /// What it is headed, by language; null: its name.
        titles: Option<Texts>,
        /// Whether its net adds to revenue: 1, 0 or -1.
        revenue_sign: i32,
        /// Whether its gross adds to what the customer owes: 1, 0 or -1.
        balance_sign: i32,
        /// Whether it may be made for a blocked customer.
        for_blocked_customer: bool,
        /// Whether it says when it was supplied.
        supplies: bool,
        /// Whether it is valid until a day only.
        expires: bool,
        /// Whether its paper shows prices.
        priced: bool,
        /// What it is kept as, such as `voucher`.
        record_class: String,
        /// What is made from it.
        conversions: Nested<Vec<DocumentConversion>>,
        /// What it can come to once it is posted.
        transitions: Nested<Vec<DocumentTransition>>,
    }
}

/// What is made from a kind of document.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct DocumentConversion {
    /// The kind that is made, such as `invoice`.
    to_kind: String,
    /// What that does to the lines it is made from, such as `invoiced`.
    counts_as: String,
    /// -1: it takes back by negative quantities.
    sign: i32,
    /// Only in tenants whose invoice policy is this; null: in all, such as `ordered`.
    invoice_policy: Option<String>,
    /// Whether also for blocked customers.
    for_blocked_customer: bool,
}

/// What a posted document can come to.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct DocumentTransition {
    /// What it is, such as `posted`.
    from_status: String,
    /// What it becomes, such as `accepted`.
    to_status: String,
    /// Whether by saying so, or by cancelling and revising only.
    by_hand: bool,
}

filter! {
    /// Which kinds of documents to list.
    pub struct DocumentKindFilter sorted only by [code, name, record_class] {
        /// Those that are made from this kind, such as `order`.
        from_kind: String = "exists (
            select from crm.document_conversion c where c.from_kind = {} and c.to_kind = r.code
        )",
    }
}

impl Resource for DocumentKind {
    const NAME: &'static str = "document kind";
    const PLURAL: &'static str = "document kinds";
    const PATH: &'static str = "/v1/document-kinds";
    const TABLE: &'static str = "crm.document_kind";
    const ID: &'static str = "code";
    type Id = String;
    type Filter = DocumentKindFilter;

    fn id(&self) -> String {
        self.code.clone()
    }

    fn source(rows: &str) -> String {
        format!(
            "(select r.*, (
                select coalesce(jsonb_agg(to_jsonb(c) order by c.to_kind), '[]')
                from crm.document_conversion c where c.from_kind = r.code
            ) as conversions, (
                select coalesce(jsonb_agg(to_jsonb(c) order by c.from_status, c.to_status), '[]')
                from crm.document_transition c where c.kind = r.code
            ) as transitions from {rows} r) r"
        )
    }
}

/// Addresses.
pub fn routes() -> ApiRouter<Db> {
    readable::<DocumentKind>()
}

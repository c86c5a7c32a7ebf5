//! How often and in which words is reminded. A tenant has the group's levels, or its own, which are
//! written all at once: on the way from one ladder to another they would overlap.

use aide::axum::{ApiRouter, routing::get_with};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    amount::Amount,
    call::Call,
    db::{Db, Transaction},
    error::Error,
    extract::Body,
    list::{self, Page, filter},
    nested::Texts,
    openapi::operation,
    record::{param, record},
    reply::{Json, json_value},
    resource::{self, Resource},
};

record! {
    /// A level of reminders.
    pub struct ReminderLevel {
        /// What it is known by, such as `de.2`.
        id: String,
        /// The tenant, such as `de`.
        tenant: String,
        /// How often it was reminded of with it, from 1.
        level: i32,
        /// Days after the due date from which it applies.
        days_overdue: i32,
        /// Days that must have passed since the level before.
        days_since_last: i32,
        /// Days in which it is to be paid.
        payment_days: i32,
        /// In the tenant's currency, once per letter; null: the setting `reminder_fee`.
        fee: Option<Amount>,
        /// What the letter is headed, by language.
        titles: Texts,
        /// What it says, by language.
        texts: Texts,
        /// Whether it is the group's, because the tenant has none of its own.
        inherited: bool,
    }
}

/// A level of the tenant's own; its place says which.
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewReminderLevel {
    /// Days after the due date from which it applies; more than of the one before.
    days_overdue: i32,
    /// Days that must have passed since the level before; 7 unless said.
    #[serde(skip_serializing_if = "Option::is_none")]
    days_since_last: Option<i32>,
    /// Days in which it is to be paid; 7 unless said.
    #[serde(skip_serializing_if = "Option::is_none")]
    payment_days: Option<i32>,
    /// In the tenant's currency, once per letter; the setting `reminder_fee` unless said.
    #[serde(skip_serializing_if = "Option::is_none")]
    fee: Option<Amount>,
    /// What the letter is headed, by language.
    titles: Texts,
    /// What it says, by language; {amount}, {fee}, {days} and {date} are filled in.
    texts: Texts,
}

/// All levels of the tenant's own.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewReminderLevels {
    /// The first for the first reminder; none: the group's again.
    items: Vec<NewReminderLevel>,
}

filter! {
    /// Which levels to list.
    #[derive(Default)]
    pub struct ReminderLevelFilter sorted by [level, days_overdue] {
        /// Which one, such as `2`.
        level: i32,
        /// Whether they are the group's.
        inherited: bool,
    }
}

impl Resource for ReminderLevel {
    const NAME: &'static str = "reminder level";
    const PLURAL: &'static str = "reminder levels";
    const PATH: &'static str = "/v1/reminder-levels";
    const TABLE: &'static str = "crm.effective_reminder_level";
    const ID: &'static str = "id";
    type Id = String;
    type Filter = ReminderLevelFilter;

    fn id(&self) -> String {
        self.id.clone()
    }

    fn source(rows: &str) -> String {
        format!(
            "(select r.*, t.code as tenant, concat_ws('.', t.code, r.level) as id
            from {rows} r join mandant.tenant t on t.id = r.tenant_id) r"
        )
    }
}

/// Addresses.
pub fn routes() -> ApiRouter<Db> {
    ApiRouter::new().api_route(
        ReminderLevel::PATH,
        get_with(
            resource::list::<ReminderLevel>,
            operation("List levels of reminders"),
        )
        .put_with(
            set_all,
            operation("Set all levels of reminders of the tenant's own at once"),
        ),
    )
}

/// The list as its address shows it, if one tenant is selected.
async fn all(tx: &Transaction) -> Result<Page<ReminderLevel>, Error> {
    let source = ReminderLevel::source(ReminderLevel::TABLE);
    list::page(
        tx,
        &source,
        ReminderLevel::ID,
        &ReminderLevelFilter::default(),
    )
    .await
}

async fn set_all(
    call: Call,
    Body(new): Body<NewReminderLevels>,
) -> Result<Json<Page<ReminderLevel>>, Error> {
    let levels = json_value(&new.items)?;
    call.act(
        async |tx| all(&tx).await,
        async |tx| {
            let statement = "select from crm.define_reminder_levels($1)";
            tx.execute(statement, &[param(&levels)]).await?;
            all(&tx).await
        },
    )
    .await
}

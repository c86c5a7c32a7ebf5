//! What is not reminded of, for a while or for good: an invoice, or a customer with all of theirs.

use aide::axum::{ApiRouter, routing::get_with};
use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use crate::{
    call::Call,
    db::Db,
    error::Error,
    extract::{Body, Path},
    function::{invoke, returned},
    list::filter,
    openapi::operation,
    record::{arguments, param, record},
    reply::{Created, Done},
    resource::{self, Resource, address, at, find},
};

record! {
    /// What is not to be reminded of.
    pub struct ReminderBlock {
        /// What it is known by.
        id: Uuid,
        /// The tenant, such as `de`.
        tenant: String,
        /// The invoice; null: all of the customer.
        document_id: Option<Uuid>,
        /// The customer; null: one invoice.
        customer_id: Option<Uuid>,
        /// Who owned it when it was blocked.
        owner_id: Option<Uuid>,
        /// The team of that day.
        team_id: Option<Uuid>,
        /// The last day; null: until it is lifted.
        blocked_until: Option<NaiveDate>,
        /// Why, such as `disputed`.
        reason: String,
        /// When it was blocked first.
        created_at: DateTime<Utc>,
        /// By whom.
        created_by: Option<Uuid>,
    }
}

arguments! {
    /// What is not to be reminded of; what is blocked already gets the new day and reason.
    pub struct NewReminderBlock {
        /// Why, such as `disputed`.
        reason: String,
    } perhaps {
        /// The invoice; or else the customer.
        document_id: Uuid,
        /// The customer, with all of theirs.
        customer_id: Uuid,
        /// The last day; until it is lifted unless said.
        until: NaiveDate,
    }
}

filter! {
    /// Which blocks to list.
    pub struct ReminderBlockFilter sorted by [created_at] {
        /// Of an invoice.
        document_id: Uuid,
        /// Of a customer.
        customer_id: Uuid,
        /// Whose.
        owner_id: Uuid,
        /// Of which team.
        team_id: Uuid,
        /// Which hold on this day.
        on: NaiveDate = "coalesce(blocked_until, 'infinity') >= {}",
    }
}

impl Resource for ReminderBlock {
    const NAME: &'static str = "reminder block";
    const PLURAL: &'static str = "reminder blocks";
    const PATH: &'static str = "/v1/reminder-blocks";
    const TABLE: &'static str = "crm.reminder_block";
    type Id = Uuid;
    type Filter = ReminderBlockFilter;

    fn id(&self) -> String {
        self.id.to_string()
    }
}

/// Addresses.
pub fn routes() -> ApiRouter<Db> {
    ApiRouter::new()
        .api_route(
            ReminderBlock::PATH,
            get_with(
                resource::list::<ReminderBlock>,
                operation("List reminder blocks"),
            )
            .post_with(block, operation("Keep something out of reminders")),
        )
        .api_route(
            &address::<ReminderBlock>(""),
            get_with(
                resource::read::<ReminderBlock>,
                operation("Read one reminder block"),
            )
            .delete_with(lift, operation("Lift a reminder block")),
        )
}

async fn block(
    call: Call,
    Body(new): Body<NewReminderBlock>,
) -> Result<Created<ReminderBlock>, Error> {
    let (function, values) = invoke("crm.block_reminders", &[], &new);
    call.create(at, async |tx| returned(&tx, &function, &values).await)
        .await
}

async fn lift(call: Call, Path(id): Path<Uuid>) -> Result<Done, Error> {
    let statement = "select from crm.unblock_reminders($1, $2)";
    call.finish(
        async |tx| find::<ReminderBlock>(&tx, &id).await,
        async |tx| {
            let block = find::<ReminderBlock>(&tx, &id).await?;
            let of = [param(&block.document_id), param(&block.customer_id)];
            tx.execute(statement, &of).await.map(|_| ())
        },
    )
    .await
}

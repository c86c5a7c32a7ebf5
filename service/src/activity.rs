//! What is to be done with a customer, what was done, and what is worth knowing. One belongs to a
//! customer, who follows from the opportunity or document that it is about.

use aide::axum::{ApiRouter, routing::post_with};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::{
    assign::assign,
    call::Call,
    db::Db,
    error::Error,
    extract::Path,
    list::filter,
    openapi::operation,
    record::{Record, choice, columns, param, record},
    reply::Json,
    resource::{Resource, Table, address, find, readable, refuse, writable},
};

record! {
    /// A task, call, meeting, e-mail or note.
    pub struct Activity {
        /// What it is known by.
        id: Uuid,
        /// The customer's tenant, such as `de`.
        tenant: String,
        /// The customer.
        customer_id: Uuid,
        /// The opportunity that it is about.
        opportunity_id: Option<Uuid>,
        /// The document that it is about.
        document_id: Option<Uuid>,
        /// What it is, such as `call`.
        kind: String,
        /// In a line, such as `Ask for the second plant`.
        subject: String,
        /// What there is to say about it, such as `They open in spring.`.
        body: Option<String>,
        /// When it is to be done, or begins; null: some time.
        due_at: Option<DateTime<Utc>>,
        /// When it was done; null: it is still to be done.
        done_at: Option<DateTime<Utc>>,
        /// The employee who does it, or keeps the note.
        owner_id: Option<Uuid>,
        /// The team that it belongs to.
        team_id: Option<Uuid>,
        /// When it was made.
        created_at: DateTime<Utc>,
        /// Who made it.
        created_by: Option<Uuid>,
        /// When it was last changed.
        updated_at: DateTime<Utc>,
    }
}

columns! {
    /// What may be said about an activity.
    pub struct ActivityChange {
        /// The customer; of the opportunity or document unless said.
        customer_id: Uuid,
        opportunity_id: Uuid,
        document_id: Uuid,
        kind: ActivityKind,
        subject: String,
        body: String,
        due_at: DateTime<Utc>,
        done_at: DateTime<Utc>,
        owner_id: Uuid,
        team_id: Uuid,
    }
}

choice! {
    /// What an activity is.
    pub enum ActivityKind {
        /// Something to be done.
        Task = "task",
        /// A call.
        Call = "call",
        /// A meeting.
        Meeting = "meeting",
        /// An e-mail.
        Email = "email",
        /// Something worth knowing, which is never done.
        Note = "note",
    }
}

filter! {
    /// Which activities to list; `due` is when they are due, never being the last.
    pub struct ActivityFilter sorted by [kind, due, created_at, updated_at] {
        /// Of which customer.
        customer_id: Uuid,
        /// About which opportunity.
        opportunity_id: Uuid,
        /// About which document.
        document_id: Uuid,
        /// What they are.
        kind: ActivityKind,
        /// The employee who does them.
        owner_id: Uuid,
        /// The team that they belong to.
        team_id: Uuid,
        /// Whether they are done.
        done: bool = "(done_at is not null) = {}",
        /// Due at this time or later.
        from: DateTime<Utc> = "due_at >= {}",
        /// Due before this time.
        to: DateTime<Utc> = "due_at < {}",
    }
}

/// With the order of what is due: some time is last.
fn with_due(rows: &str) -> String {
    format!(
        "(select r.*, t.code as tenant, coalesce(r.due_at, 'infinity') as due
        from {rows} r join mandant.tenant t on t.id = r.tenant_id) r"
    )
}

impl Resource for Activity {
    const NAME: &'static str = "activity";
    const PLURAL: &'static str = "activities";
    const PATH: &'static str = "/v1/activities";
    const TABLE: &'static str = "crm.activity";
    type Id = Uuid;
    type Filter = ActivityFilter;

    fn id(&self) -> String {
        self.id.to_string()
    }

    fn source(rows: &str) -> String {
        with_due(rows)
    }
}

impl Table for Activity {
    const OBJECT: &'static str = "activity";
    const REQUIRED: &'static [&'static str] = &["kind", "subject"];
    const FIXED: &'static [&'static str] = &["customer_id"];
    type Change = ActivityChange;
}

record! {
    /// What is still to be done.
    pub struct OpenActivity {
        /// What it is known by.
        id: Uuid,
        /// The customer's tenant, such as `de`.
        tenant: String,
        /// What it is, such as `call`.
        kind: String,
        /// In a line, such as `Ask for the second plant`.
        subject: String,
        /// When it is to be done, or begins; null: some time.
        due_at: Option<DateTime<Utc>>,
        /// Whether it should have been done by now.
        overdue: bool,
        /// The customer.
        customer_id: Uuid,
        /// Its name, if the caller sees it, such as `Bäckerei Huber GmbH`.
        customer_name: Option<String>,
        /// The opportunity that it is about.
        opportunity_id: Option<Uuid>,
        /// The document that it is about.
        document_id: Option<Uuid>,
        /// The employee who does it.
        owner_id: Option<Uuid>,
        /// The team that it belongs to.
        team_id: Option<Uuid>,
    }
}

filter! {
    /// Which of what is still to be done to list; `due` is when it is due, never being the last.
    pub struct OpenActivityFilter sorted by [kind, due] {
        /// Of which customer.
        customer_id: Uuid,
        /// What they are.
        kind: ActivityKind,
        /// The employee who does them.
        owner_id: Uuid,
        /// The team that they belong to.
        team_id: Uuid,
        /// Whether they should have been done by now.
        overdue: bool,
    }
}

impl Resource for OpenActivity {
    const NAME: &'static str = "open activity";
    const PLURAL: &'static str = "open activities";
    const PATH: &'static str = "/v1/open-activities";
    const TABLE: &'static str = "crm.open_activity";
    type Id = Uuid;
    type Filter = OpenActivityFilter;

    fn id(&self) -> String {
        self.id.to_string()
    }

    fn source(rows: &str) -> String {
        with_due(rows)
    }
}

/// Addresses.
pub fn routes() -> ApiRouter<Db> {
    writable::<Activity>()
        .api_route(
            &address::<Activity>("/done"),
            post_with(done, operation("Say that an activity is done")),
        )
        .api_route(
            &address::<Activity>("/assign"),
            post_with(assign::<Activity>, operation("Give an activity to another")),
        )
        .merge(readable::<OpenActivity>())
}

async fn done(call: Call, Path(id): Path<Uuid>) -> Result<Json<Activity>, Error> {
    let statement = format!(
        "with written as (
            update crm.activity set done_at = coalesce(done_at, now()) where id = $1 returning *
        ) select {} from {}",
        Activity::select(),
        Activity::source("written")
    );
    call.act(
        async |tx| find::<Activity>(&tx, &id).await,
        async |tx| match tx.find(&statement, &[param(&id)]).await? {
            Some(row) => Ok(row),
            None => Err(refuse::<Activity>(&tx, "update", &id).await),
        },
    )
    .await
}

//! Snapshots of the forecast: every opportunity of a tenant as it was at a moment, which stays, and what
//! has changed since the last one.

use aide::axum::{ApiRouter, routing::get_with};
use chrono::{DateTime, NaiveDate, Utc};
use tokio::try_join;
use uuid::Uuid;

use crate::{
    amount::Amount,
    call::Call,
    db::Db,
    error::Error,
    extract::{Body, Path, Query},
    function::{invoke, returned},
    list::{self, Page, filter},
    openapi::operation,
    record::{arguments, choice, param, record},
    reply::{Created, Json},
    resource::{self, Resource, address, at, find},
    stage::{ForecastCategory, Outcome},
};

record! {
    /// When the forecast was kept as it was.
    pub struct ForecastSnapshot {
        /// What it is known by; a later id is later.
        id: Uuid,
        /// The tenant, such as `de`.
        tenant: String,
        /// What it is called, such as `KW 48`.
        label: Option<String>,
        /// The day in the tenant's time zone.
        taken_on: NaiveDate,
        /// When it was taken.
        taken_at: DateTime<Utc>,
        /// Who took it.
        taken_by: Option<Uuid>,
    }
}

arguments! {
    /// A snapshot to be taken.
    pub struct NewForecastSnapshot {} perhaps {
        /// Whose forecast; the selected tenant's unless said, such as `de`.
        tenant: String,
        label: String,
    }
}

filter! {
    /// Which snapshots to list.
    pub struct ForecastSnapshotFilter sorted by [taken_on, taken_at] {
        /// Whose forecast, such as `de`.
        tenant: String,
        /// What they are called, such as `KW 48`.
        label: String,
        /// Taken on this day or later.
        from: NaiveDate = "taken_on >= {}",
        /// Taken on this day or earlier.
        to: NaiveDate = "taken_on <= {}",
        /// Who took them.
        taken_by: Uuid,
    }
}

impl Resource for ForecastSnapshot {
    const NAME: &'static str = "forecast snapshot";
    const PLURAL: &'static str = "forecast snapshots";
    const PATH: &'static str = "/v1/forecast-snapshots";
    const TABLE: &'static str = "crm.forecast_snapshot";
    type Id = Uuid;
    type Filter = ForecastSnapshotFilter;

    fn id(&self) -> String {
        self.id.to_string()
    }
}

record! {
    /// An opportunity as it was at a snapshot.
    pub struct KeptOpportunity {
        /// The opportunity, which may be gone by now.
        opportunity_id: Uuid,
        /// The customer.
        customer_id: Uuid,
        /// What it was about, such as `ERP for the second plant`.
        name: String,
        /// Who pursued it.
        owner_id: Option<Uuid>,
        /// The team that it belonged to, and which may be gone by now.
        team_id: Option<Uuid>,
        /// How far it was, such as `qualify`.
        stage: String,
        /// Whether it was `open`, won or lost.
        outcome: String,
        /// Where the forecast counted it, such as `commit`.
        category: Option<String>,
        /// Percent, its own or its stage's.
        probability: Option<Amount>,
        /// What it was worth before tax; null: that was not known.
        amount: Option<Amount>,
        /// Three letters (ISO 4217), such as `EUR`.
        currency: String,
        /// The amount in the tenant's currency; null: there was no rate.
        tenant_amount: Option<Amount>,
        /// That currency, such as `EUR`.
        tenant_currency: String,
        /// The amount in the group's currency; null: there was no rate.
        group_amount: Option<Amount>,
        /// That currency, such as `EUR`.
        group_currency: String,
        /// The day on which the customer was to decide.
        expected_close: Option<NaiveDate>,
        /// The day on which it was won or lost.
        closed_on: Option<NaiveDate>,
    }
}

filter! {
    /// Which opportunities of a snapshot to list.
    pub struct KeptOpportunityFilter sorted only by [
        opportunity_id, name, stage, outcome, currency
    ] {
        /// Which one.
        opportunity_id: Uuid,
        /// Of which customer.
        customer_id: Uuid,
        /// Who pursued them.
        owner_id: Uuid,
        /// The team that they belonged to.
        team_id: Uuid,
        /// How far they were, such as `qualify`.
        stage: String,
        /// Whether they were open, won or lost.
        outcome: Outcome,
        /// Where the forecast counted them.
        category: ForecastCategory,
    }
}

record! {
    /// What has changed in an opportunity since its tenant's last snapshot.
    pub struct ForecastChange {
        /// The tenant, such as `de`.
        tenant: String,
        /// The last snapshot of the tenant.
        snapshot_id: Uuid,
        /// What that is called, such as `KW 48`.
        label: Option<String>,
        /// The day on which it was taken.
        taken_on: NaiveDate,
        /// The opportunity.
        opportunity_id: Uuid,
        /// What it is about, such as `ERP for the second plant`.
        opportunity: String,
        /// The customer.
        customer_id: Uuid,
        /// What became of it: new, `won`, lost, reopened, changed; gone: deleted, or out of sight.
        change: String,
        /// Who pursued it at the snapshot.
        employee_id_before: Option<Uuid>,
        /// Who pursues it.
        employee_id_after: Option<Uuid>,
        /// Its stage at the snapshot, such as `qualify`.
        stage_before: Option<String>,
        /// Its stage, such as `won`.
        stage_after: Option<String>,
        /// Where the forecast counted it at the snapshot, such as `pipeline`.
        category_before: Option<String>,
        /// Where the forecast counts it, such as `closed`.
        category_after: Option<String>,
        /// The day on which the customer was to decide, at the snapshot.
        expected_close_before: Option<NaiveDate>,
        /// The day on which the customer is to decide.
        expected_close_after: Option<NaiveDate>,
        /// What it was worth at the snapshot.
        amount_before_document: Option<Amount>,
        /// Its currency at the snapshot, such as `EUR`.
        currency_before_document: Option<String>,
        /// What it is worth.
        amount_after_document: Option<Amount>,
        /// Its currency, such as `EUR`.
        currency_after_document: Option<String>,
    }
}

choice! {
    /// What became of an opportunity since a snapshot.
    pub enum Became {
        /// It was made since, or is in sight only since.
        New = "new",
        /// It was won.
        Won = "won",
        /// It was lost.
        Lost = "lost",
        /// It is open again.
        Reopened = "reopened",
        /// Something else about it is otherwise.
        Changed = "changed",
        /// It was deleted, or is out of sight.
        Gone = "gone",
    }
}

filter! {
    /// Which changes to list.
    pub struct ForecastChangeFilter sorted only by [tenant, opportunity_id, opportunity, change] {
        /// Of which tenant, such as `de`.
        tenant: String,
        /// Of which opportunity.
        opportunity_id: Uuid,
        /// Of which customer.
        customer_id: Uuid,
        /// What became of it.
        change: Became,
        /// Who pursues it.
        employee_id_after: Uuid,
    }
}

/// Addresses.
pub fn routes() -> ApiRouter<Db> {
    let one = |below| address::<ForecastSnapshot>(below);
    ApiRouter::new()
        .api_route(
            ForecastSnapshot::PATH,
            get_with(
                resource::list::<ForecastSnapshot>,
                operation("List forecast snapshots"),
            )
            .post_with(take, operation("Take a snapshot of the forecast")),
        )
        .api_route(
            &one(""),
            get_with(
                resource::read::<ForecastSnapshot>,
                operation("Read one forecast snapshot"),
            ),
        )
        .api_route(
            &one("/opportunities"),
            get_with(
                opportunities,
                operation("List the opportunities of a forecast snapshot"),
            ),
        )
        .api_route(
            "/v1/forecast-changes",
            get_with(
                changes,
                operation("List what has changed since the last forecast snapshot"),
            ),
        )
}

async fn take(
    call: Call,
    Body(new): Body<NewForecastSnapshot>,
) -> Result<Created<ForecastSnapshot>, Error> {
    let (function, values) = invoke("crm.take_forecast_snapshot", &[], &new);
    call.create(at, async |tx| returned(&tx, &function, &values).await)
        .await
}

async fn opportunities(
    call: Call,
    Path(id): Path<Uuid>,
    Query(filter): Query<KeptOpportunityFilter>,
) -> Result<Json<Page<KeptOpportunity>>, Error> {
    let source = "(select * from crm.forecast_snapshot_row where snapshot_id = $1) r";
    call.read(async |tx| {
        let within = [param(&id)];
        let kept = list::page_of(&tx, source, "opportunity_id", &within, &filter);
        try_join!(biased; find::<ForecastSnapshot>(&tx, &id), kept).map(|(_, kept)| kept)
    })
    .await
}

async fn changes(
    call: Call,
    Query(filter): Query<ForecastChangeFilter>,
) -> Result<Json<Page<ForecastChange>>, Error> {
    let source = "report.forecast_change";
    call.read_at_once(async |tx| list::page(&tx, source, "tenant,opportunity_id", &filter).await)
        .await
}

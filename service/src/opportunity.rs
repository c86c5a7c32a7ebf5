//! Opportunities: what a customer may buy. One is moved by a change of its stage, which closes or
//! opens it, and its way through the stages is written down.

use aide::axum::{
    ApiRouter,
    routing::{get_with, post_with},
};
use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use crate::{
    amount::Amount,
    assign::assign,
    call::Call,
    db::Db,
    error::Error,
    extract::Body,
    function::{invoke, returned},
    list::filter,
    openapi::operation,
    record::{arguments, columns, record},
    reply::Created,
    resource::{self, Resource, Table, address, at, changeable, readable},
    stage::{ForecastCategory, Outcome},
};

record! {
    /// What a customer may buy.
    pub struct Opportunity {
        /// What it is known by.
        id: Uuid,
        /// The customer's tenant, such as `de`.
        tenant: String,
        /// The customer.
        customer_id: Uuid,
        /// What it is about, such as `ERP for the second plant`.
        name: String,
        /// How far it is, such as `qualify`.
        stage: String,
        /// Whether it is `open`, won or lost, as its stage has it.
        outcome: String,
        /// Its own percentage; null: the stage's.
        probability: Option<Amount>,
        /// Its own place in the forecast; null: the stage's, such as `commit`.
        forecast_category: Option<String>,
        /// What it is worth before tax; null: not known yet.
        amount: Option<Amount>,
        /// Three letters (ISO 4217), such as `EUR`.
        currency: String,
        /// The day on which the customer is to decide.
        expected_close: Option<NaiveDate>,
        /// Where it comes from, such as `trade fair`.
        source: Option<String>,
        /// The employee who pursues it.
        owner_id: Option<Uuid>,
        /// The team that it belongs to.
        team_id: Option<Uuid>,
        /// When it was won or lost.
        closed_at: Option<DateTime<Utc>>,
        /// That day in the tenant's time zone.
        closed_on: Option<NaiveDate>,
        /// Why it was lost, such as `too dear`.
        lost_reason: Option<String>,
        /// When it was made.
        created_at: DateTime<Utc>,
        /// Who made it.
        created_by: Option<Uuid>,
        /// When it was last changed.
        updated_at: DateTime<Utc>,
    }
}

arguments! {
    /// An opportunity to be made.
    pub struct NewOpportunity {
        /// The customer; its tenant is the opportunity's.
        customer_id: Uuid,
        /// What it is about, such as `ERP for the second plant`.
        name: String,
    } perhaps {
        /// What it is worth before tax.
        amount: Amount,
        /// Three letters; the customer's, or the tenant's, unless said, such as `EUR`.
        currency: String,
        /// The day on which the customer is to decide.
        expected_close: NaiveDate,
        /// How far it is; the first that is open unless said, such as `qualify`.
        stage: String,
        /// Its own percentage; the stage's unless said.
        probability: Amount,
        /// Where it comes from, such as `trade fair`.
        source: String,
        /// The employee who pursues it; the caller unless said.
        owner_id: Uuid,
    }
}

columns! {
    /// What may be said about an opportunity.
    pub struct OpportunityChange {
        name: String,
        stage: String,
        probability: Amount,
        forecast_category: ForecastCategory,
        amount: Amount,
        currency: String,
        expected_close: NaiveDate,
        source: String,
        owner_id: Uuid,
        team_id: Uuid,
        lost_reason: String,
    }
}

filter! {
    /// Which opportunities to list; `closing` is the expected close, none being the last.
    pub struct OpportunityFilter sorted by [
        name, stage, outcome, currency, closing, created_at, updated_at
    ] {
        /// Of which customer.
        customer_id: Uuid,
        /// Part of the name, in capitals or not, such as `erp`.
        name: String = "strpos(lower(name), lower({})) > 0",
        /// How far they are, such as `qualify`.
        stage: String,
        /// Whether they are open, won or lost.
        outcome: Outcome,
        /// Three letters (ISO 4217), such as `EUR`.
        currency: String,
        /// Where they come from, such as `trade fair`.
        source: String,
        /// The employee who pursues them.
        owner_id: Uuid,
        /// The team that they belong to.
        team_id: Uuid,
        /// To be decided on this day or later.
        from: NaiveDate = "expected_close >= {}",
        /// To be decided on this day or earlier.
        to: NaiveDate = "expected_close <= {}",
    }
}

impl Resource for Opportunity {
    const NAME: &'static str = "opportunity";
    const PLURAL: &'static str = "opportunities";
    const PATH: &'static str = "/v1/opportunities";
    const TABLE: &'static str = "crm.opportunity";
    type Id = Uuid;
    type Filter = OpportunityFilter;

    fn id(&self) -> String {
        self.id.to_string()
    }

    fn source(rows: &str) -> String {
        format!(
            "(select r.*, t.code as tenant, coalesce(r.expected_close, 'infinity') as closing
            from {rows} r join mandant.tenant t on t.id = r.tenant_id) r"
        )
    }
}

impl Table for Opportunity {
    const OBJECT: &'static str = "opportunity";
    const REQUIRED: &'static [&'static str] = &[];
    type Change = OpportunityChange;
}

record! {
    /// A change of an opportunity's stage.
    pub struct StageMove {
        /// What it is known by.
        id: Uuid,
        /// The tenant, such as `de`.
        tenant: String,
        /// The opportunity.
        opportunity_id: Uuid,
        /// Where it came from; null: it was made, such as `qualify`.
        from_stage: Option<String>,
        /// The stage that it entered, such as `develop`.
        to_stage: String,
        /// Whether that left it `open`, or won or lost.
        outcome: String,
        /// Percent, at that moment.
        probability: Amount,
        /// What it was worth, at that moment.
        amount: Option<Amount>,
        /// Three letters (ISO 4217), such as `EUR`.
        currency: String,
        /// When it was.
        changed_at: DateTime<Utc>,
        /// Who moved it.
        changed_by: Option<Uuid>,
    }
}

filter! {
    /// Which changes of stages to list.
    pub struct StageMoveFilter sorted by [changed_at, to_stage] {
        /// Of which opportunity.
        opportunity_id: Uuid,
        /// Where they came from, such as `qualify`.
        from_stage: String,
        /// The stage that they entered, such as `develop`.
        to_stage: String,
        /// Whether that left them open, or won or lost.
        outcome: Outcome,
        /// Who moved them.
        changed_by: Uuid,
        /// From then on.
        since: DateTime<Utc> = "changed_at >= {}",
    }
}

impl Resource for StageMove {
    const NAME: &'static str = "stage change";
    const PLURAL: &'static str = "stage changes";
    const PATH: &'static str = "/v1/stage-changes";
    const TABLE: &'static str = "crm.stage_change";
    type Id = Uuid;
    type Filter = StageMoveFilter;

    fn id(&self) -> String {
        self.id.to_string()
    }
}

/// Addresses.
pub fn routes() -> ApiRouter<Db> {
    changeable::<Opportunity>()
        .api_route(
            Opportunity::PATH,
            get_with(
                resource::list::<Opportunity>,
                operation("List opportunities"),
            )
            .post_with(create, operation("Create one opportunity")),
        )
        .api_route(
            &address::<Opportunity>("/assign"),
            post_with(
                assign::<Opportunity>,
                operation("Give an opportunity to another"),
            ),
        )
        .merge(readable::<StageMove>())
}

async fn create(
    call: Call,
    Body(new): Body<NewOpportunity>,
) -> Result<Created<Opportunity>, Error> {
    let (function, values) = invoke("crm.create_opportunity", &[], &new);
    call.create(at, async |tx| returned(&tx, &function, &values).await)
        .await
}

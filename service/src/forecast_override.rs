//! What people say of the forecast, beside what follows from the opportunities. Who says it decides the
//! level; what one says of the same again takes the place of what one said before.

use aide::axum::{ApiRouter, routing::get_with};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::{
    amount::Amount,
    call::Call,
    db::Db,
    error::Error,
    extract::Body,
    function::{invoke, returned},
    list::filter,
    openapi::operation,
    record::{arguments, choice, columns, record},
    reply::Created,
    resource::{self, Resource, Table, at, changeable},
};

record! {
    /// What is said of an employee's forecast of a month.
    pub struct ForecastOverride {
        /// What it is known by.
        id: Uuid,
        /// The tenant, such as `de`.
        tenant: String,
        /// The employee whose opportunities it is about.
        employee_id: Uuid,
        /// The team that it counts for.
        team_id: Option<Uuid>,
        /// Of the tenant's calendar, such as `2026`.
        fiscal_year: i32,
        /// The month of the fiscal year, from 1, such as `12`.
        period: i32,
        /// What it is about: pipeline, best_case or `commit`.
        category: String,
        /// Who says so: `owner`, the employee; manager: somebody else, whose word counts first.
        level: String,
        /// What the category is expected to be in that month.
        amount: Amount,
        /// The tenant's, when it was said, such as `EUR`.
        currency: String,
        /// Why it differs from the opportunities, such as `two of the three rigs`.
        reason: Option<String>,
        /// Who said so last.
        made_by: Option<Uuid>,
        /// When that was.
        made_at: DateTime<Utc>,
    }
}

arguments! {
    /// What is to be said of a forecast.
    pub struct NewForecastOverride {
        /// What it is about.
        category: OverriddenCategory,
        /// What it is expected to be in that month, in the tenant's currency.
        amount: Amount,
        fiscal_year: i32,
        period: i32,
    } perhaps {
        /// The employee or login whose opportunities it is about; oneself unless said, such as `rep@de.example`.
        employee: String,
        /// What it counts for; the team joined first unless said; empty: none, such as `Vertrieb Süd`.
        team: String,
        reason: String,
    }
}

columns! {
    /// What may be said otherwise.
    pub struct ForecastOverrideChange {
        amount: Amount,
        reason: String,
    }
}

choice! {
    /// What can be said of a forecast.
    pub enum OverriddenCategory {
        /// What will be won.
        Commit = "commit",
        /// What is won if all goes well.
        BestCase = "best_case",
        /// What may be won.
        Pipeline = "pipeline",
    }
}

choice! {
    /// Who says something of a forecast.
    pub enum OverrideLevel {
        /// The employee.
        Owner = "owner",
        /// Somebody else.
        Manager = "manager",
    }
}

filter! {
    /// What to list of what is said of forecasts.
    pub struct ForecastOverrideFilter sorted by [
        fiscal_year, period, category, level, amount, made_at
    ] {
        /// About whose opportunities.
        employee_id: Uuid,
        /// The team that it counts for.
        team_id: Uuid,
        /// Of the tenant's calendar, such as `2026`.
        fiscal_year: i32,
        /// The month of the fiscal year, such as `12`.
        period: i32,
        /// What it is about.
        category: OverriddenCategory,
        /// Who says so.
        level: OverrideLevel,
        /// Who said so last.
        made_by: Uuid,
    }
}

impl Resource for ForecastOverride {
    const NAME: &'static str = "forecast override";
    const PLURAL: &'static str = "forecast overrides";
    const PATH: &'static str = "/v1/forecast-overrides";
    const TABLE: &'static str = "crm.forecast_override";
    type Id = Uuid;
    type Filter = ForecastOverrideFilter;

    fn id(&self) -> String {
        self.id.to_string()
    }
}

impl Table for ForecastOverride {
    const OBJECT: &'static str = "forecast";
    const REQUIRED: &'static [&'static str] = &[];
    type Change = ForecastOverrideChange;
}

/// Addresses.
pub fn routes() -> ApiRouter<Db> {
    changeable::<ForecastOverride>().api_route(
        ForecastOverride::PATH,
        get_with(
            resource::list::<ForecastOverride>,
            operation("List forecast overrides"),
        )
        .post_with(say, operation("Override the forecast of a month")),
    )
}

async fn say(
    call: Call,
    Body(new): Body<NewForecastOverride>,
) -> Result<Created<ForecastOverride>, Error> {
    let (function, values) = invoke("crm.override_forecast", &[], &new);
    call.create(at, async |tx| returned(&tx, &function, &values).await)
        .await
}

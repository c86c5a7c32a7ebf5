//! Targets: what an employee, a team, a tenant or the group is to reach. Whose one is and for when stays;
//! its amount, currency and the day of its rates can be changed, and all that follows from them does.

use aide::axum::{ApiRouter, routing::get_with};
use chrono::{DateTime, NaiveDate, Utc};
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
    /// What somebody is to reach in a period.
    pub struct Target {
        /// What it is known by.
        id: Uuid,
        /// The tenant, such as `de`.
        tenant: String,
        /// Whose it is: `employee`, team or tenant; group: of the tenant and all below it.
        scope: String,
        /// The employee whose it is; null: nobody's own.
        employee_id: Option<Uuid>,
        /// The team whose it is, or which the employee's counts for.
        team_id: Option<Uuid>,
        /// What counts: `revenue` or bookings.
        measure: String,
        /// What the period is: month, `quarter` or year.
        period_type: String,
        /// Of the tenant's calendar, such as `2026`.
        fiscal_year: i32,
        /// The month or quarter of the fiscal year, from 1; null: the year.
        period: Option<i32>,
        /// Of the period, by the calendar as it was when the target was set.
        first_day: NaiveDate,
        /// Of the period, by the calendar as it was when the target was set.
        last_day: NaiveDate,
        /// What is to be reached.
        amount: Amount,
        /// Three letters (ISO 4217), such as `EUR`.
        currency: String,
        /// The day whose exchange rates count.
        rate_date: NaiveDate,
        /// The amount in the tenant's currency.
        tenant_amount: Amount,
        /// That currency, as it was when the target was set, such as `EUR`.
        tenant_currency: String,
        /// The amount in the group's currency.
        group_amount: Amount,
        /// That currency, as it was when the target was set, such as `EUR`.
        group_currency: String,
        /// When it was set.
        created_at: DateTime<Utc>,
        /// Who set it.
        created_by: Option<Uuid>,
        /// When it was last changed.
        updated_at: DateTime<Utc>,
    }
}

arguments! {
    /// A target to be set.
    pub struct NewTarget {
        /// Whose it is.
        scope: TargetScope,
        /// The employee's e-mail address, the team's name, tenant/name or id, or the tenant's code, such as `rep@de.example`.
        subject: String,
        /// What counts.
        measure: Measure,
        amount: Amount,
        fiscal_year: i32,
    } perhaps {
        /// What the period is; the year unless said.
        period_type: PeriodType,
        period: i32,
        /// Three letters; the tenant's, or the group's, unless said, such as `EUR`.
        currency: String,
        /// What an employee's counts for; the team joined first unless said; empty: none, such as `Vertrieb Süd`.
        team: String,
        /// The day whose exchange rates count; today unless said.
        rate_date: NaiveDate,
    }
}

columns! {
    /// What may be said about a target.
    pub struct TargetChange {
        amount: Amount,
        currency: String,
        rate_date: NaiveDate,
    }
}

choice! {
    /// Whose a target is.
    pub enum TargetScope {
        /// An employee's.
        Employee = "employee",
        /// A team's.
        Team = "team",
        /// A tenant's.
        Tenant = "tenant",
        /// Of a tenant and all below it.
        Group = "group",
    }
}

choice! {
    /// What counts for a target.
    pub enum Measure {
        /// Posted invoices less credit notes, net.
        Revenue = "revenue",
        /// Opportunities won.
        Bookings = "bookings",
    }
}

choice! {
    /// What a period of the fiscal calendar is.
    pub enum PeriodType {
        /// A quarter.
        Quarter = "quarter",
        /// A month.
        Month = "month",
        /// All of the year, which takes no number.
        Year = "year",
    }
}

filter! {
    /// Which targets to list.
    pub struct TargetFilter sorted by [
        scope, measure, period_type, fiscal_year, first_day, last_day, currency, group_amount,
        created_at, updated_at
    ] {
        /// Whose they are.
        scope: TargetScope,
        /// The employee whose they are.
        employee_id: Uuid,
        /// The team whose they are, or which an employee's count for.
        team_id: Uuid,
        /// What counts.
        measure: Measure,
        /// What their period is.
        period_type: PeriodType,
        /// Of the tenant's calendar, such as `2026`.
        fiscal_year: i32,
        /// The month or quarter of the fiscal year.
        period: i32,
        /// Three letters (ISO 4217), such as `EUR`.
        currency: String,
        /// With this day in their period.
        on: NaiveDate = "{} between first_day and last_day",
    }
}

impl Resource for Target {
    const NAME: &'static str = "target";
    const PLURAL: &'static str = "targets";
    const PATH: &'static str = "/v1/targets";
    const TABLE: &'static str = "crm.target";
    type Id = Uuid;
    type Filter = TargetFilter;

    fn id(&self) -> String {
        self.id.to_string()
    }
}

impl Table for Target {
    const OBJECT: &'static str = "target";
    const REQUIRED: &'static [&'static str] = &[];
    type Change = TargetChange;
}

/// Addresses.
pub fn routes() -> ApiRouter<Db> {
    changeable::<Target>().api_route(
        Target::PATH,
        get_with(resource::list::<Target>, operation("List targets"))
            .post_with(set, operation("Set one target")),
    )
}

async fn set(call: Call, Body(new): Body<NewTarget>) -> Result<Created<Target>, Error> {
    let (function, values) = invoke("crm.set_target", &[], &new);
    call.create(at, async |tx| returned(&tx, &function, &values).await)
        .await
}

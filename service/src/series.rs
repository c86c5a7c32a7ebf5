//! Number series, as they number documents of today and from which date on otherwise. A series is known
//! by its kind, and its branch if it has one, in the one selected tenant.

use aide::axum::{
    ApiRouter,
    routing::{get_with, post_with},
};
use chrono::{DateTime, NaiveDate, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::try_join;
use uuid::Uuid;

use crate::{
    call::Call,
    db::{Db, Transaction},
    employee::HERE,
    error::Error,
    extract::{Body, Path, Query},
    function::{invoke, returned},
    list::{self, Page, filter},
    openapi::operation,
    record::{Columns, Param, Record, arguments, param, record},
    reply::{Created, Json},
    resource::{self, Resource},
};

record! {
    /// A number series.
    pub struct Series {
        /// Whose it is, such as `de`.
        tenant: String,
        /// What it numbers, such as `invoice`.
        kind: String,
        /// The branch it is for, if it is for one, such as `SUED`.
        branch: Option<String>,
        /// What numbers look like; null: it is closed, such as `RE-{yyyy}-{n:5}`.
        pattern: Option<String>,
        /// When numbers begin again: never, `year`, fiscal_year, month or day.
        reset: String,
        /// `gapless`, gapless_chronological or unique.
        policy: String,
        /// The first number of a period.
        start: i64,
        /// What the next number of today would be; others may take it, such as `RE-2026-00027`.
        next_preview: Option<String>,
        /// The last number of a period; null: as many as there are.
        last: Option<i64>,
        /// From which number on a draw warns.
        warn_at: Option<i64>,
        /// Whether people may choose numbers.
        manual: bool,
        /// From which document date on; null: from the first.
        valid_from: Option<NaiveDate>,
        /// From which document date on it numbers otherwise.
        next_change: Option<NaiveDate>,
        /// The tenant that manages it, where several draw from it, such as `group`.
        shared_from: Option<String>,
    }
}

record! {
    /// How a series numbers documents from a date on.
    pub struct SeriesVersion {
        /// Whose series, such as `de`.
        tenant: String,
        /// What it numbers, such as `invoice`.
        kind: String,
        /// The branch it is for, if it is for one, such as `SUED`.
        branch: Option<String>,
        /// From which document date on; null: from the first.
        valid_from: Option<NaiveDate>,
        /// What numbers look like; null: closed from then on, such as `RE-{yyyy}-{n:5}`.
        pattern: Option<String>,
        /// When numbers begin again, such as `year`.
        reset: String,
        /// How strictly, such as `gapless`.
        policy: String,
        /// The first number of a period.
        start: i64,
        /// The last number of a period; null: as many as there are.
        last: Option<i64>,
        /// From which number on a draw warns.
        warn_at: Option<i64>,
        /// Whether people may choose numbers.
        manual: bool,
        /// When it was said.
        created_at: DateTime<Utc>,
        /// Who said it, such as `mandant_admin`.
        created_by: Option<String>,
    }
}

arguments! {
    /// A new series of the selected tenant.
    pub struct NewSeries {
        kind: String,
        pattern: String,
    } perhaps {
        branch: String,
        reset: String,
        policy: String,
        start: i64,
        last: i64,
        warn_at: i64,
        manual: bool,
        valid_from: NaiveDate,
        /// Tenants that draw from it as well, such as `us`.
        shared_with: Vec<String>,
    }
}

arguments! {
    /// How a series is to number from a date on; what is absent or null stays.
    pub struct SeriesChange {
        /// The first document date it counts for.
        from_date: NaiveDate,
    } perhaps {
        branch: String,
        pattern: String,
        reset: String,
        policy: String,
        start: i64,
        last: i64,
        warn_at: i64,
        manual: bool,
        /// Tenants that draw from it as well from now on, such as `us`.
        shared_with: Vec<String>,
        /// Why, such as `the auditor wants the year in it`.
        reason: String,
    }
}

arguments! {
    /// Since when a series gives no number.
    pub struct Closure {
        /// The first document date that gets none.
        from_date: NaiveDate,
    } perhaps {
        /// The branch it is for, if it is for one, such as `SUED`.
        branch: String,
        /// Why, such as `the branch is gone`.
        reason: String,
    }
}

arguments! {
    /// Numbers that somebody gives out elsewhere.
    pub struct NewReservation {
        /// How many.
        count: i32,
        /// For whom, as the gap report says, such as `the fair in Hannover`.
        holder: String,
        /// Until when they may be used, exclusive.
        valid_until: DateTime<Utc>,
    } perhaps {
        /// The documents' date; today in the tenant unless said.
        on_date: NaiveDate,
        /// The branch it is for, if it is for one, such as `SUED`.
        branch: String,
    }
}

/// Numbers that are reserved.
#[derive(Serialize, JsonSchema)]
pub struct Reservation {
    /// What it is released by.
    reservation: Uuid,
    /// The numbers, in order, such as `RE-2026-00027`.
    numbers: Vec<String>,
}

/// A series by its branch.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Branch {
    /// The branch, if the series is for one, such as `SUED`.
    branch: Option<String>,
}

/// When, and in which branch.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Moment {
    /// The document's date; today in the tenant unless said.
    on_date: Option<NaiveDate>,
    /// The branch, if the series is for one, such as `SUED`.
    branch: Option<String>,
}

record! {
    /// What the next number would be.
    pub struct Preview {
        /// The number; others may take it, such as `RE-2026-00027`.
        number: Option<String>,
    }
}

filter! {
    /// Which series to list.
    pub struct SeriesFilter sorted only by [kind, tenant, policy, reset] {
        /// What they number, such as `invoice`.
        kind: String,
        /// Whose, such as `de`.
        tenant: String,
        /// Of this branch, such as `SUED`.
        branch: String,
        /// gapless, gapless_chronological or unique, such as `gapless`.
        policy: String,
        /// Whether they give no number today.
        closed: bool = "(pattern is null) = {}",
    }
}

filter! {
    /// Which versions of series to list.
    pub struct SeriesVersionFilter sorted only by [kind, tenant, created_at] {
        /// What they number, such as `invoice`.
        kind: String,
        /// Whose, such as `de`.
        tenant: String,
        /// Of this branch, such as `SUED`.
        branch: String,
    }
}

impl Resource for Series {
    const NAME: &'static str = "series";
    const PLURAL: &'static str = "series";
    const PATH: &'static str = "/v1/series";
    const TABLE: &'static str = "mandant.series";
    const ID: &'static str = "tenant,kind,place";
    type Id = String;
    type Filter = SeriesFilter;

    fn id(&self) -> String {
        match &self.branch {
            Some(branch) => format!("{}?branch={branch}", self.kind),
            None => self.kind.clone(),
        }
    }

    fn source(rows: &str) -> String {
        format!(
            "(select r.*, t.code as tenant, coalesce(r.branch, '') as place \
             from {rows} r join mandant.tenant t on t.id = r.tenant_id) r"
        )
    }
}

/// Addresses.
pub fn routes() -> ApiRouter<Db> {
    let one = |below| format!("{}/{{kind}}{below}", Series::PATH);
    ApiRouter::new()
        .api_route(
            Series::PATH,
            get_with(resource::list::<Series>, operation("List number series"))
                .post_with(define, operation("Define a number series")),
        )
        .api_route(
            &one(""),
            get_with(read, operation("Read one series of the selected tenant")),
        )
        .api_route(
            &one("/alter"),
            post_with(alter, operation("Number otherwise from a date on")),
        )
        .api_route(
            &one("/close"),
            post_with(close, operation("Close a series from a date on")),
        )
        .api_route(
            &one("/next"),
            get_with(peek, operation("Show what the next number would be")),
        )
        .api_route(
            &one("/reserve"),
            post_with(reserve, operation("Reserve numbers")),
        )
        .api_route(
            "/v1/series-versions",
            get_with(versions, operation("List how series number from when on")),
        )
}

async fn define(call: Call, Body(new): Body<NewSeries>) -> Result<Created<Series>, Error> {
    let at = |series: &Series| format!("{}/{}", Series::PATH, series.id());
    call.create(at, async |tx| {
        let (function, values) = of_the_tenant("mandant.define_series", &[], &new);
        returned(&tx, &function, &values).await
    })
    .await
}

async fn read(
    call: Call,
    Path(kind): Path<String>,
    Query(Branch { branch }): Query<Branch>,
) -> Result<Json<Series>, Error> {
    call.read(async |tx| find(&tx, &kind, &branch).await).await
}

async fn alter(
    call: Call,
    Path(kind): Path<String>,
    Body(change): Body<SeriesChange>,
) -> Result<Json<Series>, Error> {
    let branch = &change.branch;
    let (function, values) =
        of_the_tenant("mandant.alter_series", &[("kind", param(&kind))], &change);
    call.act(
        async |tx| find(&tx, &kind, branch).await,
        async |tx| {
            let altered = returned(&tx, &function, &values);
            try_join!(biased; find(&tx, &kind, branch), altered).map(|(_, series)| series)
        },
    )
    .await
}

async fn close(
    call: Call,
    Path(kind): Path<String>,
    Body(closure): Body<Closure>,
) -> Result<Json<Series>, Error> {
    let branch = &closure.branch;
    let known = [("kind", param(&kind))];
    let (function, values) = of_the_tenant("mandant.close_series", &known, &closure);
    call.act(
        async |tx| find(&tx, &kind, branch).await,
        async |tx| {
            let closed = returned(&tx, &function, &values);
            try_join!(biased; find(&tx, &kind, branch), closed).map(|(_, series)| series)
        },
    )
    .await
}

async fn peek(
    call: Call,
    Path(kind): Path<String>,
    Query(Moment { on_date, branch }): Query<Moment>,
) -> Result<Json<Preview>, Error> {
    let statement = "select mandant.peek_number($1, $2, $3) as number";
    call.read(async |tx| {
        let values = [param(&kind), param(&on_date), param(&branch)];
        tx.row(statement, &values).await
    })
    .await
}

record! {
    /// A number that was reserved.
    pub struct Reserved {
        /// With which others.
        reservation: Uuid,
        /// The number, such as `RE-2026-00027`.
        number: String,
    }
}

async fn reserve(
    call: Call,
    Path(kind): Path<String>,
    Body(new): Body<NewReservation>,
) -> Result<Json<Reservation>, Error> {
    let known = [("kind", param(&kind))];
    let (function, values) = invoke("mandant.reserve_numbers", &known, &new);
    let statement = format!("select {} from {function}", Reserved::select());
    call.act(
        async |tx| find(&tx, &kind, &new.branch).await,
        async |tx| {
            let reserved: Vec<Reserved> = tx.rows(&statement, &values).await?;
            let Some(Reserved { reservation, .. }) = reserved.first() else {
                return Err(Error::bad_member("count", "there is nothing to reserve"));
            };
            Ok(Reservation {
                reservation: *reservation,
                numbers: reserved.into_iter().map(|one| one.number).collect(),
            })
        },
    )
    .await
}

async fn versions(
    call: Call,
    Query(filter): Query<SeriesVersionFilter>,
) -> Result<Json<Page<SeriesVersion>>, Error> {
    let source = "(select v.*, t.code as tenant, coalesce(v.branch, '') as place, \
                          coalesce(v.valid_from, '-infinity') as begins \
                     from mandant.series_version v join mandant.tenant t on t.id = v.tenant_id) r";
    call.read(async |tx| list::page(&tx, source, "tenant,kind,place,begins", &filter).await)
        .await
}

/// A function that wants to know the tenant: the selected one.
fn of_the_tenant<'a>(
    function: &str,
    known: &[(&'static str, Param<'a>)],
    body: &'a impl Columns,
) -> (String, Vec<Param<'a>>) {
    let (text, values) = invoke(function, known, body);
    let here = format!("(tenant => {HERE}, ");
    (text.replacen('(', &here, 1), values)
}

/// One of the one selected tenant.
async fn find(tx: &Transaction, kind: &String, branch: &Option<String>) -> Result<Series, Error> {
    let statement = format!(
        "select {} from {} where kind = $1 and place = coalesce($2, '') and tenant_id = mandant.current_tenant()",
        Series::select(),
        Series::source(Series::TABLE)
    );
    tx.find(&statement, &[param(kind), param(branch)])
        .await?
        .ok_or_else(|| Error::no_such(Series::NAME, kind))
}

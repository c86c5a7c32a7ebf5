//! Settings: what holds for whoever asks, in each selected tenant, where that comes from, and all that
//! was ever said. What was said stays; a new value takes over from its moment on.

use aide::axum::{
    ApiRouter,
    routing::{get_with, post_with},
};
use chrono::{DateTime, NaiveDate, Utc};

use crate::{
    call::Call,
    db::{Db, Transaction},
    error::Error,
    extract::{Body, Path, Query},
    function::invoke,
    list::{self, Page, filter},
    openapi::operation,
    record::{Columns, Record, arguments, param, record},
    reply::{Done, Json},
};

record! {
    /// A setting as it holds in a tenant for whoever asks.
    pub struct Setting {
        /// What it is called, such as `token_hours`.
        key: String,
        /// In which tenant, such as `de`.
        tenant: String,
        /// What holds; null: nothing was said, and there is no default, such as `12`.
        value: Option<String>,
        /// Where it comes from: default, group, tenant, team or employee, such as `group`.
        level: String,
        /// The tenant (perhaps one above), team or employee that it was said for, such as `de`.
        place: Option<String>,
        /// Since when it holds; null: by default.
        since: Option<DateTime<Utc>>,
        /// Until when it was said to hold, exclusive; null: for good.
        until: Option<DateTime<Utc>>,
        /// Who said it, such as `mandant_admin`.
        set_by: Option<String>,
        /// Why, such as `a shared machine`.
        reason: Option<String>,
        /// What it is: text, `integer`, number, boolean, date, or texts by language.
        r#type: String,
        /// Where it can be said, such as `tenant`.
        levels: Vec<String>,
        /// Whether it can be set; else it is a fact of the tenant.
        editable: bool,
        /// In a sentence, such as `Hours until a token of mandant.sign_in ends`.
        description: String,
    }
}

record! {
    /// What was said about a setting.
    pub struct SettingValue {
        /// When it was said.
        set_at: DateTime<Utc>,
        /// On which day in the tenant; of other levels, in UTC.
        set_on: NaiveDate,
        /// Which setting, such as `token_hours`.
        key: String,
        /// At which level, such as `tenant`.
        level: String,
        /// For which tenant, such as `de`.
        tenant: Option<String>,
        /// For which team, such as `Vertrieb Süd`.
        team: Option<String>,
        /// For whom, such as `sales@de.example`.
        employee: Option<String>,
        /// What was said; null: what was said before was taken back, such as `12`.
        value: Option<String>,
        /// Since when it counts.
        valid_from: DateTime<Utc>,
        /// Until when, exclusive; null: for good.
        valid_until: Option<DateTime<Utc>>,
        /// Who said it, such as `mandant_admin`.
        set_by: String,
        /// Why, such as `a shared machine`.
        reason: Option<String>,
    }
}

arguments! {
    /// A value, for whom, and when.
    pub struct NewSettingValue {
        value: String,
    } perhaps {
        /// Group, team, employee, or, unless said, `tenant`.
        level: String,
        /// For which tenant and those below; the one selected unless said, such as `de`.
        tenant: String,
        team: String,
        /// For whom; oneself unless said, such as `sales@de.example`.
        employee: String,
        /// Since when; now unless said, never earlier.
        valid_from: DateTime<Utc>,
        valid_until: DateTime<Utc>,
        reason: String,
    }
}

arguments! {
    /// For whom, and since when, nothing is to be said any more.
    pub struct Withdrawal {} perhaps {
        /// Group, team, employee, or, unless said, `tenant`.
        level: String,
        /// For which tenant and those below; the one selected unless said, such as `de`.
        tenant: String,
        /// For which team, such as `Vertrieb Süd`.
        team: String,
        /// For whom; oneself unless said, such as `sales@de.example`.
        employee: String,
        /// Since when; now unless said, never earlier.
        valid_from: DateTime<Utc>,
        /// Why, such as `the machine is gone`.
        reason: String,
    }
}

filter! {
    /// Which settings to list.
    pub struct SettingFilter sorted only by [key, tenant, level] {
        /// What it is called, such as `token_hours`.
        key: String,
        /// In which tenant, such as `de`.
        tenant: String,
        /// Where it comes from, such as `group`.
        level: String,
        /// Whether it can be set.
        editable: bool,
    }
}

filter! {
    /// What to list of what was said; the newest first.
    pub struct SettingValueFilter sorted only by [set_at, key, level, valid_from] {
        /// Which setting, such as `token_hours`.
        key: String,
        /// At which level, such as `tenant`.
        level: String,
        /// For which tenant, such as `de`.
        tenant: String,
        /// For which team, such as `Vertrieb Süd`.
        team: String,
        /// For whom, such as `sales@de.example`.
        employee: String,
        /// Who said it, such as `mandant_admin`.
        set_by: String,
        /// Said at this moment or later.
        from: DateTime<Utc> = "set_at >= {}",
        /// Said before this moment.
        until: DateTime<Utc> = "set_at < {}",
    }
}

/// Addresses.
pub fn routes() -> ApiRouter<Db> {
    ApiRouter::new()
        .api_route(
            "/v1/settings",
            get_with(list, operation("List settings as they hold")),
        )
        .api_route(
            "/v1/settings/{key}",
            get_with(read, operation("Read one setting of the selected tenant")),
        )
        .api_route(
            "/v1/settings/{key}/set",
            post_with(set, operation("Set a setting")),
        )
        .api_route(
            "/v1/settings/{key}/unset",
            post_with(unset, operation("Take back what was set")),
        )
        .api_route(
            "/v1/setting-values",
            get_with(history, operation("List what was set and taken back")),
        )
}

async fn list(
    call: Call,
    Query(filter): Query<SettingFilter>,
) -> Result<Json<Page<Setting>>, Error> {
    call.read(async |tx| list::page(&tx, "mandant.effective_setting", "key,tenant", &filter).await)
        .await
}

async fn read(call: Call, Path(key): Path<String>) -> Result<Json<Setting>, Error> {
    call.read(async |tx| find(&tx, &key).await).await
}

async fn set(
    call: Call,
    Path(key): Path<String>,
    Body(new): Body<NewSettingValue>,
) -> Result<Done, Error> {
    say(call, &key, "mandant.set_setting", &new).await
}

async fn unset(
    call: Call,
    Path(key): Path<String>,
    Body(what): Body<Withdrawal>,
) -> Result<Done, Error> {
    say(call, &key, "mandant.unset_setting", &what).await
}

async fn say(call: Call, key: &String, function: &str, what: &impl Columns) -> Result<Done, Error> {
    let (function, values) = invoke(function, &[("key", param(key))], what);
    let statement = format!("select {function}");
    call.finish(
        async |tx| find(&tx, key).await,
        async |tx| tx.execute(&statement, &values).await.map(|_| ()),
    )
    .await
}

/// One, in the one selected tenant.
async fn find(tx: &Transaction, key: &String) -> Result<Setting, Error> {
    let statement = format!(
        "select {} from mandant.effective_setting where key = $1 and tenant_id = mandant.current_tenant()",
        Setting::select()
    );
    tx.find(&statement, &[param(key)])
        .await?
        .ok_or_else(|| Error::no_such("setting", key))
}

async fn history(
    call: Call,
    Query(filter): Query<SettingValueFilter>,
) -> Result<Json<Page<SettingValue>>, Error> {
    // a change of one place is at its own microsecond
    let source = "(select h.*, coalesce(h.tenant, h.team, h.employee, '') as place from mandant.setting_history h) r";
    call.read(async |tx| list::page(&tx, source, "-set_at,key,level,place", &filter).await)
        .await
}

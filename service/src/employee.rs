//! Employees and logins: who is there, in which tenant, and whether they are let in. Passwords go in
//! and never come out.

use aide::axum::{
    ApiRouter,
    routing::{get_with, post_with, put_with},
};
use schemars::JsonSchema;
use serde::Deserialize;
use tokio::try_join;
use uuid::Uuid;

use crate::{
    call::Call,
    db::Db,
    error::Error,
    extract::{Body, Path},
    function::{self, Count, count, returned},
    list::filter,
    openapi::operation,
    peer::Peer,
    record::{Record, arguments, param, record},
    reply::{Created, Done, Json},
    resource::{self, Resource, address, at, find, readable},
};

record! {
    /// An employee.
    pub struct Employee {
        /// What rows refer to them by.
        id: Uuid,
        /// What they sign in with, such as `sales@de.example`.
        email: String,
        /// The person's name, such as `Jürgen Größmann`.
        name: Option<String>,
        /// The tenant they belong to, such as `de`.
        tenant: String,
        /// Whether they are let in: `active` or inactive.
        state: String,
        /// What is selected where they select nothing; null: their tenant, such as `*`.
        default_selection: Option<String>,
    }
}

record! {
    /// A PostgreSQL login that is bound to a tenant.
    pub struct Login {
        /// What rows refer to it by.
        id: Uuid,
        /// The role in PostgreSQL, such as `report_de`.
        login: String,
        /// The tenant it belongs to, such as `de`.
        tenant: String,
        /// Whether it is let in: `active` or inactive.
        state: String,
        /// What is selected where it selects nothing; null: its tenant, such as `*`.
        default_selection: Option<String>,
    }
}

/// A new employee of the selected tenant, without any right: a grant gives those. No `Debug`: the
/// password must not reach a log.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewEmployee {
    email: String,
    name: String,
    /// The first password; nobody can sign in without, such as `correct horse battery`.
    password: Option<String>,
}

arguments! {
    /// Where an employee goes, and what becomes of what hangs on them.
    pub struct Move {
        /// Where to, such as `us`.
        tenant: String,
        /// What they own: `keep`, or the e-mail address of whoever takes it over.
        records: String,
        /// Their grants: `follow` (those of scope home mean the new tenant) or end.
        grants: String,
    } perhaps {
        /// Why, such as `leads the new office`.
        reason: String,
    }
}

/// Why somebody is kept out.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Deactivation {
    /// Why, such as `left the company`.
    reason: String,
}

/// Why somebody is let in again.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Reactivation {
    /// Why, such as `back from leave`.
    reason: Option<String>,
}

/// A password that an administrator sets.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Password {
    /// The password, or a ready Argon2id hash of it, such as `correct horse battery`.
    password: String,
}

/// A password of one's own.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OwnPassword {
    /// The one that holds, such as `demo`.
    old_password: String,
    /// The new one, or a ready Argon2id hash of it, such as `correct horse battery`.
    password: String,
}

filter! {
    /// Which employees to list.
    pub struct EmployeeFilter sorted only by [email, tenant, state] {
        /// Part of the name, in capitals or not, such as `groß`.
        name: String = "strpos(lower(name), lower({})) > 0",
        /// The tenant they belong to, such as `de`.
        tenant: String,
        /// active or inactive, such as `active`.
        state: String,
    }
}

filter! {
    /// Which logins to list.
    pub struct LoginFilter sorted only by [login, tenant, state] {
        /// The tenant they belong to, such as `de`.
        tenant: String,
        /// active or inactive, such as `active`.
        state: String,
    }
}

/// The principals of one kind, whose name is called by its kind.
fn principals(rows: &str, kind: &str, called: &str) -> String {
    format!(
        "(select r.id, r.name as {called}, r.full_name as name, t.code as tenant, r.state, r.default_selection \
         from {rows} r join mandant.tenant t on t.id = r.tenant_id where r.kind = '{kind}') r"
    )
}

impl Resource for Employee {
    const NAME: &'static str = "employee";
    const PLURAL: &'static str = "employees";
    const PATH: &'static str = "/v1/employees";
    const TABLE: &'static str = "mandant.principal";
    const ID: &'static str = "email";
    type Id = String;
    type Filter = EmployeeFilter;

    fn id(&self) -> String {
        self.email.clone()
    }

    fn source(rows: &str) -> String {
        principals(rows, "employee", "email")
    }
}

impl Resource for Login {
    const NAME: &'static str = "login";
    const PLURAL: &'static str = "logins";
    const PATH: &'static str = "/v1/logins";
    const TABLE: &'static str = "mandant.principal";
    const ID: &'static str = "login";
    type Id = String;
    type Filter = LoginFilter;

    fn id(&self) -> String {
        self.login.clone()
    }

    fn source(rows: &str) -> String {
        principals(rows, "login", "login")
    }
}

/// Addresses.
pub fn routes() -> ApiRouter<Db> {
    let one = |below| address::<Employee>(below);
    ApiRouter::new()
        .api_route(
            Employee::PATH,
            get_with(resource::list::<Employee>, operation("List employees"))
                .post_with(create, operation("Create one employee")),
        )
        .api_route(
            &one(""),
            get_with(resource::read::<Employee>, operation("Read one employee")),
        )
        .api_route(
            &one("/move"),
            post_with(relocate, operation("Move an employee to another tenant")),
        )
        .api_route(
            &one("/deactivate"),
            post_with(deactivate, operation("Keep an employee out")),
        )
        .api_route(
            &one("/reactivate"),
            post_with(reactivate, operation("Let an employee in again")),
        )
        .api_route(
            &one("/revoke-tokens"),
            post_with(revoke_tokens, operation("End all tokens of an employee")),
        )
        .api_route(
            &one("/password"),
            put_with(set_password, operation("Set an employee's password")),
        )
        .api_route(
            "/v1/me/password",
            put_with(change_password, operation("Change my password")),
        )
        .merge(readable::<Login>())
}

/// The code of the one selected tenant.
pub const HERE: &str =
    "(select t.code from mandant.tenant t where t.id = mandant.current_tenant())";

async fn create(call: Call, Body(new): Body<NewEmployee>) -> Result<Created<Employee>, Error> {
    let function = format!("mandant.add_employee({HERE}, $1, $2, $3)");
    call.create(at, async |tx| {
        let values = [param(&new.email), param(&new.name), param(&new.password)];
        returned(&tx, &function, &values).await
    })
    .await
}

async fn relocate(
    call: Call,
    Path(email): Path<String>,
    Body(to): Body<Move>,
) -> Result<Json<Employee>, Error> {
    let known = [("email", param(&email))];
    let (function, values) = function::invoke("mandant.move_employee", &known, &to);
    // the tenant they go to need not be selected
    let statement = format!(
        "select {} from (select r.id, r.name as email, r.full_name as name, $2 as tenant, r.state, \
         r.default_selection from {function} r) r",
        Employee::select()
    );
    call.act(
        async |tx| find::<Employee>(&tx, &email).await,
        async |tx| {
            let found = find::<Employee>(&tx, &email);
            try_join!(biased; found, tx.row(&statement, &values)).map(|(_, moved)| moved)
        },
    )
    .await
}

async fn deactivate(
    call: Call,
    Path(email): Path<String>,
    Body(Deactivation { reason }): Body<Deactivation>,
) -> Result<Json<Employee>, Error> {
    let values = [param(&email), param(&reason)];
    function::change(call, &email, "mandant.deactivate_employee($1, $2)", &values).await
}

async fn reactivate(
    call: Call,
    Path(email): Path<String>,
    Body(Reactivation { reason }): Body<Reactivation>,
) -> Result<Json<Employee>, Error> {
    let values = [param(&email), param(&reason)];
    function::change(call, &email, "mandant.reactivate_employee($1, $2)", &values).await
}

async fn revoke_tokens(call: Call, Path(email): Path<String>) -> Result<Json<Count>, Error> {
    call.act(
        async |tx| find::<Employee>(&tx, &email).await,
        async |tx| {
            let values = [param(&email)];
            let revoked = count(&tx, "mandant.revoke_tokens($1)", &values);
            try_join!(biased; find::<Employee>(&tx, &email), revoked).map(|(_, count)| count)
        },
    )
    .await
}

async fn set_password(
    call: Call,
    Path(email): Path<String>,
    Body(Password { password }): Body<Password>,
) -> Result<Done, Error> {
    call.finish(
        async |tx| find::<Employee>(&tx, &email).await,
        async |tx| {
            let values = [param(&email), param(&password)];
            let set = tx.execute("select mandant.set_password($1, $2)", &values);
            try_join!(biased; find::<Employee>(&tx, &email), set).map(|_| ())
        },
    )
    .await
}

async fn change_password(
    call: Call,
    Peer(address): Peer,
    Body(own): Body<OwnPassword>,
) -> Result<Done, Error> {
    call.finish(
        async |_| Ok(()),
        async |tx| {
            let values = [
                param(&own.old_password),
                param(&own.password),
                param(&address),
            ];
            tx.execute("select mandant.change_password($1, $2, $3)", &values)
                .await?;
            Ok(())
        },
    )
    .await
}

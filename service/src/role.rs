//! Roles and what they allow. They are the same for all tenants, so that changing one takes the right
//! in every tenant.

use aide::axum::{
    ApiRouter,
    routing::{get_with, post_with},
};
use schemars::JsonSchema;
use serde::Deserialize;
use tokio::try_join;

use crate::{
    call::Call,
    db::Db,
    error::Error,
    extract::{Body, Path, Query},
    function::{self, Count, count, invoke},
    list::{self, Page, filter},
    openapi::operation,
    record::{arguments, param, record},
    reply::{Done, Json},
    resource::{self, Resource, address, find},
};

record! {
    /// A role.
    pub struct Role {
        /// What it is granted by, such as `tenant_sales`.
        name: String,
        /// What it is for, such as `Customers and documents of a tenant, posting included`.
        description: String,
    }
}

record! {
    /// What a role allows.
    pub struct Right {
        /// Of a table, a kind of document, or * for all, such as `invoice`.
        object: String,
        /// What may be done with it, such as `read`.
        action: String,
        /// How far it reaches: own rows, those of own teams, or the whole `tenant`.
        depth: String,
    }
}

/// What a role is to be.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RoleChange {
    description: String,
}

arguments! {
    /// What a role is to allow.
    pub struct Allowance {
        /// Of a table, a kind of document, or * for all, such as `invoice`.
        object: String,
        /// read, create, update, delete, post, void, export or assign, such as `read`.
        actions: Vec<String>,
    } perhaps {
        /// How far: own, team, or, unless said, `tenant`.
        depth: String,
        /// Why, such as `they answer questions about bills`.
        reason: String,
    }
}

arguments! {
    /// What a role is not to allow any more.
    pub struct Prohibition {
        /// Of a table, a kind of document, or * for all, such as `invoice`.
        object: String,
        /// read, create, update, delete, post, void, export or assign, such as `read`.
        actions: Vec<String>,
    } perhaps {
        /// Why, such as `the accountants do it`.
        reason: String,
    }
}

/// Why something is done that has no body.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Why {
    /// Why, such as `nobody has it any more`.
    pub reason: Option<String>,
}

filter! {
    /// Which roles to list.
    pub struct RoleFilter sorted only by [name] {
        /// Part of the description, in capitals or not, such as `customers`.
        description: String = "strpos(lower(description), lower({})) > 0",
    }
}

filter! {
    /// Which rights of a role to list.
    pub struct RightFilter sorted only by [object, action, depth] {
        /// Of a table, a kind of document, or * for all, such as `invoice`.
        object: String,
        /// What may be done with it, such as `read`.
        action: String,
        /// own, team or tenant, such as `tenant`.
        depth: String,
    }
}

impl Resource for Role {
    const NAME: &'static str = "role";
    const PLURAL: &'static str = "roles";
    const PATH: &'static str = "/v1/roles";
    const TABLE: &'static str = "mandant.role";
    const ID: &'static str = "name";
    type Id = String;
    type Filter = RoleFilter;

    fn id(&self) -> String {
        self.name.clone()
    }

    fn source(rows: &str) -> String {
        format!("{rows} r")
    }
}

/// Addresses.
pub fn routes() -> ApiRouter<Db> {
    let one = |below| address::<Role>(below);
    ApiRouter::new()
        .api_route(
            Role::PATH,
            get_with(resource::list::<Role>, operation("List roles")),
        )
        .api_route(
            &one(""),
            get_with(resource::read::<Role>, operation("Read one role"))
                .put_with(define, operation("Define a role"))
                .delete_with(drop_role, operation("Drop a role")),
        )
        .api_route(
            &one("/rights"),
            get_with(rights, operation("List what a role allows")),
        )
        .api_route(
            &one("/allow"),
            post_with(allow, operation("Let a role do something")),
        )
        .api_route(
            &one("/disallow"),
            post_with(disallow, operation("Take something from a role")),
        )
}

async fn define(
    call: Call,
    Path(name): Path<String>,
    Body(RoleChange { description }): Body<RoleChange>,
) -> Result<Json<Role>, Error> {
    call.act(
        async |tx| find::<Role>(&tx, &name).await,
        async |tx| {
            let values = [param(&name), param(&description)];
            function::returned(&tx, "mandant.define_role($1, $2)", &values).await
        },
    )
    .await
}

async fn drop_role(
    call: Call,
    Path(name): Path<String>,
    Query(Why { reason }): Query<Why>,
) -> Result<Done, Error> {
    call.finish(
        async |tx| find::<Role>(&tx, &name).await,
        async |tx| {
            let values = [param(&name), param(&reason)];
            tx.execute("select mandant.drop_role($1, $2)", &values)
                .await?;
            Ok(())
        },
    )
    .await
}

async fn rights(
    call: Call,
    Path(name): Path<String>,
    Query(filter): Query<RightFilter>,
) -> Result<Json<Page<Right>>, Error> {
    call.read(async |tx| {
        let source = "(select * from mandant.role_right where role = $1) r";
        let within = [param(&name)];
        let rights = list::page_of(&tx, source, "object,action", &within, &filter);
        try_join!(biased; find::<Role>(&tx, &name), rights).map(|(_, rights)| rights)
    })
    .await
}

async fn allow(
    call: Call,
    Path(name): Path<String>,
    Body(allowance): Body<Allowance>,
) -> Result<Json<Count>, Error> {
    let (function, values) = invoke("mandant.allow", &[("role", param(&name))], &allowance);
    call.act(
        async |tx| find::<Role>(&tx, &name).await,
        async |tx| count(&tx, &function, &values).await,
    )
    .await
}

async fn disallow(
    call: Call,
    Path(name): Path<String>,
    Body(prohibition): Body<Prohibition>,
) -> Result<Json<Count>, Error> {
    let known = [("role", param(&name))];
    let (function, values) = invoke("mandant.disallow", &known, &prohibition);
    call.act(
        async |tx| find::<Role>(&tx, &name).await,
        async |tx| {
            find::<Role>(&tx, &name).await?;
            count(&tx, &function, &values).await
        },
    )
    .await
}

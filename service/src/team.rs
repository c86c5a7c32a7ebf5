//! Teams, inside a tenant or across, and who is in them: rights at depth team reach their rows.

use aide::axum::{ApiRouter, routing::get_with};
use chrono::{DateTime, Utc};
use tokio::try_join;
use uuid::Uuid;

use crate::{
    call::Call,
    db::{Db, Transaction},
    error::Error,
    extract::{Body, Path, Query},
    list::{self, Page, filter},
    openapi::operation,
    record::{Record, arguments, param, record},
    reply::{Created, Done, Json},
    resource::{self, Resource, address, at, find},
    role::Why,
};

record! {
    /// A team.
    pub struct Team {
        /// What it is known by.
        id: Uuid,
        /// What it is called, such as `Vertrieb Süd`.
        name: String,
        /// The tenant it belongs to; null: to none, it works across, such as `de`.
        tenant: Option<String>,
    }
}

record! {
    /// Somebody who is in a team.
    pub struct Member {
        /// The employee or login, such as `rep@de.example`.
        principal: String,
        /// Since when.
        joined_at: DateTime<Utc>,
    }
}

arguments! {
    /// A new team.
    pub struct NewTeam {
        name: String,
    } perhaps {
        /// The tenant it belongs to; to none unless said, such as `de`.
        tenant: String,
    }
}

arguments! {
    /// Somebody who is to be in a team.
    pub struct NewMember {
        principal: String,
    } perhaps {
        /// Why, such as `looks after the south now`.
        reason: String,
    }
}

filter! {
    /// Which teams to list.
    pub struct TeamFilter sorted by [name] {
        /// What it is called, such as `Vertrieb Süd`.
        name: String,
        /// The tenant it belongs to, such as `de`.
        tenant: String,
        /// Whether it works across tenants.
        across: bool = "(tenant is null) = {}",
    }
}

filter! {
    /// Which members to list.
    pub struct MemberFilter sorted only by [principal, joined_at] {
        /// The employee or login, such as `rep@de.example`.
        principal: String,
    }
}

impl Resource for Team {
    const NAME: &'static str = "team";
    const PLURAL: &'static str = "teams";
    const PATH: &'static str = "/v1/teams";
    const TABLE: &'static str = "mandant.team";
    type Id = Uuid;
    type Filter = TeamFilter;

    fn id(&self) -> String {
        self.id.to_string()
    }

    fn source(rows: &str) -> String {
        format!(
            "(select r.id, r.name, t.code as tenant from {rows} r left join mandant.tenant t on t.id = r.tenant_id) r"
        )
    }
}

const MEMBERS: &str = "(select principal, joined_at from mandant.team_member where team_id = $1) r";

/// Addresses.
pub fn routes() -> ApiRouter<Db> {
    let one = |below| address::<Team>(below);
    ApiRouter::new()
        .api_route(
            Team::PATH,
            get_with(resource::list::<Team>, operation("List teams"))
                .post_with(create, operation("Create one team")),
        )
        .api_route(
            &one(""),
            get_with(resource::read::<Team>, operation("Read one team"))
                .delete_with(drop_team, operation("Drop a team")),
        )
        .api_route(
            &one("/members"),
            get_with(members, operation("List who is in a team"))
                .post_with(join, operation("Put somebody into a team")),
        )
        .api_route(
            &one("/members/{principal}"),
            get_with(
                read_member,
                operation("Read since when somebody is in a team"),
            )
            .delete_with(leave, operation("Take somebody out of a team")),
        )
}

async fn create(call: Call, Body(new): Body<NewTeam>) -> Result<Created<Team>, Error> {
    // the tenant need not be selected
    let statement = "select id, name, $2 as tenant from mandant.create_team($1, $2)";
    call.create(at, async |tx| {
        tx.row(statement, &[param(&new.name), param(&new.tenant)])
            .await
    })
    .await
}

async fn drop_team(
    call: Call,
    Path(id): Path<Uuid>,
    Query(Why { reason }): Query<Why>,
) -> Result<Done, Error> {
    call.finish(
        async |tx| find::<Team>(&tx, &id).await,
        async |tx| {
            let values = [param(&id), param(&reason)];
            let dropped = tx.execute("select mandant.drop_team($1::text, $2)", &values);
            try_join!(biased; find::<Team>(&tx, &id), dropped).map(|_| ())
        },
    )
    .await
}

async fn members(
    call: Call,
    Path(id): Path<Uuid>,
    Query(filter): Query<MemberFilter>,
) -> Result<Json<Page<Member>>, Error> {
    call.read(async |tx| {
        let within = [param(&id)];
        let members = list::page_of(&tx, MEMBERS, "principal", &within, &filter);
        try_join!(biased; find::<Team>(&tx, &id), members).map(|(_, members)| members)
    })
    .await
}

async fn read_member(
    call: Call,
    Path((id, principal)): Path<(Uuid, String)>,
) -> Result<Json<Member>, Error> {
    call.read(async |tx| member(&tx, &id, &principal).await)
        .await
}

async fn join(
    call: Call,
    Path(id): Path<Uuid>,
    Body(new): Body<NewMember>,
) -> Result<Created<Member>, Error> {
    call.derive(
        |member: &Member| format!("{}/{id}/members/{}", Team::PATH, member.principal),
        async |tx| find::<Team>(&tx, &id).await,
        async |tx| {
            let values = [param(&new.principal), param(&id), param(&new.reason)];
            let joined = tx.execute("select mandant.join_team($1, $2::text, $3)", &values);
            try_join!(biased; find::<Team>(&tx, &id), joined)?;
            member(&tx, &id, &new.principal).await
        },
    )
    .await
}

async fn leave(
    call: Call,
    Path((id, principal)): Path<(Uuid, String)>,
    Query(Why { reason }): Query<Why>,
) -> Result<Done, Error> {
    call.finish(
        async |tx| member(&tx, &id, &principal).await,
        async |tx| {
            let values = [param(&principal), param(&id), param(&reason)];
            let left = tx.execute("select mandant.leave_team($1, $2::text, $3)", &values);
            try_join!(biased; find::<Team>(&tx, &id), left).map(|_| ())
        },
    )
    .await
}

async fn member(tx: &Transaction, id: &Uuid, principal: &String) -> Result<Member, Error> {
    let statement = format!(
        "select {} from {MEMBERS} where principal = $2",
        Member::select()
    );
    tx.find(&statement, &[param(id), param(principal)])
        .await?
        .ok_or_else(|| Error::no_such("member", principal))
}

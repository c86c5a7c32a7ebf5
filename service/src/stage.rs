//! The stages of opportunities. A tenant has the group's, or its own; its first own ones are made at
//! once, because every opportunity must have a place among them.

use std::collections::HashSet;

use aide::axum::{ApiRouter, routing::get_with};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    amount::Amount,
    call::Call,
    db::{Db, Transaction},
    error::Error,
    extract::{Body, Path},
    list::{self, Page, filter},
    nested::Texts,
    openapi::operation,
    record::{Columns, Record, choice, columns, param, quote, record},
    reply::{Created, Done, Json, json_value},
    resource::{self, Resource, address, at, find},
};

record! {
    /// A stage that opportunities go through.
    pub struct Stage {
        /// What it is known by, such as `de.qualify`.
        id: String,
        /// The tenant whose stage it is, such as `de`.
        tenant: String,
        /// What opportunities name it by, such as `qualify`.
        code: String,
        /// Its name by language.
        names: Texts,
        /// Its name in the tenant's language, such as `Qualifizieren`.
        name: Option<String>,
        /// Its place, from 1.
        position: i32,
        /// Percent of opportunities that are won from here.
        probability: Amount,
        /// Where the forecast counts it, such as `pipeline`.
        forecast_category: String,
        /// Whether an opportunity that enters it stays `open`, or is won or lost.
        outcome: String,
        /// Whether it is the group's, because the tenant has none of its own.
        inherited: bool,
        /// Whether opportunities enter it.
        active: bool,
    }
}

columns! {
    /// What may be said about a stage.
    pub struct StageChange {
        names: Texts,
        position: i32,
        probability: Amount,
        forecast_category: ForecastCategory,
        active: bool,
    }
}

/// A stage of the tenant's own.
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewStage {
    /// What opportunities name it by; stays as it is.
    code: String,
    /// Its name by language.
    names: Texts,
    /// Its place, from 1.
    position: i32,
    /// Percent of opportunities that are won from here.
    probability: Amount,
    /// Where the forecast counts it.
    forecast_category: ForecastCategory,
    /// Whether an opportunity that enters it stays open, or is won or lost; stays as it is; open unless said.
    #[serde(default)]
    outcome: Outcome,
    /// Whether opportunities enter it; they do unless said.
    #[serde(default = "yes")]
    active: bool,
}

fn yes() -> bool {
    true
}

/// All stages of the tenant's own.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewStages {
    /// All of them; none: the group's again.
    items: Vec<NewStage>,
}

choice! {
    /// Where the forecast counts an opportunity.
    pub enum ForecastCategory {
        /// It may be won.
        Pipeline = "pipeline",
        /// It is won if all goes well.
        BestCase = "best_case",
        /// It will be won.
        Commit = "commit",
        /// It is won.
        Closed = "closed",
        /// Nowhere.
        Omitted = "omitted",
    }
}

choice! {
    /// What became of an opportunity.
    #[derive(Default)]
    pub enum Outcome {
        /// Nothing yet.
        #[default]
        Open = "open",
        /// The customer said yes.
        Won = "won",
        /// The customer said no.
        Lost = "lost",
    }
}

filter! {
    /// Which stages to list.
    #[derive(Default)]
    pub struct StageFilter sorted by [position, code, probability] {
        /// What opportunities name it by, such as `qualify`.
        code: String,
        /// Whether an opportunity that enters it stays open, or is won or lost.
        outcome: Outcome,
        /// Whether opportunities enter it.
        active: bool,
    }
}

impl Resource for Stage {
    const NAME: &'static str = "stage";
    const PLURAL: &'static str = "stages";
    const PATH: &'static str = "/v1/stages";
    const TABLE: &'static str = "crm.effective_stage";
    const ID: &'static str = "id";
    type Id = String;
    type Filter = StageFilter;

    fn id(&self) -> String {
        self.id.clone()
    }

    fn source(rows: &str) -> String {
        format!(
            "(select r.*, t.code as tenant, concat_ws('.', t.code, r.code) as id
            from {rows} r join mandant.tenant t on t.id = r.tenant_id) r"
        )
    }
}

/// Addresses.
pub fn routes() -> ApiRouter<Db> {
    ApiRouter::new()
        .api_route(
            Stage::PATH,
            get_with(resource::list::<Stage>, operation("List stages"))
                .post_with(create, operation("Create one stage of the tenant's own"))
                .put_with(
                    set_all,
                    operation("Set all stages of the tenant's own at once"),
                ),
        )
        .api_route(
            &address::<Stage>(""),
            get_with(resource::read::<Stage>, operation("Read one stage"))
                .patch_with(change, operation("Change one stage of the tenant's own"))
                .delete_with(delete, operation("Delete one stage of the tenant's own")),
        )
}

/// Inserts stages in the one selected tenant.
const INSERT: &str = "
    insert into crm.stage (code, names, position, probability, forecast_category, outcome, active)
    select w.* from jsonb_to_recordset($1) as w (
        code text, names jsonb, position int, probability numeric, forecast_category text,
        outcome text, active boolean
    )";

/// Takes the place of those that are there, in one statement: none but these may be left in use.
const REPLACE: &str = "
    with gone as (
        delete from crm.stage as s
        where s.tenant_id = mandant.current_tenant()
            and s.code not in (select w ->> 'code' from jsonb_array_elements($1) as w)
    )";
const OR_CHANGE: &str = "
    on conflict on constraint stage_pkey do update set
        names = excluded.names, position = excluded.position, probability = excluded.probability,
        forecast_category = excluded.forecast_category, active = excluded.active";

/// One that is there with another outcome.
const OTHERWISE: &str = "
    select s.code
    from jsonb_array_elements($1) as w
    join crm.stage as s on s.tenant_id = mandant.current_tenant() and s.code = w ->> 'code'
    where s.outcome <> w ->> 'outcome'
    limit 1";

record! {
    /// A stage by its code.
    pub struct Code {
        /// What opportunities name it by.
        code: String,
    }
}

/// Row security refuses too, but does not say what to do about it.
async fn require(tx: &Transaction, actions: &[&str]) -> Result<(), Error> {
    let statement = "select mandant_internal.require('stage', action, mandant.current_tenant())
        from unnest($1::text[]) as action";
    let actions: Vec<String> = actions.iter().map(|&action| action.to_owned()).collect();
    tx.execute(statement, &[param(&actions)]).await?;
    Ok(())
}

async fn create(call: Call, Body(new): Body<NewStage>) -> Result<Created<Stage>, Error> {
    let stages = json_value(&[&new])?;
    let statement = format!(
        "select {} from {} where tenant_id = mandant.current_tenant() and code = $1",
        Stage::select(),
        Stage::source(Stage::TABLE)
    );
    call.create(at, async |tx| {
        require(&tx, &["create"]).await?;
        tx.execute(INSERT, &[param(&stages)]).await?;
        tx.row(&statement, &[param(&new.code)]).await
    })
    .await
}

/// The list as its address shows it, if one tenant is selected.
async fn all(tx: &Transaction) -> Result<Page<Stage>, Error> {
    let source = Stage::source(Stage::TABLE);
    list::page(tx, &source, Stage::ID, &StageFilter::default()).await
}

async fn set_all(call: Call, Body(new): Body<NewStages>) -> Result<Json<Page<Stage>>, Error> {
    let mut codes = HashSet::new();
    if let Some(twice) = new.items.iter().find(|stage| !codes.insert(&stage.code)) {
        let detail = format!("stage \"{}\" is there twice", twice.code);
        return Err(Error::bad_member("items", detail));
    }
    let stages = json_value(&new.items)?;
    let statement = format!("{REPLACE}{INSERT}{OR_CHANGE}");
    call.act(
        async |tx| all(&tx).await,
        async |tx| {
            require(&tx, &["create", "update", "delete"]).await?;
            if let Some(Code { code }) = tx.find(OTHERWISE, &[param(&stages)]).await? {
                let detail = format!("the outcome of stage \"{code}\" stays as it is");
                return Err(Error::bad_member("items", detail));
            }
            tx.execute(&statement, &[param(&stages)]).await?;
            all(&tx).await
        },
    )
    .await
}

/// Why nothing of a tenant's own was changed: it is not there, or the group's, or not the caller's.
async fn refuse(tx: &Transaction, action: &str, id: &String) -> Error {
    let statement = "select mandant_internal.require('stage', $1, t.id)
        from mandant.tenant as t where t.code = split_part($2, '.', 1)";
    let stage = match find::<Stage>(tx, id).await {
        Ok(stage) => stage,
        Err(error) => return error,
    };
    match tx.execute(statement, &[param(&action), param(id)]).await {
        Ok(_) if stage.inherited => Error::inherited(Stage::NAME, id),
        Ok(_) => Error::no_right(action, Stage::NAME),
        Err(error) => error,
    }
}

async fn change(
    call: Call,
    Path(id): Path<String>,
    Body(change): Body<StageChange>,
) -> Result<Json<Stage>, Error> {
    let (columns, mut values): (Vec<_>, Vec<_>) = change.given().into_iter().unzip();
    if columns.is_empty() {
        return Err(Error::bad_value("nothing to change"));
    }
    let set: Vec<_> = columns
        .iter()
        .zip(2..)
        .map(|(column, n)| format!("{} = ${n}", quote(column)))
        .collect();
    let statement = format!(
        "update crm.stage as s set {} from mandant.tenant as t
        where t.id = s.tenant_id and concat_ws('.', t.code, s.code) = $1",
        set.join(", ")
    );
    values.insert(0, param(&id));
    call.act(
        async |tx| find::<Stage>(&tx, &id).await,
        async |tx| match tx.execute(&statement, &values).await? {
            0 => Err(refuse(&tx, "update", &id).await),
            _ => find(&tx, &id).await,
        },
    )
    .await
}

async fn delete(call: Call, Path(id): Path<String>) -> Result<Done, Error> {
    let statement = "delete from crm.stage as s using mandant.tenant as t
        where t.id = s.tenant_id and concat_ws('.', t.code, s.code) = $1";
    call.finish(
        async |tx| find::<Stage>(&tx, &id).await,
        async |tx| match tx.execute(statement, &[param(&id)]).await? {
            0 => Err(refuse(&tx, "delete", &id).await),
            _ => Ok(()),
        },
    )
    .await
}

//! What most nouns have in common: a list, one by its id, and for tables what writes them. A noun
//! says of what its rows are made; the tables' own rules say what is allowed.

use std::fmt::Display;

use aide::axum::{ApiRouter, routing::get_with};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer, Serialize, de::DeserializeOwned, de::Error as _};
use serde_json::Value;
use tokio::try_join;

use crate::{
    call::Call,
    db::{Db, Transaction},
    error::Error,
    extract::{Body, Path, Query},
    list::{self, Filter, Page},
    openapi::operation,
    record::{Columns, Record, Typed, insert, param, update},
    reply::{Created, Done, Json},
};

/// Rows that can be listed and read one by one.
pub trait Resource: Record + Serialize + JsonSchema + Send + Sync + 'static {
    /// What one is called, in words.
    const NAME: &'static str;
    /// What several are called.
    const PLURAL: &'static str;
    /// Where they are.
    const PATH: &'static str;
    /// The table, or view, that they are in.
    const TABLE: &'static str;
    /// The column that tells them apart, with `-` before it where the newest come first.
    const ID: &'static str = "-id";
    /// What that is.
    type Id: Typed + Display + Clone + DeserializeOwned + Send + Sync + 'static;
    /// How the list can be narrowed.
    type Filter: Filter + DeserializeOwned + JsonSchema + Send + Sync + 'static;

    /// Its id.
    fn id(&self) -> String;

    /// Reads them from `rows`, the table or rows of it that were just written: with the code of
    /// their tenant, unless they have none.
    fn source(rows: &str) -> String {
        format!(
            "(select r.*, t.code as tenant from {rows} r join mandant.tenant t on t.id = r.tenant_id) r"
        )
    }
}

/// Rows that are written as they are read.
pub trait Table: Resource {
    /// What rights to them are rights to.
    const OBJECT: &'static str;
    /// What a new one cannot be without.
    const REQUIRED: &'static [&'static str];
    /// What stays as a new one had it.
    const FIXED: &'static [&'static str] = &[];
    /// What may be said about one.
    type Change: Columns + DeserializeOwned + JsonSchema + Send + Sync + 'static;
}

/// What is said about a new row: a change, with all that a new one needs.
pub struct New<R: Table>(R::Change);

impl<'de, R: Table> Deserialize<'de> for New<R> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let columns = R::Change::deserialize(deserializer)?;
        let given = columns.given();
        let missing = |name: &&&str| !given.iter().any(|(column, _)| column == *name);
        if let Some(name) = R::REQUIRED.iter().find(missing) {
            return Err(D::Error::missing_field(name));
        }
        match columns
            .nulls()
            .iter()
            .find(|name| R::REQUIRED.contains(name))
        {
            Some(name) => Err(D::Error::custom(format!(
                "null field `{name}`: a value is wanted"
            ))),
            None => Ok(Self(columns)),
        }
    }
}

impl<R: Table> JsonSchema for New<R> {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        format!("New{}", R::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut schema = R::Change::json_schema(generator);
        schema.insert("required".to_owned(), R::REQUIRED.into());
        schema.insert(
            "description".to_owned(),
            format!("A new {}.", R::NAME).into(),
        );
        schema
    }
}

/// What is said about a row that is there: something, but nothing of what stays.
pub struct Changed<R: Table>(pub R::Change);

impl<'de, R: Table> Deserialize<'de> for Changed<R> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let columns = R::Change::deserialize(deserializer)?;
        let given = columns.given();
        if given.is_empty() {
            return Err(D::Error::custom("nothing to change"));
        }
        let stays = |(column, _): &&(&str, _)| R::FIXED.contains(column);
        match given.iter().find(stays) {
            Some((column, _)) => Err(D::Error::custom(format!(
                "fixed field `{column}`: it stays as it is"
            ))),
            None => Ok(Self(columns)),
        }
    }
}

impl<R: Table> JsonSchema for Changed<R> {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        R::Change::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut schema = R::Change::json_schema(generator);
        let members = schema.ensure_object().get_mut("properties");
        if let Some(members) = members.and_then(Value::as_object_mut) {
            members.retain(|member, _| !R::FIXED.contains(&member.as_str()));
        }
        schema.insert("minProperties".to_owned(), 1.into());
        schema
    }
}

/// List and read.
pub fn readable<R: Resource>() -> ApiRouter<Db> {
    let (one, many) = (R::NAME, R::PLURAL);
    ApiRouter::new()
        .api_route(
            R::PATH,
            get_with(list::<R>, operation(&format!("List {many}"))),
        )
        .api_route(
            &address::<R>(""),
            get_with(read::<R>, operation(&format!("Read one {one}"))),
        )
}

/// List, read, create, change and delete.
pub fn writable<R: Table>() -> ApiRouter<Db> {
    let (one, many) = (R::NAME, R::PLURAL);
    changeable::<R>().api_route(
        R::PATH,
        get_with(list::<R>, operation(&format!("List {many}")))
            .post_with(create::<R>, operation(&format!("Create one {one}"))),
    )
}

/// Read, change and delete one: of what is listed and made in a way of its own.
pub fn changeable<R: Table>() -> ApiRouter<Db> {
    let one = R::NAME;
    ApiRouter::new().api_route(
        &address::<R>(""),
        get_with(read::<R>, operation(&format!("Read one {one}")))
            .patch_with(change::<R>, operation(&format!("Change one {one}")))
            .delete_with(delete::<R>, operation(&format!("Delete one {one}"))),
    )
}

/// The address of one, or of what is `below` it.
pub fn address<R: Resource>(below: &str) -> String {
    format!("{}/{{{}}}{below}", R::PATH, R::ID.trim_start_matches('-'))
}

/// One, as its address shows it.
pub async fn find<R: Resource>(tx: &Transaction, id: &R::Id) -> Result<R, Error> {
    let statement = format!(
        "select {} from {} where {} = $1",
        R::select(),
        R::source(R::TABLE),
        R::ID.trim_start_matches('-')
    );
    tx.find(&statement, &[param(id)])
        .await?
        .ok_or_else(|| Error::no_such(R::NAME, id))
}

/// `GET` of the list.
pub async fn list<R: Resource>(
    call: Call,
    Query(filter): Query<R::Filter>,
) -> Result<Json<Page<R>>, Error> {
    let source = R::source(R::TABLE);
    call.read_at_once(async |tx| list::page(&tx, &source, R::ID, &filter).await)
        .await
}

/// `GET` of one.
pub async fn read<R: Resource>(call: Call, Path(id): Path<R::Id>) -> Result<Json<R>, Error> {
    call.read_at_once(async |tx| find::<R>(&tx, &id).await)
        .await
}

/// `POST` to the list.
pub async fn create<R: Table>(
    call: Call,
    Body(New(columns)): Body<New<R>>,
) -> Result<Created<R>, Error> {
    let (columns, values): (Vec<_>, Vec<_>) = columns.given().into_iter().unzip();
    let statement = written::<R>(&insert(R::TABLE, &columns));
    call.create(at, async |tx| {
        // row security refuses too, but does not say what to do about it
        let object = R::OBJECT;
        let object = [param(&object)];
        let may = tx.execute(
            "select mandant_internal.require($1, 'create', mandant.current_tenant())",
            &object,
        );
        try_join!(biased; may, tx.row(&statement, &values)).map(|(_, row)| row)
    })
    .await
}

/// `PATCH` of one.
pub async fn change<R: Table>(
    call: Call,
    Path(id): Path<R::Id>,
    Body(Changed(change)): Body<Changed<R>>,
) -> Result<Json<R>, Error> {
    let (columns, mut values): (Vec<_>, Vec<_>) = change.given().into_iter().unzip();
    values.push(param(&id));
    let key = R::ID.trim_start_matches('-');
    let statement = written::<R>(&update(R::TABLE, &columns, key));
    call.act(
        async |tx| find::<R>(&tx, &id).await,
        async |tx| match tx.find(&statement, &values).await? {
            Some(row) => Ok(row),
            None => Err(refuse::<R>(&tx, "update", &id).await),
        },
    )
    .await
}

/// `DELETE` of one.
pub async fn delete<R: Table>(call: Call, Path(id): Path<R::Id>) -> Result<Done, Error> {
    let key = R::ID.trim_start_matches('-');
    let statement = format!("delete from {} where {key} = $1", R::TABLE);
    call.finish(
        async |tx| find::<R>(&tx, &id).await,
        async |tx| match tx.execute(&statement, &[param(&id)]).await? {
            0 => Err(refuse::<R>(&tx, "delete", &id).await),
            _ => Ok(()),
        },
    )
    .await
}

/// Row security skips what one may read but not change; this tells it from what is not there.
pub async fn refuse<R: Table>(tx: &Transaction, action: &str, id: &R::Id) -> Error {
    let statement = format!(
        "select mandant_internal.require($1, $2, tenant_id) from {} where {} = $3",
        R::TABLE,
        R::ID.trim_start_matches('-')
    );
    let object = R::OBJECT;
    let params = [param(&object), param(&action), param(id)];
    match tx.execute(&statement, &params).await {
        Ok(0) => Error::no_such(R::NAME, id),
        // the right reaches others, not this one
        Ok(_) => Error::no_right(action, R::NAME),
        Err(error) => error,
    }
}

/// Where one is.
pub fn at<R: Resource>(row: &R) -> String {
    format!("{}/{}", R::PATH, row.id())
}

fn written<R: Resource>(write: &str) -> String {
    let source = R::source("written");
    format!(
        "with written as ({write}) select {} from {source}",
        R::select()
    )
}

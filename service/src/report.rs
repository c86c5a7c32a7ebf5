//! Reports: the views of schema `report`, for whoever has no SQL. Which there are, what they say of themselves and of
//! which type they are is in the catalogue, so that a new view is a new report. A name that somebody sends is looked
//! up there and is nowhere part of a statement.

use aide::{
    OperationOutput,
    axum::{ApiRouter, routing::get_with},
    generate::GenContext,
    openapi::{MediaType, Operation, Response as Described, SchemaObject},
};
use axum::{
    http::{
        HeaderMap, HeaderName,
        header::{ACCEPT, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE, ETAG, VARY},
    },
    response::{IntoResponse, Response},
};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;
use tokio_postgres::Row;

use crate::{
    call::Call,
    db::{Db, Transaction},
    error::Error,
    extract::{Path, Query},
    list::{self, Page, filter},
    nested::Nested,
    openapi::operation,
    record::{Param, param, record},
    replica::From,
    reply::{self, Json},
};

/// Where reports are; those that whoever asks may not read are left out.
macro_rules! readable {
    () => {
        "c.relnamespace = 'report'::regnamespace and c.relkind = 'v' and has_table_privilege(c.oid, 'select')"
    };
}

/// All of them.
pub const REPORTS: &str = concat!(
    "(select c.relname::text as name,
        split_part(regexp_replace(obj_description(c.oid, 'pg_class'), '[.]\\s', E'.\\n'), E'\\n', 1) as title,
        obj_description(c.oid, 'pg_class') as description,
        (select jsonb_agg(jsonb_build_object(
            'name', a.attname, 'type', format_type(a.atttypid, null),
            'description', col_description(a.attrelid, a.attnum)) order by a.attnum)
         from pg_catalog.pg_attribute a
         where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) as columns
     from pg_catalog.pg_class c where ",
    readable!(),
    ") r"
);

/// The columns of one, in order.
pub const COLUMNS: &str = concat!(
    "select a.attname::text as name, format_type(a.atttypid, null) as type,
        col_description(a.attrelid, a.attnum) as description
     from pg_catalog.pg_class c join pg_catalog.pg_attribute a on a.attrelid = c.oid
     where a.attnum > 0 and not a.attisdropped and c.relname = $1 and ",
    readable!(),
    " order by a.attnum"
);

/// The most rows of one answer; who wants more has `mandant report`, or SQL.
const MOST: u16 = 10_000;

record! {
    /// A report.
    pub struct Report {
        /// Its name, such as `revenue_by_month`.
        name: String,
        /// What it shows, such as `Net revenue by company, month and currency, from posted documents.`
        title: Option<String>,
        /// All that there is to say, such as `Net revenue by company, month and currency, from posted documents.`
        description: Option<String>,
        /// Its columns, in order.
        columns: Nested<Vec<ReportColumn>>,
    }
}

record! {
    /// A column of a report.
    #[derive(Debug, Deserialize)]
    pub struct ReportColumn {
        /// Its name, such as `net`.
        name: String,
        /// Its type in SQL, such as `numeric`.
        r#type: String,
        /// What it is, such as `Invoices minus credit notes, without tax.`
        description: Option<String>,
    }
}

impl ReportColumn {
    /// It as text, in SQL: no digit is lost, a date is one, an instant is in UTC.
    fn text(&self) -> String {
        let name = format!("r.{}", identifier(&self.name));
        match self.r#type.as_str() {
            "timestamp with time zone" => {
                format!("to_char({name} at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')")
            }
            _ => format!("{name}::text"),
        }
    }

    /// Its text as JSON; numerics are strings, because a JSON number is a binary fraction to most.
    fn json(&self, text: Option<&str>) -> Value {
        let Some(text) = text else { return Value::Null };
        let known = match self.r#type.as_str() {
            "boolean" => Some(Value::from(text == "true")),
            "smallint" | "integer" | "bigint" => text.parse::<i64>().ok().map(Value::from),
            _ => None,
        };
        known.unwrap_or_else(|| text.into())
    }

    /// Whether people want it to the right.
    pub fn is_number(&self) -> bool {
        ["smallint", "integer", "bigint", "numeric"].contains(&self.r#type.as_str())
    }
}

/// Quotes a name that the catalogue has.
fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// The rows of a report that is there of which a `condition` is true, each column as text, in the order of all columns:
/// the same each time.
pub fn rows_of(report: &str, columns: &[ReportColumn], condition: &str) -> String {
    let list = |part: &dyn Fn(&ReportColumn) -> String| {
        columns.iter().map(part).collect::<Vec<_>>().join(", ")
    };
    format!(
        "select {} from report.{} r where {condition} order by {}",
        list(&ReportColumn::text),
        identifier(report),
        list(&|column| format!("r.{}", identifier(&column.name))),
    )
}

/// The texts of a row.
pub fn texts(row: &Row) -> Result<Vec<Option<&str>>, tokio_postgres::Error> {
    (0..row.len()).map(|at| row.try_get(at)).collect()
}

/// A record of CSV (RFC 4180), without its end: nothing is null, `""` an empty text.
pub fn csv<'a>(texts: impl IntoIterator<Item = Option<&'a str>>) -> String {
    let field = |text: Option<&str>| match text {
        None => String::new(),
        Some(text) if text.is_empty() || text.contains([',', '"', '\r', '\n']) => {
            format!("\"{}\"", text.replace('"', "\"\""))
        }
        Some(text) => text.to_owned(),
    };
    let fields: Vec<_> = texts.into_iter().map(field).collect();
    fields.join(",")
}

/// The names of columns as the first record.
pub fn header(columns: &[ReportColumn]) -> String {
    csv(columns.iter().map(|column| Some(column.name.as_str())))
}

filter! {
    /// Which reports to list.
    pub struct ReportFilter sorted only by [name] {
        /// Its name, such as `revenue_by_month`.
        name: String,
    }
}

/// How many rows, and as what.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReportQuery {
    /// Rows, at most; of CSV unless said all, or none if these are more than can be sent at once.
    limit: Option<Most>,
    /// Instead of what `Accept` says.
    format: Option<Form>,
}

/// 1 to 10,000 rows.
#[derive(Clone, Copy, Deserialize)]
#[serde(try_from = "u16")]
struct Most(u16);

impl TryFrom<u16> for Most {
    type Error = String;

    fn try_from(limit: u16) -> Result<Self, String> {
        (1..=MOST)
            .contains(&limit)
            .then_some(Self(limit))
            .ok_or_else(|| format!("limit is 1 to {MOST}"))
    }
}

impl JsonSchema for Most {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Most".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "integer", "minimum": 1, "maximum": MOST })
    }
}

/// What rows are sent as.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Form {
    /// Objects.
    Json,
    /// Lines, the names of columns first.
    Csv,
}

impl Form {
    /// The first that is accepted of those there are.
    fn accepted(headers: &HeaderMap) -> Self {
        let accepted = headers.get_all(ACCEPT).iter();
        accepted
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .find_map(|kind| match kind.split(';').next()?.trim() {
                "text/csv" => Some(Self::Csv),
                "application/json" | "application/*" | "*/*" => Some(Self::Json),
                _ => None,
            })
            .unwrap_or(Self::Json)
    }
}

/// Rows of a report.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct ReportRows {
    /// Its name, such as `revenue_by_month`.
    name: String,
    /// The rows, in the order of all columns.
    items: Vec<ReportRow>,
    /// Whether there are more than were asked for.
    more: bool,
}

/// A row, by the names of columns.
struct ReportRow(Vec<(String, Value)>);

impl Serialize for ReportRow {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

impl JsonSchema for ReportRow {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "ReportRow".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "object",
            "description": "A row, by the names of columns; numerics are decimal strings.",
            "additionalProperties": { "type": ["string", "integer", "boolean", "null"] },
            "examples": [{
                "tenant": "de", "month": "2026-09-01", "currency": "EUR", "net": "20715.00", "documents": 3,
            }],
        })
    }
}

/// A report as it was asked for.
pub enum Shown {
    /// Objects.
    Json(Box<Json<ReportRows>>),
    /// Lines of the report of this name.
    Csv(String, String),
}

impl IntoResponse for Shown {
    fn into_response(self) -> Response {
        let by = (VARY, ACCEPT.as_str().to_owned());
        match self {
            Self::Json(rows) => ([by], *rows).into_response(),
            Self::Csv(name, lines) => {
                let name: String = name
                    .chars()
                    .filter(|c| c.is_ascii_alphanumeric() || *c == '_')
                    .collect();
                let about: [(HeaderName, String); 5] = [
                    by,
                    (
                        CONTENT_TYPE,
                        "text/csv; charset=utf-8; header=present".to_owned(),
                    ),
                    (
                        CONTENT_DISPOSITION,
                        format!("attachment; filename=\"{name}.csv\""),
                    ),
                    (CACHE_CONTROL, reply::KEPT.to_owned()),
                    (ETAG, reply::etag(&lines)),
                ];
                (about, lines).into_response()
            }
        }
    }
}

impl OperationOutput for Shown {
    type Inner = ReportRows;

    fn inferred_responses(
        context: &mut GenContext,
        operation: &mut Operation,
    ) -> Vec<(Option<u16>, Described)> {
        let mut responses = Json::<ReportRows>::inferred_responses(context, operation);
        for (_, response) in &mut responses {
            let lines = json_schema!({ "type": "string", "examples": ["tenant,month,currency,net,documents\r\n\
                                                                      de,2026-09-01,EUR,20715.00,3\r\n"] });
            let media = MediaType {
                schema: Some(SchemaObject {
                    json_schema: lines,
                    external_docs: None,
                    example: None,
                }),
                ..MediaType::default()
            };
            response.content.insert("text/csv".to_owned(), media);
        }
        responses
    }
}

/// Addresses.
pub fn routes() -> ApiRouter<Db> {
    ApiRouter::new()
        .api_route("/v1/reports", get_with(list, operation("List reports")))
        .api_route(
            "/v1/reports/{name}",
            get_with(show, operation("Show one report")),
        )
}

async fn list(call: Call, Query(filter): Query<ReportFilter>) -> Result<Json<Page<Report>>, Error> {
    call.read(async |tx| list::page(&tx, REPORTS, "name", &filter).await)
        .await
}

async fn show(
    call: Call,
    Path(name): Path<String>,
    Query(query): Query<ReportQuery>,
    headers: HeaderMap,
) -> Result<From<Shown>, Error> {
    let wish = query.wish(&headers);
    let From(rows, source) = call
        .consult(async |tx| Rows::read(&tx, &name, "true", &[], wish).await)
        .await?;
    Ok(From(rows.show(wish)?, source))
}

/// How many rows are wanted, and as what.
#[derive(Clone, Copy)]
pub struct Wish {
    form: Form,
    limit: u16,
    /// Whether fewer than all will do.
    some: bool,
}

impl ReportQuery {
    /// What whoever sent it wants.
    pub fn wish(&self, headers: &HeaderMap) -> Wish {
        let form = self.format.unwrap_or_else(|| Form::accepted(headers));
        let limit = match (self.limit, form) {
            (Some(Most(limit)), _) => limit,
            (None, Form::Json) => 1000,
            (None, Form::Csv) => MOST,
        };
        let some = self.limit.is_some() || matches!(form, Form::Json);
        Wish { form, limit, some }
    }
}

/// Rows of a report as they were read: one more than is wanted, if there are more.
pub struct Rows {
    name: String,
    columns: Vec<ReportColumn>,
    rows: Vec<Row>,
}

impl Rows {
    /// Reads those of which a `condition` is true, with its parameters.
    pub async fn read(
        tx: &Transaction,
        name: &String,
        condition: &str,
        params: &[Param<'_>],
        wish: Wish,
    ) -> Result<Self, Error> {
        let columns: Vec<ReportColumn> = tx.rows(COLUMNS, &[param(name)]).await?;
        if columns.is_empty() {
            return Err(Error::no_such("report", format!("\"{name}\"")));
        }
        let limit = i64::from(wish.limit) + 1;
        let mut params = params.to_vec();
        params.push(param(&limit));
        let statement = format!(
            "{} limit ${}",
            rows_of(name, &columns, condition),
            params.len()
        );
        let rows = tx.query(&statement, &params).await?;
        Ok(Self {
            name: name.clone(),
            columns,
            rows,
        })
    }

    /// Shows them as they were wanted.
    pub fn show(self, wish: Wish) -> Result<Shown, Error> {
        let Self {
            name,
            columns,
            mut rows,
        } = self;
        let more = rows.len() > usize::from(wish.limit);
        rows.truncate(wish.limit.into());
        match wish.form {
            Form::Csv if more && !wish.some => Err(Error::bad_member(
                "limit",
                format!(
                    "there are more than {MOST} rows, which is the most that can be sent at once"
                ),
            )),
            Form::Csv => {
                let mut lines = header(&columns) + "\r\n";
                for row in &rows {
                    lines += &csv(texts(row)?);
                    lines += "\r\n";
                }
                Ok(Shown::Csv(name, lines))
            }
            Form::Json => {
                let member = |(column, text): (&ReportColumn, Option<&str>)| {
                    (column.name.clone(), column.json(text))
                };
                let item = |row: &Row| {
                    texts(row)
                        .map(|texts| ReportRow(columns.iter().zip(texts).map(member).collect()))
                };
                let items = rows.iter().map(item).collect::<Result<_, _>>()?;
                Ok(Shown::Json(Box::new(Json::show(&ReportRows {
                    name,
                    items,
                    more,
                })?)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn column(name: &str, kind: &str) -> ReportColumn {
        ReportColumn {
            name: name.to_owned(),
            r#type: kind.to_owned(),
            description: None,
        }
    }

    #[test]
    fn names_are_quoted_and_rows_come_in_an_order() {
        let columns = [column("net", "numeric"), column("a\"b", "text")];
        assert_eq!(
            rows_of("x\"; drop", &columns, "true"),
            r#"select r."net"::text, r."a""b"::text from report."x""; drop" r where true order by r."net", r."a""b""#
        );
    }

    #[test]
    fn a_value_is_json_as_its_type_says() {
        let json = |kind, text| column("c", kind).json(text).to_string();
        assert_eq!(json("numeric", Some("20715.00")), r#""20715.00""#);
        assert_eq!(json("bigint", Some("9007199254740993")), "9007199254740993");
        assert_eq!(json("boolean", Some("true")), "true");
        assert_eq!(json("text", Some("true")), r#""true""#);
        assert_eq!(json("integer", None), "null");
    }

    #[test]
    fn csv_quotes_what_it_must_and_tells_nothing_from_an_empty_text() {
        let texts = [
            Some("a"),
            None,
            Some(""),
            Some("b, \"c\""),
            Some("d\ne"),
            Some("Größe"),
        ];
        assert_eq!(csv(texts), "a,,\"\",\"b, \"\"c\"\"\",\"d\ne\",Größe");
    }

    #[test]
    fn the_first_accepted_form_is_taken() {
        for (accept, form) in [
            ("text/csv", Form::Csv),
            ("text/csv; header=present, application/json", Form::Csv),
            ("application/json, text/csv", Form::Json),
            ("*/*", Form::Json),
            ("text/html", Form::Json),
        ] {
            let headers = [(ACCEPT, HeaderValue::from_static(accept))]
                .into_iter()
                .collect();
            assert_eq!(Form::accepted(&headers), form, "{accept}");
        }
    }
}

//! The description of the service (OpenAPI 3.1). Routes, bodies and answers come from the code;
//! what all operations share, their headers, errors and examples, is added here, once.

use aide::{openapi::OpenApi, swagger::Swagger, transform::TransformOperation};
use axum::{
    http::{
        HeaderValue,
        header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE},
    },
    response::{Html, IntoResponse, Response},
};
use serde_json::{Map, Value, json};

use crate::error::{self, Error};

/// Where the description is.
pub const ADDRESS: &str = "/openapi.json";
/// The page loads nothing from elsewhere: its script is in it.
const PAGE_POLICY: &str = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; \
                           img-src data:; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'";
const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];
/// What a composed example says where nothing better is known.
const UUID: &str = "019a0f6e-5c3b-7d1e-9f00-3a5b7c9d1e2f";

/// Says in a sentence what an operation does; its name follows from that.
pub fn operation(
    summary: &str,
) -> impl FnOnce(TransformOperation<'_>) -> TransformOperation<'_> + use<> {
    let summary = summary.to_owned();
    move |operation| {
        let words: String = summary
            .chars()
            .map(|c| {
                if c.is_alphanumeric() {
                    c.to_ascii_lowercase()
                } else {
                    '_'
                }
            })
            .collect();
        operation.id(&words).summary(&summary)
    }
}

/// Completes the description.
pub fn describe(api: &OpenApi) -> Result<Value, Error> {
    let mut api = serde_json::to_value(api).map_err(|error| Error::internal(&error))?;
    api["openapi"] = json!("3.1.0");
    api["info"] = json!({
        "title": "pg_mandant",
        "version": env!("CARGO_PKG_VERSION"),
        "description": "One database for a group of companies. The database decides who sees and does \
                        what; this service relays who asks. Amounts are decimal strings, times are UTC, \
                        lists are pages.",
        "license": { "name": "PostgreSQL License", "identifier": "PostgreSQL" },
    });
    api["security"] = json!([{ "token": [] }]);
    api["components"]["securitySchemes"] = json!({ "token": {
        "type": "http",
        "scheme": "bearer",
        "description": "A token of `POST /v1/sign-in`, or a JWT of a trusted issuer.",
    }});
    quote_examples(&mut api);
    describe_changes(&mut api["components"]["schemas"]);
    let schemas = api["components"]["schemas"].clone();
    api["components"]["responses"] = refusals(&schemas);
    let Some(paths) = api["paths"].as_object_mut() else {
        return Ok(api);
    };
    for (path, item) in paths {
        let shown = shown(&item["get"], &schemas);
        for method in METHODS {
            if let Some(operation) = item.get_mut(method).and_then(Value::as_object_mut) {
                complete(operation, path, method, &shown, &schemas);
            }
        }
    }
    Ok(api)
}

/// What a description has in backquotes first is an example: the town, such as `München`.
fn quote_examples(part: &mut Value) {
    match part {
        Value::Array(parts) => parts.iter_mut().for_each(quote_examples),
        Value::Object(members) => {
            members.values_mut().for_each(quote_examples);
            let quoted = members
                .get("description")
                .and_then(Value::as_str)
                .and_then(|text| text.split('`').nth(1))
                .map(str::to_owned);
            let is = |kind: &str| match members.get("type") {
                Some(Value::Array(kinds)) => kinds.iter().any(|one| one == kind),
                Some(one) => one == kind,
                None => false,
            };
            let example = match quoted {
                Some(text) if is("string") => Value::from(text),
                Some(text) if is("array") => json!([text]),
                Some(text) if is("integer") => text.parse::<i64>().map_or(Value::Null, Value::from),
                _ => Value::Null,
            };
            if !example.is_null() && !members.contains_key("examples") {
                members.insert("examples".to_owned(), json!([example]));
            }
        }
        _ => (),
    }
}

/// A member that is written is described as where it is read: `CustomerChange` as `Customer`.
fn describe_changes(schemas: &mut Value) {
    let read = schemas.clone();
    for (name, schema) in schemas.as_object_mut().into_iter().flatten() {
        let of = name.trim_start_matches("New").trim_end_matches("Change");
        for (member, part) in schema["properties"].as_object_mut().into_iter().flatten() {
            for about in ["description", "examples"] {
                let known = &read[of]["properties"][member][about];
                if part.get(about).is_none() && !known.is_null() {
                    part[about] = known.clone();
                }
            }
        }
    }
}

/// The members of what an address shows.
fn shown(get: &Value, schemas: &Value) -> Value {
    let schema = &get["responses"]["200"]["content"]["application/json"]["schema"];
    let name = schema["$ref"]
        .as_str()
        .and_then(|name| name.rsplit('/').next());
    name.map_or(Value::Null, |name| schemas[name]["properties"].clone())
}

fn complete(
    operation: &mut Map<String, Value>,
    path: &str,
    method: &str,
    shown: &Value,
    schemas: &Value,
) {
    let secured = path.starts_with("/v1/") && path != "/v1/sign-in";
    let of_one = path.contains('{');
    let conditional = secured && (of_one || method == "put") && method != "get";
    let mut parameters = operation
        .get("parameters")
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default();
    for parameter in &mut parameters {
        if let Some(description) = parameter["schema"]
            .as_object_mut()
            .and_then(|schema| schema.remove("description"))
        {
            parameter["description"] = description;
        }
    }
    parameters.extend(variables(path, shown, schemas));
    let header = |name: &str, about: &str, example: &str| {
        json!({ "in": "header", "name": name, "description": about,
                "schema": { "type": "string" }, "example": example })
    };
    if secured {
        let about =
            "Selects tenants: a code, several with commas, or `*` for all that are available.";
        let mut tenant = header("Mandant-Tenant", about, "de");
        tenant["schema"]["pattern"] =
            json!(r"^(|\*|[a-z][a-z0-9_-]{0,30}(,[a-z][a-z0-9_-]{0,30})*)$");
        parameters.push(tenant);
    }
    if secured && method == "post" {
        let about = "A random key. Sent again with the same key within a day, the same request is \
                     done once and answered as it was.";
        let mut key = header("Idempotency-Key", about, UUID);
        key["schema"] = json!({ "type": "string", "pattern": "^[!-~]{1,255}$" });
        parameters.push(key);
    }
    if conditional {
        let about = "The `ETag` of what was seen: 412 if it has become another since.";
        parameters.push(header("If-Match", about, "\"kJ3rKQyH1yqBcvzD\""));
    }
    operation.insert("parameters".to_owned(), parameters.into());
    let tag = path
        .split('/')
        .nth(if path.starts_with("/v1/") { 2 } else { 1 });
    operation.insert("tags".to_owned(), json!([tag.unwrap_or_default()]));
    if !secured {
        operation.insert("security".to_owned(), json!([]));
    }

    let has_body = operation.contains_key("requestBody");
    if let Some(body) = operation.get_mut("requestBody") {
        give_example(body, schemas);
    }
    let Some(responses) = operation
        .get_mut("responses")
        .and_then(Value::as_object_mut)
    else {
        return;
    };
    for (status, response) in responses.iter_mut() {
        response["description"] = json!(match status.as_str() {
            "201" => "Made.",
            "204" => "Done.",
            _ => "Here it is.",
        });
        give_example(response, schemas);
        if path.starts_with("/v1/") && response.get("content").is_some() {
            response["headers"]["ETag"] = json!({
                "description": "The digest of what is shown.", "schema": { "type": "string" },
            });
        }
        if status == "201" {
            response["headers"]["Location"] = json!({
                "description": "Where it is.", "schema": { "type": "string", "format": "uri-reference" },
            });
        }
    }
    for (refusal, applies) in [
        ("400", has_body),
        ("401", path.starts_with("/v1/")),
        ("403", secured),
        ("404", secured),
        ("409", secured),
        ("412", conditional),
        ("413", has_body),
        ("415", has_body),
        ("422", path.starts_with("/v1/")),
        ("429", path.starts_with("/v1/")),
        ("500", true),
        ("503", true),
        ("504", true),
    ] {
        if applies {
            let response = json!({ "$ref": format!("#/components/responses/{refusal}") });
            responses.insert(refusal.to_owned(), response);
        }
    }
}

/// The variable parts of an address: members of what it shows; else an id is a UUID, anything else
/// a name.
fn variables(path: &str, shown: &Value, schemas: &Value) -> Vec<Value> {
    path.split('/')
        .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
        .map(|name| {
            let (mut schema, otherwise) = match name {
                "id" => (json!({ "type": "string", "format": "uuid" }), UUID),
                "code" => (json!({ "type": "string" }), "de"),
                "email" | "principal" => (json!({ "type": "string" }), "sales@de.example"),
                "key" => (json!({ "type": "string" }), "token_hours"),
                "kind" => (json!({ "type": "string" }), "invoice"),
                "login" => (json!({ "type": "string" }), "report_de"),
                "number" => (json!({ "type": "string" }), "RE-2026-00026"),
                _ => (json!({ "type": "string" }), "tenant_sales"),
            };
            let member = &shown[name];
            if !member.is_null() {
                schema = json!({ "type": "string" });
                if !member["format"].is_null() {
                    schema["format"] = member["format"].clone();
                }
            }
            let example = example(member, schemas).unwrap_or_else(|| otherwise.into());
            json!({ "in": "path", "name": name, "required": true, "schema": schema, "example": example })
        })
        .collect()
}

/// Every way in which a request is refused.
fn refusals(schemas: &Value) -> Value {
    let problem = json!({ "$ref": "#/components/schemas/Problem" });
    debug_assert!(schemas.get("Problem").is_some());
    let refusals = error::examples().into_iter().map(|(status, about, example)| {
        let mut response = json!({
            "description": about,
            "content": { "application/problem+json": { "schema": problem, "example": example } },
        });
        if status == 503 || status == 429 {
            response["headers"] = json!({ "Retry-After": {
                "description": "After how many seconds to send the request again.",
                "schema": { "type": "integer" },
            }});
        }
        (status.to_string(), response)
    });
    Value::Object(refusals.collect())
}

fn give_example(holder: &mut Value, schemas: &Value) {
    let Some(content) = holder.get_mut("content").and_then(Value::as_object_mut) else {
        return;
    };
    for media in content.values_mut() {
        if let Some(example) = media
            .get("schema")
            .and_then(|schema| example(schema, schemas))
        {
            media["example"] = example;
        }
    }
}

/// Composes an example of those of a schema's parts.
fn example(schema: &Value, schemas: &Value) -> Option<Value> {
    if let Some(name) = schema["$ref"].as_str() {
        return example(&schemas[name.rsplit('/').next()?], schemas);
    }
    if let Some(first) = schema["examples"].get(0).or_else(|| schema.get("example")) {
        return Some(first.clone());
    }
    if let Some(first) = schema["enum"].get(0).or_else(|| schema.get("const")) {
        return Some(first.clone());
    }
    for alternatives in ["anyOf", "oneOf", "allOf"] {
        if let Some(alternatives) = schema[alternatives].as_array() {
            return alternatives.iter().find_map(|one| example(one, schemas));
        }
    }
    let kind = match &schema["type"] {
        Value::Array(kinds) => kinds.first()?.as_str()?,
        kind => kind.as_str()?,
    };
    Some(match (kind, schema["format"].as_str()) {
        ("object", _) => {
            let members = schema["properties"].as_object().into_iter().flatten();
            let members =
                members.filter_map(|(name, part)| Some((name.clone(), example(part, schemas)?)));
            Value::Object(members.collect())
        }
        ("array", _) => example(&schema["items"], schemas).into_iter().collect(),
        ("string", Some("uuid")) => UUID.into(),
        ("string", Some("date")) => "2026-09-30".into(),
        ("string", Some("date-time")) => "2026-09-30T08:15:00Z".into(),
        ("integer", _) => schema.get("minimum").cloned().unwrap_or_else(|| 1.into()),
        ("boolean", _) => true.into(),
        _ => return None,
    })
}

/// `GET /docs`: a page to read and try it, which needs nothing from elsewhere.
pub async fn page() -> Response {
    let page = Swagger::new(ADDRESS).with_title("pg_mandant").html();
    let mut response = Html(page).into_response();
    let policy = HeaderValue::from_static(PAGE_POLICY);
    response
        .headers_mut()
        .insert(CONTENT_SECURITY_POLICY, policy);
    response
}

/// `GET /openapi.json`
pub fn document(text: &'static str) -> Response {
    ([(CONTENT_TYPE, "application/json")], text).into_response()
}

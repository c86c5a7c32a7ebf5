//! What stands for what in a source, as somebody writes it down: a file in TOML, each part of which may be left out.

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    entity::{ENTITIES, Entity, Field, Kind},
    value::Reading,
};

type Words = BTreeMap<String, String>;

/// What was written down.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Map {
    /// A file's name to what its rows are, such as `"Kunden.csv" = "customer"`.
    files: Words,
    /// Of what, the column's name to the field: `[columns.customer]`, `"Firma" = "name"`.
    columns: BTreeMap<String, Words>,
    /// Of which field, what stands there to the value: `[options."invoice.state"]`, `"Bezahlt" = "paid"`.
    options: BTreeMap<String, Words>,
    /// How dates and numbers are written.
    pub read: Reading,
    /// Business units to codes of tenants.
    tenants: Words,
    /// Users to e-mail addresses or logins.
    users: Words,
    /// Units of measure to their codes.
    units: Words,
    /// Countries to their codes.
    countries: Words,
    /// Phases of opportunities to codes of stages.
    stages: Words,
    /// What is taken where nothing is said: tenant, owner, unit, tax_code.
    default: Words,
}

impl Map {
    /// Reads it, and refuses what names nothing.
    pub fn read(path: &Path) -> Result<Self> {
        let shown = path.display();
        let text = fs::read_to_string(path).with_context(|| format!("cannot read {shown}"))?;
        let map: Self = toml::from_str(&text).with_context(|| format!("{shown} is no map"))?;
        for name in map.files.values().chain(map.columns.keys()) {
            entity(name).with_context(|| shown.to_string())?;
        }
        for (name, columns) in &map.columns {
            let known = fields(name);
            for field in columns.values() {
                ensure!(
                    known.iter().any(|one| one.name == field),
                    "{shown}: {name} has no field \"{field}\": it has {}",
                    known
                        .iter()
                        .map(|one| one.name)
                        .collect::<Vec<_>>()
                        .join(", ")
                );
            }
        }
        for (place, words) in &map.options {
            let choices = place
                .split_once('.')
                .and_then(|(name, field)| fields(name).into_iter().find(|one| one.name == field));
            let Some(Field {
                kind: Kind::Choice(choices),
                ..
            }) = choices
            else {
                bail!(
                    "{shown}: [options.\"{place}\"] is no field that is one of a list, such as invoice.state"
                );
            };
            for value in words.values() {
                ensure!(
                    choices.iter().any(|(known, _)| known == value),
                    "{shown}: {place} cannot be \"{value}\""
                );
            }
        }
        let known = ["tenant", "owner", "unit", "tax_code"];
        if let Some(name) = map
            .default
            .keys()
            .find(|name| !known.contains(&name.as_str()))
        {
            bail!(
                "{shown}: [default] has no \"{name}\": it has {}",
                known.join(", ")
            );
        }
        Ok(map)
    }

    /// What the rows of a file are, if that was said.
    pub fn entity_of(&self, file: &str) -> Option<&'static str> {
        let named = self.files.get(file)?;
        entity(named).ok().map(|entity| entity.names[0])
    }

    /// The field that a column of rows is, if that was said.
    pub fn field_of(&self, entity: &Entity, column: &str) -> Option<&str> {
        let said = |name: &str| self.columns.get(name)?.get(column);
        [entity.name]
            .iter()
            .chain(entity.names)
            .find_map(|name| said(name))
            .map(String::as_str)
    }

    /// The value that a word is, if that was said.
    pub fn option_of(&self, entity: &Entity, field: &str, word: &str) -> Option<&str> {
        let said = |name: &str| self.options.get(&format!("{name}.{field}"))?.get(word);
        [entity.name]
            .iter()
            .chain(entity.names)
            .find_map(|name| said(name))
            .map(String::as_str)
    }

    /// What the database is told.
    pub fn options(&self) -> Value {
        json!({
            "tenants": self.tenants,
            "users": self.users,
            "units": self.units,
            "countries": self.countries,
            "stages": self.stages,
            "default": self.default,
        })
    }
}

/// What is called so.
pub fn entity(name: &str) -> Result<&'static Entity> {
    let name = name.to_lowercase();
    let known = |entity: &&Entity| entity.name == name || entity.names.contains(&name.as_str());
    match ENTITIES.iter().find(known) {
        Some(entity) => Ok(entity),
        None => {
            let names: Vec<_> = ENTITIES.iter().map(|entity| entity.names[0]).collect();
            bail!(
                "there is no \"{name}\" to import: it can be {}",
                names.join(", ")
            )
        }
    }
}

/// The fields of all entities that are called so.
fn fields(name: &str) -> Vec<&'static Field> {
    ENTITIES
        .iter()
        .filter(|entity| entity.name == name || entity.names.contains(&name))
        .flat_map(|entity| entity.fields)
        .collect()
}

//! `mandant load FILE ...`: country packs (JSON) and exchange rates (CSV of the European Central Bank), each file wholly or
//! not at all. It only reads them: what is right is the database's affair.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, anyhow, bail, ensure};
use serde_json::Value;
use tokio_postgres::Client;

use crate::{config, error::reason, record::param, telemetry::say};

/// Loads the files in order. One that fails does not stop the others.
pub async fn load(client: &Client, options: &config::Load) -> Result<()> {
    let mut failed = 0;
    for file in &options.files {
        match load_file(client, file, options).await {
            Ok(loaded) => say(format!("{}: {loaded}", file.display())),
            Err(error) => {
                failed += 1;
                eprintln!("mandant: {}: {error:#}", file.display());
            }
        }
    }
    ensure!(
        failed == 0,
        "{failed} of {} files were not loaded",
        options.files.len()
    );
    Ok(())
}

/// Loads one, and says what came of it.
async fn load_file(database: &Client, file: &PathBuf, options: &config::Load) -> Result<String> {
    let text = fs::read_to_string(file).context("cannot be read as UTF-8")?;
    match extension(file) {
        Some("json") => {
            let pack: Value = serde_json::from_str(&text).context("is not JSON")?;
            let load = "select p.country, p.valid_from::text from crm.load_country_pack($1) p";
            let row = database
                .query_typed_one(load, &[param(&pack)])
                .await
                .map_err(|error| anyhow!(reason(&error)))?;
            let (country, valid_from): (String, String) = (row.get(0), row.get(1));
            Ok(format!("country pack {country}, from {valid_from} on"))
        }
        Some("csv") => {
            let load = "select loaded, changed, unchanged from crm.load_exchange_rates($1, $2, $3)";
            let kind = options.rates.as_str();
            let row = database
                .query_typed_one(load, &[param(&text), param(&kind), param(&options.source)])
                .await
                .map_err(|error| anyhow!(reason(&error)))?;
            let (loaded, changed, unchanged): (i32, i32, i32) =
                (row.get(0), row.get(1), row.get(2));
            Ok(format!(
                "{loaded} {kind} rates loaded, {changed} changed, {unchanged} unchanged"
            ))
        }
        _ => bail!("is neither a country pack (.json) nor exchange rates (.csv)"),
    }
}

fn extension(file: &Path) -> Option<&str> {
    file.extension().and_then(|extension| extension.to_str())
}

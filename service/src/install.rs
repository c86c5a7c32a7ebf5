//! Puts the extension and `sql/` into a database: all of it in one transaction, or nothing. The
//! checksum of both stays in the database, so that new code never meets old tables.

use std::{fs, path::Path};

use anyhow::{Context, Result, anyhow, bail};
use sha2::{Digest, Sha256};
use tokio_postgres::{Client, Config, NoTls, Transaction, error::ErrorPosition};

use crate::{config::Demo, error::reason, telemetry::say};

/// `sql/*.sql`: name and text.
const FILES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/sql_files.rs"));
/// Files of this prefix are the demo companies, the first of them the companies themselves.
const DEMO: &str = "9";
/// That file.
const SMALL_DEMO: &str = "900";
/// The database.
pub const DATABASE: &str = "mandant";
/// The login that administers it.
pub const ADMIN: &str = "mandant_admin";

/// What is installed in a database.
pub struct Installed {
    /// The demo companies are there.
    pub demo: bool,
}

/// Installs what is missing; refuses a database that was made from other code.
pub async fn install(superuser: &Config, checksum: &str, demo: Demo) -> Result<Installed> {
    let server = connect(superuser, "postgres").await?;
    create_database(&server)
        .await
        .map_err(|error| anyhow!(reason(&error)))?;

    let mut database = connect(superuser, DATABASE).await?;
    match recorded_checksum(&database).await? {
        None => {
            say(match demo {
                Demo::Year => {
                    "Installing the extension, the CRM and a year of three companies, which takes half a minute."
                }
                _ => "Installing the extension and the CRM.",
            });
            fill(&mut database, checksum, demo).await?;
        }
        Some(recorded) if recorded == checksum => (),
        Some(_) => bail!(
            "the database was made by other code than this: `make fresh` removes it with its data, \
             then `make run` makes a new one"
        ),
    }
    let demo = database
        .query_one("select to_regrole('report_group') is not null", &[])
        .await
        .map_err(|error| anyhow!(reason(&error)))?;
    Ok(Installed { demo: demo.get(0) })
}

/// The checksum of what would be installed: the extension's files and all of `sql/`.
pub fn checksum(extension_files: &[impl AsRef<Path>]) -> Result<String> {
    let mut sum = Sha256::new();
    for file in extension_files {
        let file = file.as_ref();
        sum.update(fs::read(file).with_context(|| format!("cannot read {}", file.display()))?);
    }
    for (name, text) in FILES {
        sum.update(name);
        sum.update(text);
    }
    Ok(hex::encode(sum.finalize()))
}

async fn connect(superuser: &Config, database: &str) -> Result<Client> {
    let (client, connection) = superuser
        .clone()
        .dbname(database)
        .connect(NoTls)
        .await
        .map_err(|error| anyhow!("cannot connect to the private database: {}", reason(&error)))?;
    tokio::spawn(connection);
    Ok(client)
}

async fn create_database(server: &Client) -> Result<(), tokio_postgres::Error> {
    let exists = "select from pg_roles where rolname = $1";
    if server.query_opt(exists, &[&ADMIN]).await?.is_none() {
        server
            .batch_execute(&format!("create role {ADMIN} login"))
            .await?;
    }
    let exists = "select from pg_database where datname = $1";
    if server.query_opt(exists, &[&DATABASE]).await?.is_none() {
        server
            .batch_execute(&format!("create database {DATABASE} owner {ADMIN}"))
            .await?;
    }
    Ok(())
}

/// Whether a file is part of an installation with so much of a demo.
fn belongs(file: &str, demo: Demo) -> bool {
    match demo {
        Demo::None => !file.starts_with(DEMO),
        Demo::Small => !file.starts_with(DEMO) || file.starts_with(SMALL_DEMO),
        Demo::Year => true,
    }
}

async fn recorded_checksum(database: &Client) -> Result<Option<String>> {
    let recorded = async {
        let exists = "select to_regclass('crm.installation') is not null";
        if !database.query_one(exists, &[]).await?.try_get(0)? {
            return Ok(None);
        }
        database
            .query_one("select checksum from crm.installation", &[])
            .await?
            .try_get(0)
            .map(Some)
    };
    recorded
        .await
        .map_err(|error: tokio_postgres::Error| anyhow!(reason(&error)))
}

async fn fill(database: &mut Client, checksum: &str, demo: Demo) -> Result<()> {
    let transaction = database.transaction().await?;
    run(
        &transaction,
        "create extension",
        "create extension pg_mandant",
    )
    .await?;
    for (name, text) in FILES.iter().filter(|(name, _)| belongs(name, demo)) {
        run(&transaction, &format!("sql/{name}"), text).await?;
    }
    transaction
        .execute(
            "insert into crm.installation (checksum) values ($1)",
            &[&checksum],
        )
        .await
        .map_err(|error| anyhow!("crm.installation: {}", reason(&error)))?;
    transaction
        .commit()
        .await
        .map_err(|error| anyhow!("commit: {}", reason(&error)))
}

/// Runs a file's statements; a failure names the file and the line.
async fn run(transaction: &Transaction<'_>, name: &str, text: &str) -> Result<()> {
    transaction.batch_execute(text).await.map_err(|error| {
        let line = match error.as_db_error().and_then(|error| error.position()) {
            Some(ErrorPosition::Original(position)) => {
                let before = text.chars().take(*position as usize);
                format!(
                    " line {}",
                    1 + before.filter(|character| *character == '\n').count()
                )
            }
            _ => String::new(),
        };
        anyhow!("{name}{line}: {}", reason(&error))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_in_the_order_of_their_names() {
        assert!(FILES.is_sorted_by_key(|(name, _)| name));
        assert!(FILES.iter().any(|(name, _)| name.starts_with(DEMO)));
    }

    #[test]
    fn a_demo_is_none_small_or_a_year() {
        let files = |demo| FILES.iter().filter(|(name, _)| belongs(name, demo)).count();
        assert_eq!(files(Demo::Small), files(Demo::None) + 1);
        assert!(files(Demo::Year) > files(Demo::Small));
        assert_eq!(files(Demo::Year), FILES.len());
    }

    #[test]
    fn the_checksum_is_that_of_the_files() {
        let none: [&Path; 0] = [];
        let sum = checksum(&none).unwrap();
        assert_eq!(sum.len(), 64);
        assert_eq!(sum, checksum(&none).unwrap());
        assert_ne!(
            sum,
            checksum(&[concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")]).unwrap()
        );
        assert!(checksum(&["/nowhere"]).is_err());
    }
}

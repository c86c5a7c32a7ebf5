//! Puts the extension and `sql/` into a database, or brings one that an older release installed to this one: all of it
//! in one transaction, or nothing. Version and checksum of what was installed stay in the database, so that new code
//! never meets old tables.

use anyhow::{Context, Result, anyhow, bail, ensure};
use sha2::{Digest, Sha256};
use tokio_postgres::{Client, IsolationLevel, Transaction, error::ErrorPosition};

use crate::{
    config::Demo,
    error::reason,
    release::{NoWay, Release, UPDATES, VERSION, way},
    telemetry::say,
};

/// `sql/*.sql`: name and text.
const FILES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/sql_files.rs"));
/// Files of this prefix are the demo companies, the first of them the companies themselves.
const DEMO: &str = "9";
/// That file.
const SMALL_DEMO: &str = "900";
/// The login that administers the demo companies.
pub const ADMIN: &str = "mandant_admin";

/// One installs or updates at a time; what the superuser's sessions are set to does not matter.
const BEGIN: &str =
    "select set_config(name, '0', true) from pg_settings
        where name in ('statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout', 'transaction_timeout');
    select pg_advisory_xact_lock(hashtextextended('mandant install', 0))";

/// Where the server has the extension's control file and scripts: `extension_control_path` came with PostgreSQL 18.
const FOLDER: &str = "
    select replace(p.path, '$system', c.setting) || '/extension/' as folder
    from pg_config() as c,
        string_to_table(coalesce(current_setting('extension_control_path', true), '$system'), ':')
            with ordinality as p(path, nth)
    where c.name = 'SHAREDIR'
        and (pg_stat_file(replace(p.path, '$system', c.setting) || '/extension/pg_mandant.control', true)).size > 0
    order by p.nth limit 1";

/// What was found in a database.
pub enum Found {
    /// Nothing: it is installed now.
    Nothing,
    /// The same release.
    Same,
    /// An older release, of this version, that can be updated.
    Older(String),
    /// Another one.
    Other(NoWay),
}

/// Installs extension and CRM if the database has nothing of them.
pub async fn install(database: &mut Client, demo: Demo) -> Result<Found> {
    let transaction = begin(database, "install").await?;
    let own = own_release(&transaction).await?;
    if let Some(recorded) = recorded(&transaction).await? {
        return Ok(match way(&recorded, &own, UPDATES) {
            Ok(updates) if updates.is_empty() => Found::Same,
            Ok(_) => Found::Older(recorded.version),
            Err(no_way) => Found::Other(no_way),
        });
    }
    refuse_remains(&transaction, demo).await?;
    say(match demo {
        Demo::None => "Installing the extension and the CRM.",
        Demo::Small => "Installing the extension, the CRM and three companies.",
        Demo::Year => {
            "Installing the extension, the CRM and a year of three companies, which takes half a minute."
        }
    });
    let create = format!("create extension pg_mandant version '{VERSION}'");
    run(&transaction, "the extension", &create).await?;
    for (name, text) in FILES.iter().filter(|(name, _)| belongs(name, demo)) {
        run(&transaction, &format!("sql/{name}"), text).await?;
    }
    record(
        &transaction,
        "insert into crm.installation (version, checksum) values ($1, $2)",
        &own,
    )
    .await?;
    commit(transaction).await?;
    Ok(Found::Nothing)
}

/// Brings a database that an older release installed to this one, and gives the version that it had; none if it is of
/// this one.
pub async fn update(database: &mut Client) -> Result<Option<String>> {
    let transaction = begin(database, "update").await?;
    let own = own_release(&transaction).await?;
    let recorded = recorded(&transaction)
        .await?
        .context("nothing of pg_mandant is in this database: `mandant install` puts it there")?;
    let updates = way(&recorded, &own, UPDATES)?;
    if updates.is_empty() {
        return Ok(None);
    }
    say(format!("Updating from {} to {VERSION}.", recorded.version));
    let loaded: String = value(&transaction, "select mandant.version()").await?;
    ensure!(
        loaded == VERSION,
        "the server has loaded the extension's library of version {loaded}, and this is {VERSION}: restart the server"
    );
    let alter = format!("alter extension pg_mandant update to '{VERSION}'");
    run(&transaction, "the extension", &alter).await?;
    for update in updates {
        run(&transaction, &update.name(), update.text).await?;
    }
    record(
        &transaction,
        "update crm.installation set version = $1, checksum = $2",
        &own,
    )
    .await?;
    commit(transaction).await?;
    Ok(Some(recorded.version))
}

/// Whether the login to serve as has a password; logins outlive databases, and one may be there already.
pub async fn has_password(database: &Client) -> Result<bool> {
    let asked = "select rolpassword is not null from pg_authid where rolname = 'mandant_service'";
    let row = database.query_one(asked, &[]).await;
    row.and_then(|row| row.try_get(0))
        .map_err(|error| anyhow!(reason(&error)))
}

/// What the server does not do for us as it is set, and the line of postgresql.conf that changes it.
pub async fn preload_warning(database: &Client) -> Result<Option<String>> {
    let preloaded: String = database
        .query_one("show shared_preload_libraries", &[])
        .await
        .and_then(|row| row.try_get(0))
        .map_err(|error| anyhow!(reason(&error)))?;
    let libraries = preloaded
        .split(',')
        .map(|library| library.trim().trim_matches('"'));
    let mut libraries: Vec<_> = libraries.filter(|library| !library.is_empty()).collect();
    if libraries.contains(&"pg_mandant") {
        return Ok(None);
    }
    libraries.push("pg_mandant");
    Ok(Some(format!(
        "the library is not preloaded, so that some of what it refuses is not refused: say \
         shared_preload_libraries = '{}' in postgresql.conf, and restart the server",
        libraries.join(", ")
    )))
}

async fn begin<'a>(database: &'a mut Client, what: &str) -> Result<Transaction<'a>> {
    let refused = |error| anyhow!(reason(&error));
    let transaction = database
        .build_transaction()
        .isolation_level(IsolationLevel::ReadCommitted)
        .read_only(false)
        .start()
        .await
        .map_err(refused)?;
    let row = transaction
        .query_one(
            "select current_user::text, rolsuper, pg_is_in_recovery(), current_setting('server_encoding')
             from pg_roles where rolname = current_user",
            &[],
        )
        .await
        .map_err(refused)?;
    let (login, is_superuser): (&str, bool) = (row.try_get(0)?, row.try_get(1)?);
    let (is_standby, encoding): (bool, &str) = (row.try_get(2)?, row.try_get(3)?);
    ensure!(
        is_superuser,
        "{login} is no superuser: {what} as one, such as postgres, whom DATABASE_URL names"
    );
    ensure!(
        !is_standby,
        "the server is a standby: {what} on its primary"
    );
    ensure!(
        encoding == "UTF8",
        "the database is encoded in {encoding}, and not in UTF8: create another with `template template0 encoding 'UTF8'`"
    );
    transaction.batch_execute(BEGIN).await.map_err(refused)?;
    Ok(transaction)
}

/// This release, with the checksum of what it installs: the extension's control file and script as the server has them,
/// and all of `sql/`. The library is none of it: it differs from build to build.
async fn own_release(transaction: &Transaction<'_>) -> Result<Release> {
    let versions = "select coalesce(string_agg(version, ', '), '')
        from pg_available_extension_versions where name = 'pg_mandant'";
    let versions: String = value(transaction, versions).await?;
    ensure!(
        versions.split(", ").any(|version| version == VERSION),
        "the server has {} of the extension pg_mandant, and this is {VERSION}: install that on the server first",
        match versions.as_str() {
            "" => "no version".to_owned(),
            _ => format!("version {versions}"),
        }
    );
    let files = format!(
        "select pg_read_binary_file(folder || 'pg_mandant.control') || pg_read_binary_file(folder || 'pg_mandant--{VERSION}.sql')
         from ({FOLDER}) as f"
    );
    let files: Vec<u8> = value(transaction, &files).await?;
    let version = VERSION.to_owned();
    let checksum = checksum(&files);
    Ok(Release { version, checksum })
}

fn checksum(extension: &[u8]) -> String {
    let mut sum = Sha256::new();
    // lines of the generator's own remarks say where in the sources something stands
    let is_remark = |line: &[u8]| line.starts_with(b"--") || line.starts_with(b"/* <");
    for line in extension.split_inclusive(|byte| *byte == b'\n') {
        if !is_remark(line) {
            sum.update(line);
        }
    }
    for (name, text) in FILES {
        sum.update(name);
        sum.update(text);
    }
    hex::encode(sum.finalize())
}

/// The release that the database was installed from, if it was.
async fn recorded(transaction: &Transaction<'_>) -> Result<Option<Release>> {
    let exists = "select to_regclass('crm.installation') is not null";
    if !value::<bool>(transaction, exists).await? {
        return Ok(None);
    }
    // what was made before there were versions has none
    let read =
        "select coalesce(to_jsonb(i) ->> 'version', ''), checksum from crm.installation as i";
    let row = transaction
        .query_opt(read, &[])
        .await
        .map_err(|error| anyhow!(reason(&error)))?
        .context("crm.installation is empty: the database was not made by `mandant install`")?;
    Ok(Some(Release {
        version: row.try_get(0)?,
        checksum: row.try_get(1)?,
    }))
}

/// What stands in the way of an installation, said before half of it is done.
async fn refuse_remains(transaction: &Transaction<'_>, demo: Demo) -> Result<()> {
    let remains = "select coalesce(string_agg(what, ', '), '') from (
        select 'extension ' || extname from pg_extension where extname in ('pg_mandant', 'pg_trgm')
        union all
        select 'schema ' || nspname from pg_namespace
        where nspname in ('crm', 'report', 'trgm', 'mandant', 'mandant_internal')) as r(what)";
    let remains: String = value(transaction, remains).await?;
    ensure!(
        remains.is_empty(),
        "the database has already: {remains}; nothing was installed: create a database of its own"
    );
    let can_own = "select to_regrole('mandant_admin') is not null";
    if demo != Demo::None && !value::<bool>(transaction, can_own).await? {
        bail!(
            "the demo companies need a login to administer them: create role {ADMIN} login; or install without --demo"
        );
    }
    Ok(())
}

async fn value<T: for<'a> tokio_postgres::types::FromSql<'a>>(
    transaction: &Transaction<'_>,
    statement: &str,
) -> Result<T> {
    let row = transaction.query_one(statement, &[]).await;
    row.and_then(|row| row.try_get(0))
        .map_err(|error| anyhow!(reason(&error)))
}

/// Whether a file is part of an installation with so much of a demo.
fn belongs(file: &str, demo: Demo) -> bool {
    match demo {
        Demo::None => !file.starts_with(DEMO),
        Demo::Small => !file.starts_with(DEMO) || file.starts_with(SMALL_DEMO),
        Demo::Year => true,
    }
}

async fn record(transaction: &Transaction<'_>, statement: &str, own: &Release) -> Result<()> {
    let rows = transaction
        .execute(statement, &[&own.version, &own.checksum])
        .await
        .map_err(|error| anyhow!("crm.installation: {}", reason(&error)))?;
    ensure!(rows == 1, "crm.installation has {rows} rows, and not one");
    Ok(())
}

async fn commit(transaction: Transaction<'_>) -> Result<()> {
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
        let sum = checksum(b"script");
        assert_eq!(sum.len(), 64);
        assert_eq!(sum, checksum(b"script"));
        assert_ne!(sum, checksum(b"another"));
        assert_eq!(sum, checksum(b"-- src/lib.rs:7\n/* <begin> */\nscript"));
    }
}

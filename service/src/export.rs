//! `mandant export`: all that is of one company, and what it refers to, as CSV files with a manifest, by the rights of
//! whoever connects. The database says which tables, and gives their rows, all of one moment; they go to the files as they
//! come. What was begun and not finished is no folder: it is written under another name, the manifest last.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{BufWriter, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
    pin::pin,
};

use anyhow::{Context, Result, anyhow, bail};
use futures_util::TryStreamExt;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::Value;
use tokio_postgres::Client;

use crate::{
    config,
    error::reason,
    manifest::{self, FORMAT, LeftOut, MANIFEST, Manifest, NULL, Tally},
    record::param,
    telemetry::say,
};

/// One moment for all files, values written in one way, and as long as it takes.
const BEGIN: &str = "begin isolation level repeatable read read only; set local statement_timeout = 0; \
                     set local datestyle = 'ISO'; set local timezone = 'UTC'; set local intervalstyle = 'postgres'; \
                     set local bytea_output = 'hex'; set local extra_float_digits = 1";

/// Exports a company, and says what came of it.
pub async fn export(client: &Client, options: &config::Export) -> Result<()> {
    let folder = &options.folder;
    let partial = begin(folder)?;
    // whatever happens, half a folder does not stay
    let partial = scopeguard::guard(partial, |partial| {
        let _ = fs::remove_dir_all(partial);
    });
    let manifest = write(client, &options.code, &partial).await?;
    let text = serde_json::to_vec_pretty(&manifest)?;
    finish(&text, &partial, folder)
        .with_context(|| format!("cannot write {}", folder.display()))?;
    scopeguard::ScopeGuard::into_inner(partial);
    let rows: u64 = manifest.files.iter().map(|file| file.rows).sum();
    say(format!(
        "{rows} rows in {} files: {}",
        manifest.files.len(),
        folder.display()
    ));
    Ok(())
}

/// Makes the folder that becomes the one that was asked for.
fn begin(folder: &Path) -> Result<PathBuf> {
    match fs::read_dir(folder) {
        Ok(mut entries) => {
            if entries.next().is_some() {
                bail!(
                    "{} is not empty: name a folder that is not there yet",
                    folder.display()
                );
            }
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => (),
        Err(error) => bail!("{} cannot be written to: {error}", folder.display()),
    }
    let name = folder
        .file_name()
        .with_context(|| format!("{} names no folder", folder.display()))?;
    let mut partial = std::ffi::OsString::from(".");
    partial.push(name);
    partial.push(format!(".partial-{}", std::process::id()));
    let partial = folder.with_file_name(partial);
    DirBuilder::new()
        .mode(0o700) // what is in it is for whoever exports
        .create(&partial)
        .with_context(|| format!("cannot make {}", partial.display()))?;
    Ok(partial)
}

async fn write(client: &Client, tenant: &str, folder: &Path) -> Result<Manifest> {
    let refused = |error| anyhow!(reason(&error));
    client.batch_execute(BEGIN).await.map_err(refused)?;
    client
        .execute_typed(
            "select set_config('mandant.tenant', $1, true)",
            &[param(&tenant)],
        )
        .await
        .map_err(refused)?;
    let head: Value = client
        .query_typed_one("select crm.export_head($1)", &[param(&tenant)])
        .await
        .map_err(refused)?
        .try_get(0)?;
    let Value::Object(head) = head else {
        bail!("the database does not say what it exports")
    };
    let rows = client
        .query_typed(
            r#"select "table", file, kind, columns, copy, reason from crm.export_files($1)"#,
            &[param(&tenant)],
        )
        .await
        .map_err(refused)?;
    let progress = ProgressBar::new(rows.len().try_into()?).with_style(
        ProgressStyle::with_template("{bar:40} {pos} of {len} tables, {eta} left")?,
    );
    let mut manifest = Manifest {
        format: FORMAT,
        head,
        null: NULL.to_owned(),
        files: Vec::new(),
        left_out: Vec::new(),
    };
    for row in rows {
        let table: String = row.try_get(0)?;
        let note: Option<String> = row.try_get(5)?;
        match (
            row.try_get::<_, Option<String>>(1)?,
            row.try_get::<_, Option<&str>>(4)?,
        ) {
            (Some(file), Some(copy)) => {
                let (rows, sha256) = write_file(client, copy, &folder.join(&file)).await?;
                manifest.files.push(manifest::File {
                    file,
                    table,
                    kind: row.try_get(2)?,
                    columns: row.try_get(3)?,
                    rows,
                    sha256,
                    note,
                });
            }
            _ => manifest.left_out.push(LeftOut {
                table,
                reason: note.unwrap_or_default(),
            }),
        }
        progress.inc(1);
    }
    progress.finish_and_clear();
    client.batch_execute("commit").await.map_err(refused)?;
    Ok(manifest)
}

/// Writes what a statement gives as it comes; how many rows, and their hash.
async fn write_file(client: &Client, copy: &str, path: &Path) -> Result<(u64, String)> {
    let cannot = || format!("cannot write {}", path.display());
    let mut file = BufWriter::new(new_file(path).with_context(cannot)?);
    let mut tally = Tally::default();
    let rows = client
        .copy_out(copy)
        .await
        .map_err(|error| anyhow!(reason(&error)))?;
    let mut rows = pin!(rows);
    while let Some(part) = rows
        .try_next()
        .await
        .map_err(|error| anyhow!(reason(&error)))?
    {
        tally.add(&part);
        file.write_all(&part).with_context(cannot)?;
    }
    let file = file
        .into_inner()
        .map_err(|error| error.into_error())
        .with_context(cannot)?;
    file.sync_all().with_context(cannot)?;
    Ok(tally.close())
}

fn new_file(path: &Path) -> std::io::Result<File> {
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
}

/// The manifest last, then the name.
fn finish(manifest: &[u8], partial: &Path, folder: &Path) -> std::io::Result<()> {
    let mut file = new_file(&partial.join(MANIFEST))?;
    file.write_all(manifest)?;
    file.write_all(b"\n")?;
    file.sync_all()?;
    File::open(partial)?.sync_all()?;
    fs::rename(partial, folder)
}

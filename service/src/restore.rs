//! `mandant restore`: a company that `mandant export` wrote comes into another database, in one transaction. Every file is
//! read twice: first to see that it is the one of the manifest, then into the database, and it must be the same again.

use std::{
    fs::File,
    io::{BufReader, Cursor, Read},
    path::Path,
    pin::pin,
};

use anyhow::{Context, Result, anyhow, ensure};
use futures_util::SinkExt;
use indicatif::{ProgressBar, ProgressStyle};
use tokio_postgres::Client;

use crate::{
    config,
    error::reason,
    manifest::{self, Manifest, Tally},
    record::param,
    telemetry::say,
};

/// How much is read at once.
const PART: usize = 64 * 1024;
/// Values are read as they were written, for as long as it takes.
const BEGIN: &str = "begin; set local statement_timeout = 0; set local datestyle = 'ISO'; set local timezone = 'UTC'; \
                     set local intervalstyle = 'postgres'";

/// Restores a company, and says what came of it.
pub async fn restore(client: &Client, options: &config::Restore) -> Result<()> {
    let folder = &options.folder;
    let manifest = Manifest::of(folder)?;
    for file in &manifest.files {
        let path = folder.join(&file.file);
        let mut tally = Tally::default();
        let mut source = open(&path)?;
        while let Some(part) = next(&mut source, &path)? {
            tally.add(&part);
        }
        same(file, tally)?;
    }

    let refused = |error| anyhow!(reason(&error));
    client.batch_execute(BEGIN).await.map_err(refused)?;
    let text = serde_json::to_value(&manifest)?;
    let copies = client
        .query_typed(
            "select file, copy from crm.begin_restore($1)",
            &[param(&text)],
        )
        .await
        .map_err(refused)?;
    let progress = ProgressBar::new(copies.len().try_into()?).with_style(
        ProgressStyle::with_template("{bar:40} {pos} of {len} tables, {eta} left")?,
    );
    for row in copies {
        let (name, copy): (&str, &str) = (row.try_get(0)?, row.try_get(1)?);
        let file = manifest
            .files
            .iter()
            .find(|file| file.file == name)
            .with_context(|| format!("{name} is not in the manifest"))?;
        send(client, copy, folder, file).await?;
        progress.inc(1);
    }
    progress.finish_and_clear();
    let said = client
        .query_typed(
            "select line from crm.finish_restore($1) as line",
            &[param(&options.keep_shared)],
        )
        .await
        .map_err(refused)?;
    client.batch_execute("commit").await.map_err(refused)?;
    for row in said {
        say(row.try_get::<_, &str>(0)?);
    }
    Ok(())
}

/// Sends a file as it is read.
async fn send(client: &Client, copy: &str, folder: &Path, file: &manifest::File) -> Result<()> {
    let refused = |error| anyhow!("{}: {}", file.file, reason(&error));
    let path = folder.join(&file.file);
    let mut source = open(&path)?;
    let mut tally = Tally::default();
    let sink = client.copy_in(copy).await.map_err(refused)?;
    let mut sink = pin!(sink);
    while let Some(part) = next(&mut source, &path)? {
        tally.add(&part);
        sink.send(Cursor::new(part)).await.map_err(refused)?;
    }
    sink.finish().await.map_err(refused)?;
    same(file, tally)
}

fn open(path: &Path) -> Result<BufReader<File>> {
    let file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(BufReader::with_capacity(PART, file))
}

/// The next part; none at the end.
fn next(source: &mut impl Read, path: &Path) -> Result<Option<Vec<u8>>> {
    let mut part = vec![0; PART];
    let length = source
        .read(&mut part)
        .with_context(|| format!("cannot read {}", path.display()))?;
    part.truncate(length);
    Ok((length > 0).then_some(part))
}

/// Whether what was read is what the manifest says.
fn same(file: &manifest::File, tally: Tally) -> Result<()> {
    let (rows, sha256) = tally.close();
    ensure!(
        sha256 == file.sha256,
        "{} is not as it was written: its SHA-256 is another one than in the manifest",
        file.file
    );
    ensure!(
        rows == file.rows,
        "{} has {rows} rows, and {} in the manifest",
        file.file,
        file.rows
    );
    Ok(())
}

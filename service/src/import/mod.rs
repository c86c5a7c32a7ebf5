//! `mandant import`: a folder of CSV and XLSX files, read row by row, staged and loaded in one transaction: all of it is there
//! at the end, or nothing. A dry run does the same, and is rolled back.

mod entity;
mod file;
mod map;
mod value;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, anyhow, bail, ensure};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Map as Object, Value, json};
use sha2::{Digest, Sha256};
use tokio::{sync::mpsc, task::spawn_blocking};
use tokio_postgres::Client;
use unicode_width::UnicodeWidthStr;
use uuid::Uuid;

use self::{
    entity::{ENTITIES, Entity, Field, Kind},
    file::{Cell, Taker, Trouble},
    map::Map,
};
use crate::{config, database::Database, error::reason, record::param, telemetry::say};

/// Rows that are sent at once.
const BATCH: usize = 500;
/// Rows that are loaded at once.
const CHUNK: i32 = 500;
/// Problems that are told one by one.
const TOLD: usize = 50;

/// What the reader of the files sends on.
enum Message {
    /// Rows of a file.
    Rows {
        entity: &'static str,
        file: String,
        rows: Vec<Value>,
    },
    /// What is wrong with a file.
    Problem(Problem),
    /// A file has been read.
    Read,
}

/// What is wrong with a row.
struct Problem {
    level: String,
    file: Option<String>,
    line: Option<i64>,
    field: Option<String>,
    message: String,
}

/// Imports a folder, and says what came of it.
pub async fn run(database: &Database, options: &config::Import) -> Result<()> {
    let map = match &options.map {
        Some(path) => Map::read(path)?,
        None => Map::default(),
    };
    let files = files_of(&options.folder)?;
    let client = database.connect().await?;
    ask(&client, "begin").await?;
    if let Some(tenant) = &options.who.tenant {
        let select = "select set_config('mandant.tenant', $1, true)";
        query(&client, select, &[param(tenant)]).await?;
    }
    let source = options.from.to_string();
    let begin = query(
        &client,
        "select crm.begin_import($1, $2)",
        &[param(&source), param(&map.options())],
    )
    .await?;
    let run: Uuid = begin.first().context("nothing was begun")?.try_get(0)?;

    let progress = ProgressBar::new(files.len().try_into()?)
        .with_style(ProgressStyle::with_template(
            "{bar:40} {pos} of {len} {msg}, {eta} left",
        )?)
        .with_message("files read");
    let (sender, mut receiver) = mpsc::channel(4);
    let reading = spawn_blocking({
        let source = source.clone();
        move || {
            for file in &files {
                read_file(file, &map, &source, &sender);
            }
        }
    });
    let mut problems = Vec::new();
    while let Some(message) = receiver.recv().await {
        match message {
            Message::Rows { entity, file, rows } => {
                let stage = "select crm.stage_rows($1, $2, $3, $4)";
                let rows = Value::Array(rows);
                let values = [param(&run), param(&entity), param(&file), param(&rows)];
                query(&client, stage, &values).await?;
            }
            Message::Problem(problem) => problems.push(problem),
            Message::Read => progress.inc(1),
        }
    }
    reading.await?;

    progress.set_message("rows prepared");
    let prepare = query(&client, "select crm.prepare_import($1)", &[param(&run)]).await?;
    let rows: i64 = prepare
        .first()
        .context("nothing was prepared")?
        .try_get(0)?;
    progress.reset();
    progress.set_length(rows.try_into()?);
    progress.set_message("rows loaded");
    let mut after = 0_i64;
    loop {
        let load = "select crm.load_rows($1, $2, $3)";
        let values = [param(&run), param(&after), param(&CHUNK)];
        let loaded = query(&client, load, &values).await?;
        match loaded.first().context("nothing was loaded")?.try_get(0)? {
            Some::<i64>(place) => after = place,
            None => break,
        }
        progress.set_position(after.try_into()?);
    }
    progress.finish_and_clear();

    problems.extend(problems_of(&client, run).await?);
    tell(&problems, options.report.as_deref())?;
    say(summary(&client, run).await?);
    let errors = problems.iter().filter(|one| one.level == "error").count();
    if errors == 0 && !options.dry_run {
        query(&client, "select crm.end_import($1)", &[param(&run)]).await?;
        ask(&client, "commit").await?;
        say("Imported.");
        return Ok(());
    }
    ask(&client, "rollback").await?;
    ensure!(errors == 0, "{errors} errors: nothing was imported");
    say("A dry run: nothing was imported.");
    Ok(())
}

/// The files of a folder that can be read, in the order of their names.
fn files_of(folder: &Path) -> Result<Vec<PathBuf>> {
    let shown = folder.display();
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("cannot read the folder {shown}"))? {
        let path = entry?.path();
        let known = ["csv", "xlsx"];
        let of = |is: &std::ffi::OsStr| known.iter().any(|one| is.eq_ignore_ascii_case(one));
        if path.extension().is_some_and(of) && path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    ensure!(
        !files.is_empty(),
        "there are no CSV or XLSX files in {shown}"
    );
    Ok(files)
}

/// Takes the rows of a file, and sends them on in batches.
struct Reader<'a> {
    file: String,
    map: &'a Map,
    source: &'a str,
    sender: &'a mpsc::Sender<Message>,
    entity: Option<&'static Entity>,
    /// The columns of each field, in the order in which they count.
    columns: Vec<(&'static Field, Vec<usize>)>,
    rows: Vec<Value>,
}

fn read_file(path: &Path, map: &Map, source: &str, sender: &mpsc::Sender<Message>) {
    let file = path
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let mut reader = Reader {
        file: file.clone(),
        map,
        source,
        sender,
        entity: None,
        columns: Vec::new(),
        rows: Vec::new(),
    };
    let read = file::read(path, map.read.encoding.as_deref(), &mut reader);
    reader.flush();
    if let Err(trouble) = read {
        reader.problem(trouble.line, None, trouble.reason);
    }
    let _ = sender.blocking_send(Message::Read); // who asked has gone: nobody is told
}

impl Reader<'_> {
    fn problem(&self, line: Option<u64>, field: Option<&str>, message: String) {
        let _ = self.sender.blocking_send(Message::Problem(Problem {
            level: "error".to_owned(),
            file: Some(self.file.clone()),
            line: line.and_then(|line| line.try_into().ok()),
            field: field.map(str::to_owned),
            message,
        }));
    }

    fn flush(&mut self) {
        let (Some(entity), false) = (self.entity, self.rows.is_empty()) else {
            return;
        };
        let _ = self.sender.blocking_send(Message::Rows {
            entity: entity.name,
            file: self.file.clone(),
            rows: std::mem::take(&mut self.rows),
        });
    }

    /// What the rows are: as it was said, by the name of the file, by the hidden first column of an Excel export, or by the
    /// one entity that knows the first column as its id.
    fn find_entity(&self, names: &[String]) -> Option<&'static Entity> {
        if let Some(name) = self.map.entity_of(&self.file) {
            return map::entity(name).ok();
        }
        let stem = self
            .file
            .rsplit_once('.')
            .map_or(&*self.file, |(stem, _)| stem);
        let stem = stem.to_lowercase();
        let called = |name: &str| {
            let plural = name
                .strip_suffix('y')
                .map_or_else(|| format!("{name}s"), |start| format!("{start}ies"));
            stem == name || stem == plural
        };
        let first = names.first().map(|name| plain(name)).unwrap_or_default();
        let knows = |entity: &&Entity| entity.fields[0].columns.contains(&first.as_str());
        ENTITIES
            .iter()
            .find(|entity| {
                called(entity.name) && entity.name != "line"
                    || entity.names.iter().any(|name| called(name))
            })
            .or_else(|| ENTITIES.iter().find(knows))
    }
}

impl Taker for Reader<'_> {
    fn header(&mut self, names: Vec<String>) -> Result<(), Trouble> {
        let refuse = |reason: String| Trouble {
            line: Some(1),
            reason,
        };
        let entity = self.find_entity(&names).ok_or_else(|| {
            refuse(
                "what are its rows? say in [files], such as \"this.csv\" = \"account\"".to_owned(),
            )
        })?;
        let plain: Vec<String> = names.iter().map(|name| plain(name)).collect();
        for field in entity.fields {
            let said = |(at, name): (usize, &String)| {
                (self.map.field_of(entity, name) == Some(field.name)).then_some(at)
            };
            let mut found: Vec<usize> = names.iter().enumerate().filter_map(said).collect();
            let free = |at: &usize| self.map.field_of(entity, &names[*at]).is_none();
            for column in std::iter::once(&field.name).chain(field.columns) {
                found.extend(plain.iter().position(|name| name == column).filter(free));
            }
            found.dedup();
            if !found.is_empty() {
                self.columns.push((field, found));
            }
        }
        if !self.columns.iter().any(|(field, _)| field.name == "id") {
            return Err(refuse(format!(
                "no column tells one {} from another: say in [columns.{}] which is \"id\"",
                entity.names[0], entity.name
            )));
        }
        self.entity = Some(entity);
        Ok(())
    }

    fn row(&mut self, line: u64, cells: Vec<Option<Cell>>) -> Result<(), Trouble> {
        let Some(entity) = self.entity else {
            return Ok(());
        };
        let (mut data, mut key, mut broken) = (Object::new(), None, false);
        let mut wrong = Vec::new();
        for (field, columns) in &self.columns {
            let Some(cell) = columns.iter().find_map(|&at| cells.get(at)?.as_ref()) else {
                continue;
            };
            if field.name == "id" {
                key = Some(value::text(cell));
                continue;
            }
            let said = match &field.kind {
                Kind::Choice(_) => self
                    .map
                    .option_of(entity, field.name, &value::text(cell))
                    .map(str::to_owned),
                _ => None,
            };
            let read = said.map_or_else(|| value::value(cell, &field.kind, &self.map.read), Ok);
            match read {
                Ok(value) => {
                    data.insert(field.name.to_owned(), Value::String(value));
                }
                Err(reason) => wrong.push((field.name, reason)),
            }
        }
        for (field, reason) in wrong {
            self.problem(Some(line), Some(field), reason);
            broken = true;
        }
        let Some(key) = key else {
            self.problem(Some(line), Some("id"), "it has no id".to_owned());
            return Ok(());
        };
        let id = value::guid(&key).unwrap_or_else(|| id_of(self.source, entity.name, &key));
        self.rows.push(json!({
            "line": line, "id": id, "key": key, "data": data, "broken": broken,
        }));
        if self.rows.len() >= BATCH {
            self.flush();
        }
        Ok(())
    }
}

/// A column's name as it is looked for: in lower case, without what Excel exports write before the hidden ones.
fn plain(name: &str) -> String {
    let name = name.trim().to_lowercase();
    match name
        .strip_prefix('(')
        .and_then(|rest| rest.split_once(") "))
    {
        Some((_, name)) => name.trim().to_owned(),
        None => name,
    }
}

/// An id for what has a key of another kind: the same for the same key (UUID version 8).
fn id_of(source: &str, entity: &str, key: &str) -> Uuid {
    let hash = Sha256::digest(format!("{source}\0{entity}\0{key}"));
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash[..16]);
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}

async fn ask(client: &Client, statement: &str) -> Result<()> {
    let asked = client.batch_execute(statement).await;
    asked.map_err(|error| anyhow!(reason(&error)))
}

async fn query(
    client: &Client,
    statement: &str,
    values: &[crate::record::Param<'_>],
) -> Result<Vec<tokio_postgres::Row>> {
    let rows = client.query_typed(statement, values).await;
    rows.map_err(|error| anyhow!(reason(&error)))
}

async fn problems_of(client: &Client, run: Uuid) -> Result<Vec<Problem>> {
    let statement = "select level, file, line::bigint, field, message from crm.import_problems($1)";
    query(client, statement, &[param(&run)])
        .await?
        .iter()
        .map(|row| {
            Ok(Problem {
                level: row.try_get(0)?,
                file: row.try_get(1)?,
                line: row.try_get(2)?,
                field: row.try_get(3)?,
                message: row.try_get(4)?,
            })
        })
        .collect()
}

/// Says what is wrong, errors first; all of it goes into a report if one is wanted.
fn tell(problems: &[Problem], report: Option<&Path>) -> Result<()> {
    let of = |level: &'static str| problems.iter().filter(move |one| one.level == level);
    for problem in of("error").chain(of("warning")).take(TOLD) {
        let place = [
            problem.file.clone(),
            problem.line.map(|line| format!("line {line}")),
            problem.field.clone().filter(|field| !field.is_empty()),
        ];
        let place: Vec<_> = place.into_iter().flatten().collect();
        eprintln!(
            "mandant: {}: {}: {}",
            problem.level,
            place.join(", "),
            problem.message
        );
    }
    if problems.len() > TOLD {
        eprintln!("mandant: and {} more", problems.len() - TOLD);
    }
    let Some(path) = report else {
        return Ok(());
    };
    let written = || -> Result<(), csv::Error> {
        let mut writer = csv::Writer::from_path(path)?;
        writer.write_record(["level", "file", "line", "field", "message"])?;
        for problem in of("error").chain(of("warning")) {
            writer.write_record([
                problem.level.as_str(),
                problem.file.as_deref().unwrap_or_default(),
                &problem
                    .line
                    .map(|line| line.to_string())
                    .unwrap_or_default(),
                problem.field.as_deref().unwrap_or_default(),
                problem.message.as_str(),
            ])?;
        }
        writer.flush()?;
        Ok(())
    };
    written().with_context(|| format!("cannot write {}", path.display()))
}

/// How many rows there are of what, as a table.
async fn summary(client: &Client, run: Uuid) -> Result<String> {
    let statement = "select entity, coalesce(tenant, ''), coalesce(year, ''), coalesce(state, ''), rows::text, new::text, \
                     changed::text, same::text, coalesce(gross::text, ''), coalesce(currency, '') \
                     from crm.import_summary($1)";
    let mut table: Vec<Vec<String>> = vec![
        [
            "entity", "tenant", "year", "state", "rows", "new", "changed", "same", "sum", "",
        ]
        .map(str::to_owned)
        .to_vec(),
    ];
    for row in query(client, statement, &[param(&run)]).await? {
        let cells: Result<Vec<String>, _> = (0..row.len()).map(|at| row.try_get(at)).collect();
        table.push(cells?);
    }
    let mut widths = BTreeMap::new();
    for row in &table {
        for (at, cell) in row.iter().enumerate() {
            let width = widths.entry(at).or_insert(0);
            *width = cell.width().max(*width);
        }
    }
    let line = |row: &Vec<String>| {
        let cell = |(at, cell): (usize, &String)| {
            let space = " ".repeat(widths[&at] - cell.width());
            match at {
                4..=8 => format!("{space}{cell}"),
                _ => format!("{cell}{space}"),
            }
        };
        let cells: Vec<_> = row.iter().enumerate().map(cell).collect();
        cells.join("  ").trim_end().to_owned()
    };
    let lines: Vec<_> = table.iter().map(line).collect();
    if lines.len() < 2 {
        bail!("the files have no rows");
    }
    Ok(lines.join("\n"))
}

//! `mandant report`: a report for people, or as CSV for scripts, by the rights of whoever connects. Rows are read as they
//! are printed, from one transaction that only reads.

use std::io::{BufWriter, ErrorKind, Write, stdout};

use anyhow::{Context, Result, anyhow, bail};
use tokio_postgres::{Client, Row};
use unicode_width::UnicodeWidthStr;

use crate::{
    config,
    error::reason,
    record::{Record, param},
    report::{COLUMNS, REPORTS, ReportColumn, csv, header, rows_of, texts},
};

/// How many rows are read at once.
const ROWS: &str = "fetch 1000 from rows";

/// Prints a report, or without a name which there are.
pub async fn print(client: &Client, options: &config::Report) -> Result<()> {
    ask(client, "begin read only").await?;
    if let Some(tenant) = &options.who.tenant {
        client
            .execute_typed(
                "select set_config('mandant.tenant', $1, true)",
                &[param(tenant)],
            )
            .await
            .map_err(|error| anyhow!(reason(&error)))?;
    }
    let mut out = BufWriter::new(stdout().lock());
    let printed = match &options.name {
        None => list(client).await.map(|list| write!(out, "{list}")),
        Some(name) => {
            let columns = columns(client, name.strip_prefix("report.").unwrap_or(name)).await?;
            ask(
                client,
                &format!("declare rows no scroll cursor for {}", columns.1),
            )
            .await?;
            match options.csv {
                true => lines(client, &columns.0, &mut out).await,
                false => table(client, &columns.0, &mut out).await,
            }
        }
    }?;
    match printed.and_then(|()| out.flush()) {
        // who does not read on has seen enough
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        printed => printed.context("cannot print the report"),
    }
}

async fn ask(client: &Client, statement: &str) -> Result<()> {
    let asked = client.batch_execute(statement).await;
    asked.map_err(|error| anyhow!(reason(&error)))
}

async fn query(client: &Client, statement: &str) -> Result<Vec<Row>> {
    let rows = client.query_typed(statement, &[]).await;
    rows.map_err(|error| anyhow!(reason(&error)))
}

/// Which reports there are, a line each.
async fn list(client: &Client) -> Result<String> {
    let statement = format!("select name, coalesce(title, '') from {REPORTS} order by name");
    let found: Vec<(String, String)> = query(client, &statement)
        .await?
        .iter()
        .map(|row| Ok((row.try_get(0)?, row.try_get(1)?)))
        .collect::<Result<_, tokio_postgres::Error>>()?;
    let wide = found
        .iter()
        .map(|(name, _)| name.width())
        .max()
        .unwrap_or_default();
    let line = |(name, title): &(String, String)| {
        format!("{}\n", format!("  {name:wide$}  {title}").trim_end())
    };
    Ok(found.iter().map(line).collect())
}

/// The columns of a report, and the statement that gives its rows.
async fn columns(client: &Client, name: &str) -> Result<(Vec<ReportColumn>, String)> {
    let rows = client
        .query_typed(COLUMNS, &[param(&name)])
        .await
        .map_err(|error| anyhow!(reason(&error)))?;
    if rows.is_empty() {
        let list = list(client).await?;
        bail!(
            "there is no report \"{name}\" (SQLSTATE P0002); hint: these are there\n{}",
            list.trim_end()
        );
    }
    let columns: Vec<_> = rows
        .iter()
        .map(ReportColumn::of)
        .collect::<Result<_, _>>()?;
    let statement = rows_of(name, &columns, "true");
    Ok((columns, statement))
}

type Printed = Result<std::io::Result<()>>;

async fn lines(client: &Client, columns: &[ReportColumn], out: &mut impl Write) -> Printed {
    let mut printed = writeln!(out, "{}", header(columns));
    while printed.is_ok() {
        let rows = query(client, ROWS).await?;
        if rows.is_empty() {
            break;
        }
        for row in &rows {
            printed = printed.and(writeln!(out, "{}", csv(texts(row)?)));
        }
    }
    Ok(printed)
}

async fn table(client: &Client, columns: &[ReportColumn], out: &mut impl Write) -> Printed {
    let mut cells: Vec<Vec<String>> =
        vec![columns.iter().map(|column| column.name.clone()).collect()];
    loop {
        let rows = query(client, ROWS).await?;
        if rows.is_empty() {
            break;
        }
        for row in &rows {
            cells.push(
                texts(row)?
                    .into_iter()
                    .map(|text| shown(text.unwrap_or_default()))
                    .collect(),
            );
        }
    }
    let count = cells.len() - 1;
    let widest = |at: usize| {
        cells
            .iter()
            .map(|row: &Vec<String>| row[at].width())
            .max()
            .unwrap_or_default()
    };
    let widths: Vec<_> = (0..columns.len()).map(widest).collect();
    cells.insert(1, widths.iter().map(|width| "-".repeat(*width)).collect());
    let line = |row: &Vec<String>| {
        let cell = |((text, column), wide): ((&String, &ReportColumn), &usize)| {
            let space = " ".repeat(wide - text.width());
            if column.is_number() {
                space + text
            } else {
                format!("{text}{space}")
            }
        };
        let cells: Vec<_> = row.iter().zip(columns).zip(&widths).map(cell).collect();
        cells.join("  ")
    };
    let mut printed = Ok(());
    for row in &cells {
        printed = printed.and(writeln!(out, "{}", line(row).trim_end()));
    }
    let rows = if count == 1 { "row" } else { "rows" };
    Ok(printed.and(writeln!(out, "({count} {rows})")))
}

/// A value on one line; nothing in it moves the terminal.
fn shown(text: &str) -> String {
    let safe = |c: char| match c.is_control() {
        true => c.escape_default().collect(),
        false => c.to_string(),
    };
    text.chars().map(safe).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_takes_as_much_room_as_it_is_given() {
        assert_eq!("Größe".width(), 5);
        assert_eq!("陳嘉欣".width(), 6);
    }

    #[test]
    fn nothing_in_a_value_moves_the_terminal() {
        assert_eq!(shown("a\n\x1b[2Jb"), "a\\n\\u{1b}[2Jb");
    }
}

//! `mandant run-contracts`: the invoices of all contracts that are due, a few hundred contracts in each transaction, several
//! transactions side by side. What is committed stays: a run that was stopped goes on where it was when it is started again.

use std::{collections::VecDeque, sync::Arc};

use anyhow::{Result, anyhow, ensure};
use chrono::NaiveDate;
use indicatif::{ProgressBar, ProgressStyle};
use tokio::{sync::Mutex, task::JoinSet};
use tokio_postgres::Client;
use uuid::Uuid;

use crate::{config, database::Database, error::reason, record::param, telemetry::say};

/// Contracts of one transaction.
const SIZE: usize = 250;
/// How often a transaction is tried that met another one.
const TRIES: usize = 3;

/// What came of some contracts.
#[derive(Default)]
struct Done {
    invoices: usize,
    idle: usize,
    refused: Vec<String>,
}

/// Bills what is due, and says what came of it.
pub async fn run(database: &Database, options: &config::RunContracts) -> Result<()> {
    let client = open(database, options).await?;
    let due = "select contract_id from crm.due_contracts($1)";
    let due: Vec<Uuid> = client
        .query_typed(due, &[param(&options.as_of)])
        .await
        .map_err(|error| anyhow!(reason(&error)))?
        .iter()
        .map(|row| row.try_get(0))
        .collect::<Result<_, _>>()?;
    let contracts = due.len();
    let mut waiting: VecDeque<Vec<Uuid>> = due.chunks(SIZE).map(<[Uuid]>::to_vec).collect();
    if waiting.is_empty() {
        waiting.push_back(Vec::new()); // who may not run it is told so, and not that nothing is due
    }
    let progress = ProgressBar::new(contracts.try_into()?).with_style(
        ProgressStyle::with_template("{bar:40} {pos} of {len} contracts, {eta} left")?,
    );

    let waiting = Arc::new(Mutex::new(waiting));
    let mut workers = JoinSet::new();
    let mut clients = vec![client];
    while clients.len() < usize::from(options.at_once).min(waiting.lock().await.len()) {
        clients.push(open(database, options).await?);
    }
    for client in clients {
        let (waiting, progress, as_of) = (waiting.clone(), progress.clone(), options.as_of);
        workers.spawn(async move {
            let mut done = Done::default();
            loop {
                let Some(contracts) = waiting.lock().await.pop_front() else {
                    return Ok::<_, anyhow::Error>(done);
                };
                bill(&client, as_of, &contracts, &mut done).await?;
                progress.inc(contracts.len().try_into()?);
            }
        });
    }
    let mut done = Done::default();
    while let Some(worker) = workers.join_next().await {
        let more = worker??;
        done.invoices += more.invoices;
        done.idle += more.idle;
        done.refused.extend(more.refused);
    }
    progress.finish_and_clear();

    done.refused.sort();
    for refused in &done.refused {
        eprintln!("mandant: {refused}");
    }
    let idle = match done.idle {
        0 => String::new(),
        idle => format!("; nothing to bill in {idle} periods"),
    };
    say(format!(
        "{} invoices of {contracts} contracts{idle}.",
        done.invoices
    ));
    ensure!(
        done.refused.is_empty(),
        "{} of {contracts} contracts were refused",
        done.refused.len()
    );
    Ok(())
}

async fn open(database: &Database, options: &config::RunContracts) -> Result<Client> {
    let client = database.connect().await?;
    if let Some(tenant) = &options.who.tenant {
        let select = "select set_config('mandant.tenant', $1, false)";
        client
            .execute_typed(select, &[param(tenant)])
            .await
            .map_err(|error| anyhow!(reason(&error)))?;
    }
    Ok(client)
}

/// Bills some contracts in one transaction, once more where it met another one.
async fn bill(
    client: &Client,
    as_of: Option<NaiveDate>,
    contracts: &Vec<Uuid>,
    done: &mut Done,
) -> Result<()> {
    let run = "select tenant, contract, first_day::text, last_day::text, invoice, sqlstate, message, hint \
               from crm.run_contracts($1, $2)";
    let mut tries = 0;
    let rows = loop {
        tries += 1;
        match client
            .query_typed(run, &[param(&as_of), param(contracts)])
            .await
        {
            Ok(rows) => break rows,
            Err(error) if tries < TRIES && is_to_be_tried_again(&error) => (),
            Err(error) => return Err(anyhow!(reason(&error))),
        }
    };
    for row in rows {
        let text = |column| row.try_get::<_, Option<&str>>(column);
        match (text("sqlstate")?, text("invoice")?) {
            (Some(sqlstate), _) => done.refused.push(format!(
                "{} of {}, {} to {}: {} (SQLSTATE {sqlstate}){}",
                text("contract")?.unwrap_or_default(),
                text("tenant")?.unwrap_or_default(),
                text("first_day")?.unwrap_or_default(),
                text("last_day")?.unwrap_or_default(),
                text("message")?.unwrap_or_default(),
                text("hint")?
                    .map(|hint| format!("; hint: {hint}"))
                    .unwrap_or_default(),
            )),
            (None, Some(_)) => done.invoices += 1,
            (None, None) => done.idle += 1,
        }
    }
    Ok(())
}

/// Whether it met another transaction: 40001 or 40P01.
fn is_to_be_tried_again(error: &tokio_postgres::Error) -> bool {
    use tokio_postgres::error::SqlState;
    matches!(
        error.code(),
        Some(&SqlState::T_R_SERIALIZATION_FAILURE | &SqlState::T_R_DEADLOCK_DETECTED)
    )
}

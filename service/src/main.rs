//! `mandant`: starts what was asked for; a failure is one sentence on stderr and exit code 1, of
//! `mandant lint`, where 1 says that something was found, 2.

use std::{io::ErrorKind, net::SocketAddr, path::Path, process::ExitCode, time::Duration};

use anyhow::{Context, Result, anyhow};
use clap::Parser;
use mandant::{
    cluster::{self, Cluster},
    config::{Cli, Command, Fresh, Lint, Load, RefreshKeys, Serve},
    db::Db,
    error::reason,
    lint::Report,
    load, refresh,
    telemetry::{self, say},
};
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
    sync::watch,
    time::sleep,
};
use tokio_postgres::{Client, Config, NoTls};

/// How long requests in flight may take to finish once the service was asked to stop.
const GRACE: Duration = Duration::from_secs(30);

#[tokio::main]
async fn main() -> ExitCode {
    let (outcome, failure) = match Cli::parse().command {
        Command::Serve(options) => (serve(options).await, 1),
        Command::Lint(options) => (lint(options).await, 2),
        Command::RefreshKeys(options) => (refresh_keys(options).await, 1),
        Command::Load(options) => (load_files(options).await, 1),
        Command::Fresh(options) => (fresh(options).await, 1),
    };
    outcome.unwrap_or_else(|error| {
        eprintln!("mandant: {error:#}");
        ExitCode::from(failure)
    })
}

async fn serve(options: Serve) -> Result<ExitCode> {
    telemetry::start(&options.log)?;
    let listener = listen(options.listen).await?;
    let stop = Stop::on_signals()?;
    match &options.database_url {
        Some(url) => {
            let database = url
                .parse()
                .context("DATABASE_URL is not a connection URL")?;
            let db = Db::new(database, options.connections)?;
            db.refuse_to_bypass().await?;
            say(format!(
                "Serving http://{}, Ctrl-C stops.",
                listener.local_addr()?
            ));
            answer(listener, db, &stop).await?;
        }
        None => {
            let cluster = Cluster::claim(&options.home)?;
            let outcome = serve_embedded(&cluster, listener, &options, &stop).await;
            let stopped = cluster.stop().await; // whatever happened, no server is left behind
            outcome.and(stopped)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn serve_embedded(
    cluster: &Cluster,
    listener: TcpListener,
    options: &Serve,
    stop: &Stop,
) -> Result<()> {
    let url = format!("http://{}", listener.local_addr()?);
    let running = tokio::select! {
        running = cluster.start(&url, !options.no_demo) => running?,
        () = stop.asked(1) => return Ok(()),
    };
    let db = Db::new(running.service_login(), options.connections)?;
    db.refuse_to_bypass().await?;
    say(running.welcome(&url));
    let outcome = answer(listener, db, stop).await;
    say("Stopping the private database.");
    outcome
}

/// Serves until asked to stop, then lets the requests in flight finish, for a while.
async fn answer(listener: TcpListener, db: Db, stop: &Stop) -> Result<()> {
    let asked = {
        let stop = stop.clone();
        async move { stop.asked(1).await }
    };
    let overdue = async {
        stop.asked(1).await;
        tokio::select! { () = sleep(GRACE) => (), () = stop.asked(2) => () }
    };
    tokio::select! {
        served = axum::serve(listener, mandant::router(db)).with_graceful_shutdown(asked) => {
            served.context("the service cannot go on")
        }
        () = overdue => Ok(()),
    }
}

async fn lint(options: Lint) -> Result<ExitCode> {
    let report = Report::of(&options).await?;
    say(if options.json {
        report.json()?
    } else {
        report.text()
    });
    Ok(ExitCode::from(u8::from(report.has_errors())))
}

async fn fresh(options: Fresh) -> Result<ExitCode> {
    let home = options.home.display();
    if !options.home.exists() {
        say(format!("Nothing to remove: there is no {home}."));
        return Ok(ExitCode::SUCCESS);
    }
    Cluster::claim(&options.home)?.remove().await?;
    say(format!("Removed {home}."));
    Ok(ExitCode::SUCCESS)
}

async fn refresh_keys(options: RefreshKeys) -> Result<ExitCode> {
    let database = connect(options.database_url.as_deref(), &options.home).await?;
    refresh::refresh_keys(&database).await?;
    Ok(ExitCode::SUCCESS)
}

async fn load_files(options: Load) -> Result<ExitCode> {
    let database = connect(options.database_url.as_deref(), &options.home).await?;
    load::load(&database, &options).await?;
    Ok(ExitCode::SUCCESS)
}

/// A connection to the database that was named, or to the private one.
async fn connect(url: Option<&str>, home: &Path) -> Result<Client> {
    let database: Config = match url {
        Some(url) => url
            .parse()
            .context("DATABASE_URL is not a connection URL")?,
        None => cluster::superuser_of_running(home)?,
    };
    let (client, connection) = database
        .connect(NoTls)
        .await
        .map_err(|error| anyhow!("cannot connect to the database: {}", reason(&error)))?;
    tokio::spawn(connection);
    Ok(client)
}

async fn listen(address: SocketAddr) -> Result<TcpListener> {
    TcpListener::bind(address)
        .await
        .map_err(|error| match error.kind() {
            ErrorKind::AddrInUse => anyhow!(
                "{address} is in use by another program (perhaps `make run` in another terminal): \
             stop that one, or choose another address, such as MANDANT_LISTEN=127.0.0.1:8081"
            ),
            _ => anyhow!("cannot listen on {address}: {error}"),
        })
}

/// Counts the signals that ask to stop: the first is polite, the second is not.
#[derive(Clone)]
struct Stop(watch::Receiver<u32>);

impl Stop {
    fn on_signals() -> Result<Self> {
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let (count, counted) = watch::channel(0);
        tokio::spawn(async move {
            loop {
                tokio::select! { _ = interrupt.recv() => (), _ = terminate.recv() => () }
                count.send_modify(|count| *count += 1);
            }
        });
        Ok(Self(counted))
    }

    async fn asked(&self, times: u32) {
        // it fails only without a sender, and the sender's task never ends
        let _ = self.0.clone().wait_for(|count| *count >= times).await;
    }
}

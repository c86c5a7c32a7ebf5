//! `mandant`: starts what was asked for; a failure is one sentence on stderr and exit code 1.

use std::{io::ErrorKind, net::SocketAddr, process::ExitCode, time::Duration};

use anyhow::{Context, Result, anyhow};
use clap::Parser;
use mandant::{
    cluster::{self, Cluster},
    config::{Cli, Command, Fresh, RefreshKeys, Serve},
    db::Db,
    refresh,
    telemetry::{self, say},
};
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
    sync::watch,
    time::sleep,
};

/// How long requests in flight may take to finish once the service was asked to stop.
const GRACE: Duration = Duration::from_secs(30);

#[tokio::main]
async fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Serve(options) => serve(options).await,
        Command::Fresh(options) => fresh(options).await,
        Command::RefreshKeys(options) => refresh_keys(options).await,
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("mandant: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(options: Serve) -> Result<()> {
    telemetry::start(&options.log)?;
    let listener = listen(options.listen).await?;
    let stop = Stop::on_signals()?;
    match &options.database_url {
        Some(url) => {
            let database = url
                .parse()
                .context("DATABASE_URL is not a connection URL")?;
            let db = Db::new(database, options.connections)?;
            say(format!(
                "Serving http://{}, Ctrl-C stops.",
                listener.local_addr()?
            ));
            answer(listener, db, &stop).await
        }
        None => {
            let cluster = Cluster::claim(&options.home)?;
            let outcome = serve_embedded(&cluster, listener, &options, &stop).await;
            let stopped = cluster.stop().await; // whatever happened, no server is left behind
            outcome.and(stopped)
        }
    }
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

async fn fresh(options: Fresh) -> Result<()> {
    let home = options.home.display();
    if !options.home.exists() {
        say(format!("Nothing to remove: there is no {home}."));
        return Ok(());
    }
    Cluster::claim(&options.home)?.remove().await?;
    say(format!("Removed {home}."));
    Ok(())
}

async fn refresh_keys(options: RefreshKeys) -> Result<()> {
    let database = match &options.database_url {
        Some(url) => url
            .parse()
            .context("DATABASE_URL is not a connection URL")?,
        None => cluster::superuser_of_running(&options.home)?,
    };
    refresh::refresh_keys(&database).await
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

//! `mandant psql EMAIL`: SQL with the rights of an employee, and no others. It signs in, gives the token to psql in its
//! environment, from where it goes to the server with the connection, and signs out when psql ends. Password and token are
//! in no SQL text, no argument and no history.

use std::{
    env,
    ffi::OsString,
    os::unix::process::ExitStatusExt,
    process::{ExitCode, ExitStatus},
};

use anyhow::{Context, Result, anyhow};
use nix::{sys::signal, unistd::Pid};
use tokio::{
    process::{Child, Command},
    signal::unix::{SignalKind, signal},
};

use crate::{config, database::Database, error::reason, record::param};

/// Whose session it is, before what psql shows anyway. A user's psqlrc may say otherwise.
const PROMPT: &str = "PROMPT1=%:MANDANT: %/%R%x%# ";

/// Runs psql on a database whose login is a relay; the exit code is psql's.
pub async fn psql(database: &Database, options: &config::Psql, password: &str) -> Result<ExitCode> {
    let token = sign_in(database, &options.email, password).await?;
    let ended = run(database, options, &token).await;
    if let Err(error) = sign_out(database, &token).await {
        eprintln!("mandant: not signed out, the token ends by itself: {error:#}");
    }
    Ok(ExitCode::from(exit_code(ended?)))
}

/// Signs in as somebody, for a token.
pub async fn sign_in(database: &Database, email: &str, password: &str) -> Result<String> {
    let client = database.connect().await?;
    let row = client
        .query_typed_one(
            "select token from mandant.sign_in($1, $2)",
            &[param(&email), param(&password)],
        )
        .await
        .map_err(|error| anyhow!(reason(&error)))?;
    Ok(row.try_get(0)?)
}

/// Ends a token, on a connection of its own: psql may run for hours.
pub async fn sign_out(database: &Database, token: &str) -> Result<()> {
    let mut client = database.connect().await?;
    let transaction = client.transaction().await?;
    transaction
        .execute_typed("select mandant.enter($1)", &[param(&token)])
        .await
        .map_err(|error| anyhow!(reason(&error)))?;
    transaction
        .execute_typed("select mandant.sign_out()", &[])
        .await?;
    Ok(transaction.commit().await?)
}

async fn run(database: &Database, options: &config::Psql, token: &str) -> Result<ExitStatus> {
    let psql = Command::new("psql")
        .arg("-v")
        .arg(format!("MANDANT={}", options.email))
        .args(["-v", PROMPT])
        .args(&options.arguments)
        .env_remove("PGSERVICE")
        .env_remove("PGHOSTADDR")
        .envs(environment(database, token))
        .spawn()
        .context("cannot run psql, the client of PostgreSQL")?;
    attend(psql).await
}

/// Waits for psql, and outlives it: Ctrl-C is psql's affair, and who ends us ends psql first.
async fn attend(mut psql: Child) -> Result<ExitStatus> {
    let process = psql
        .id()
        .and_then(|id| i32::try_from(id).ok())
        .map(Pid::from_raw);
    let pass_on = |number| {
        if let Some(process) = process {
            let _ = signal::kill(process, number); // in vain if it has just ended
        }
    };
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut quit = signal(SignalKind::quit())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hang_up = signal(SignalKind::hangup())?;
    loop {
        tokio::select! {
            ended = psql.wait() => return Ok(ended?),
            _ = interrupt.recv() => (),
            _ = quit.recv() => (),
            _ = terminate.recv() => pass_on(signal::SIGTERM),
            _ = hang_up.recv() => pass_on(signal::SIGHUP),
        }
    }
}

/// The option of a connection that says whose it is.
pub fn token_option(token: &str) -> String {
    format!("-c mandant.token={token}")
}

/// Where psql connects, as whom, and with what. What the user wants otherwise comes first, and so does not stand in the way.
fn environment(database: &Database, token: &str) -> Vec<(&'static str, OsString)> {
    let database = database.clone().with_option(&token_option(token));
    let mut environment = database.environment();
    let own = environment
        .iter_mut()
        .find(|(name, _)| *name == "PGOPTIONS");
    if let (Some((_, options)), Some(mut wanted)) = (own, env::var_os("PGOPTIONS")) {
        wanted.push(" ");
        wanted.push(&options);
        *options = wanted;
    }
    environment
}

/// As a shell says it.
fn exit_code(status: ExitStatus) -> u8 {
    let code = status.code().or(status.signal().map(|signal| 128 + signal));
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn psql_connects_with_the_token() {
        let url = "postgresql://mandant_psql@a.example/mandant?options=-cgeqo%3Doff";
        let database = Database::parse(url, "DATABASE_URL").unwrap();
        let environment = environment(&database, "token");
        let of = |wanted| environment.iter().find(|(name, _)| *name == wanted);
        let (_, options) = of("PGOPTIONS").unwrap();
        let options = options.to_str().unwrap();
        assert!(
            options.ends_with("-cgeqo=off -c mandant.token=token"),
            "{options}"
        );
        assert!(environment.contains(&("PGUSER", "mandant_psql".into())));
    }

    #[test]
    fn a_killed_psql_ends_as_a_shell_would_say() {
        assert_eq!(exit_code(ExitStatus::from_raw(3 << 8)), 3);
        assert_eq!(exit_code(ExitStatus::from_raw(15)), 143);
    }
}

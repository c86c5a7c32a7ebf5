//! `mandant set-password EMAIL`, and how passwords come in: typed without echo, or a line of what is piped in; never an
//! argument, which everybody on the machine could see. The database gets the hash.

use std::{
    fs::File,
    io::{IsTerminal, Read, Write, stdin},
    os::fd::AsFd,
};

use anyhow::{Context, Result, anyhow, bail, ensure};
use argon2::{
    Argon2,
    password_hash::{self, PasswordHasher, SaltString},
};
use nix::sys::termios::{LocalFlags, SetArg, tcgetattr, tcsetattr};
use scopeguard::guard;
use tokio_postgres::Client;

use crate::{error::reason, record::param, telemetry::say};

/// Asks for the password of somebody who has one.
pub fn ask() -> Result<String> {
    given(match stdin().is_terminal() {
        true => prompt("Password: ")?,
        false => piped()?,
    })
}

/// Asks for a new password, twice if somebody types it.
pub fn choose() -> Result<String> {
    if !stdin().is_terminal() {
        return given(piped()?);
    }
    let password = given(prompt("New password: ")?)?;
    ensure!(
        password == prompt("The same again: ")?,
        "the two passwords differ"
    );
    Ok(password)
}

/// Sets somebody's password.
pub async fn set_password(database: &Client, email: &str, password: &str) -> Result<()> {
    let hash = hash(password).map_err(|error| anyhow!("cannot hash the password: {error}"))?;
    // not even the hash need be logged; only superusers may say so, to others `mandant lint` says what is logged
    database
        .batch_execute(
            "select set_config('log_parameter_max_length', '0', false) \
             from pg_roles where rolname = current_user and rolsuper",
        )
        .await
        .map_err(|error| anyhow!(reason(&error)))?;
    database
        .execute_typed(
            "select mandant.set_password($1, $2)",
            &[param(&email), param(&hash)],
        )
        .await
        .map_err(|error| anyhow!(reason(&error)))?;
    say(format!(
        "{email} has a new password; whoever was signed in with the old one is out."
    ));
    Ok(())
}

/// Asks at the terminal. Nothing is shown from before the prompt on: who types at once is not shown either.
fn prompt(text: &str) -> Result<String> {
    let ask = || {
        let mut terminal = File::options().read(true).write(true).open("/dev/tty")?;
        let shown = tcgetattr(&terminal)?;
        let mut hidden = shown.clone();
        hidden.local_flags.remove(LocalFlags::ECHO);
        hidden.local_flags.insert(LocalFlags::ECHONL);
        tcsetattr(&terminal, SetArg::TCSAFLUSH, &hidden)?;
        let restored = terminal.try_clone()?;
        let _restored = guard((), |()| {
            let _ = tcsetattr(&restored, SetArg::TCSAFLUSH, &shown); // a terminal that is gone needs none
        });
        terminal.write_all(text.as_bytes())?;
        line(terminal)
    };
    ask().context("cannot read the password")
}

fn piped() -> Result<String> {
    let input = stdin().as_fd().try_clone_to_owned()?;
    line(File::from(input)).context("cannot read the password")
}

/// One line and not a byte more: what follows is for psql.
fn line(mut input: impl Read) -> Result<String> {
    let (mut line, mut byte) = (Vec::new(), [0]);
    while input.read(&mut byte)? == 1 && byte[0] != b'\n' {
        line.push(byte[0]);
    }
    if line.last() == Some(&b'\r') {
        line.pop();
    }
    String::from_utf8(line).context("it is not UTF-8")
}

fn given(password: String) -> Result<String> {
    if password.is_empty() {
        bail!("no password was given");
    }
    Ok(password)
}

/// As the extension hashes: with the crate's defaults, which follow OWASP's.
fn hash(password: &str) -> password_hash::Result<String> {
    let mut salt = [0; 16];
    getrandom::fill(&mut salt).map_err(|_| password_hash::Error::Crypto)?;
    let salt = SaltString::encode_b64(&salt)?;
    Ok(Argon2::default()
        .hash_password(password.as_bytes(), &salt)?
        .to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_one_that_the_database_takes_and_another_each_time() {
        let hashes = [hash("demo").unwrap(), hash("demo").unwrap()];
        for hash in &hashes {
            assert!(
                hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
                "{hash}"
            );
        }
        assert_ne!(hashes[0], hashes[1]);
    }

    #[test]
    fn a_line_is_taken_and_nothing_after_it() {
        let mut input = "secret \r\nselect 1;\n".as_bytes();
        assert_eq!(line(&mut input).unwrap(), "secret ");
        assert_eq!(input, b"select 1;\n");
        assert_eq!(line("at the end".as_bytes()).unwrap(), "at the end");
        assert!(line(&b"\xff\n"[..]).is_err());
    }

    #[test]
    fn no_password_is_not_taken_for_one() {
        assert!(given(String::new()).is_err());
    }
}

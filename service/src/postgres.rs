//! PostgreSQL as it is installed on this machine: which one, where its programs and our extension
//! are, and how to run them.

use std::{
    env,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};
use nix::unistd::User;
use tokio::process::Command;

/// Versions the extension can be built for, the newest first.
const VERSIONS: [u8; 4] = [18, 17, 16, 15];

/// One installed PostgreSQL.
pub struct Postgres {
    /// The major version, such as `15`.
    pub major: String,
    programs: PathBuf,
    extensions: PathBuf,
}

impl Postgres {
    /// The newest that has our extension, or the one of version `major`; `PG_CONFIG` decides if set.
    pub fn find(major: Option<String>) -> Result<Self> {
        let candidates = match env::var_os("PG_CONFIG") {
            Some(pg_config) => vec![PathBuf::from(pg_config)],
            None => VERSIONS
                .iter()
                .map(|version| format!("/usr/lib/postgresql/{version}/bin/pg_config").into())
                .chain(["pg_config".into()])
                .collect(),
        };
        let mut installed = candidates
            .iter()
            .filter_map(|pg_config| Self::ask(pg_config))
            .filter(|postgres| postgres.extensions.join("pg_mandant.control").exists());
        match major {
            None => installed.next().context(
                "the extension pg_mandant is not installed for PostgreSQL 15 to 18: run `make setup`",
            ),
            Some(major) => installed.find(|postgres| postgres.major == major).with_context(|| {
                format!(
                    "the private database is of PostgreSQL {major}, for which pg_mandant is not \
                     installed: set PG_CONFIG to its pg_config and run `make setup`, or remove the \
                     database with `make fresh`"
                )
            }),
        }
    }

    fn ask(pg_config: &Path) -> Option<Self> {
        let answer = std::process::Command::new(pg_config)
            .args(["--version", "--bindir", "--sharedir"])
            .output()
            .ok()?;
        Self::parse(&String::from_utf8(answer.stdout).ok()?)
    }

    fn parse(answer: &str) -> Option<Self> {
        let mut lines = answer.lines();
        let version = lines.next()?.strip_prefix("PostgreSQL ")?;
        Some(Self {
            major: version
                .split(|c: char| !c.is_ascii_digit())
                .next()?
                .to_owned(),
            programs: lines.next()?.into(),
            extensions: Path::new(lines.next()?).join("extension"),
        })
    }

    /// Runs a program with arguments between spaces in `folder`, as `user` if given. A Ctrl-C in the terminal does not reach it,
    /// and it goes when the future is dropped.
    pub async fn run(
        &self,
        program: &str,
        arguments: &str,
        folder: &Path,
        user: Option<&User>,
    ) -> Result<()> {
        let path = self.programs.join(program);
        let mut command = std::process::Command::new(&path);
        command
            .args(arguments.split_whitespace())
            .current_dir(folder)
            .process_group(0)
            .env("LC_ALL", "C");
        for (name, _) in env::vars_os() {
            if name.as_encoded_bytes().starts_with(b"PG") {
                command.env_remove(name);
            }
        }
        if let Some(user) = user {
            command.uid(user.uid.as_raw()).gid(user.gid.as_raw());
        }
        let output = Command::from(command)
            .kill_on_drop(true)
            .output()
            .await
            .with_context(|| format!("cannot run {}", path.display()))?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            bail!(
                "{program}: {}",
                said.lines().next().unwrap_or("it failed without a word")
            );
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_major_version_is_read_from_any_minor_or_beta() {
        for (version, major) in [("15.13 (Debian 15.13-0)", "15"), ("18beta1", "18")] {
            let answer = format!("PostgreSQL {version}\n/bin\n/share\n");
            let postgres = Postgres::parse(&answer).unwrap();
            assert_eq!(postgres.major, major);
            assert_eq!(postgres.extensions, Path::new("/share/extension"));
        }
        assert!(Postgres::parse("").is_none());
    }
}

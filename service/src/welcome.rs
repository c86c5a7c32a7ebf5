//! What one is told when everything runs: the person at the terminal, and the shell (`env`).

use std::path::PathBuf;

use anyhow::Result;

use crate::{cluster::DATABASE, database::Database, install::ADMIN};

/// A private cluster that runs, with everything installed.
pub struct Running {
    /// Its folder, as the user named it.
    pub name: String,
    /// The folder of its socket.
    pub socket: PathBuf,
    /// Its port.
    pub port: u16,
    /// The demo companies are there.
    pub demo: bool,
}

impl Running {
    /// The login that the service connects as.
    pub fn service_login(&self) -> Result<Database> {
        Database::on_socket(&self.socket, self.port, "mandant_service", DATABASE)
    }

    /// What a shell needs to know: `set -a; . .mandant/env` makes `psql` connect as administrator.
    pub fn environment(&self, url: &str) -> String {
        format!(
            "PGHOST={}\nPGPORT={}\nPGDATABASE={DATABASE}\nPGUSER={ADMIN}\nMANDANT_URL={url}\n",
            shell_word(&self.socket.display().to_string()),
            self.port
        )
    }

    /// What a person wants to know.
    pub fn welcome(&self, url: &str) -> String {
        let demo = if self.demo {
            self.demo()
        } else {
            String::new()
        };
        format!(
            "
Serving {url}
{demo}
Administer it:
  (set -a; . {name}/env; psql)

Ctrl-C stops; data stay in {name}/",
            name = self.name
        )
    }

    fn demo(&self) -> String {
        let database = format!("127.0.0.1:{}/{DATABASE}", self.port);
        format!(
            "
Sign-ins, password demo:
  sales@us.example  sales@de.example  sales@hk.example  controller@group.example
  rep@de.example (own rows)  lead@de.example (rows of the team)

Connections for reporting tools:
  postgresql://report_us:demo@{database}
  postgresql://report_de:demo@{database}
  postgresql://report_hk:demo@{database}
  postgresql://report_group:demo@{database}

Try one query as a company and as the group:
  psql postgresql://report_de:demo@{database} -c 'select * from report.revenue_by_month'
  psql postgresql://report_group:demo@{database} -c 'select * from report.revenue_by_month'
"
        )
    }
}

/// Quotes a word for `sh`, if it needs quotes.
fn shell_word(word: &str) -> String {
    if word
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"/._-".contains(&byte))
    {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_with_a_space_is_quoted_for_the_shell() {
        assert_eq!(shell_word("/srv/main/.mandant"), "/srv/main/.mandant");
        assert_eq!(shell_word("/srv/it's here"), r"'/srv/it'\''s here'");
    }

    #[test]
    fn the_welcome_names_the_demo_only_if_it_is_there() {
        let mut running = Running {
            name: ".mandant".into(),
            socket: "/s".into(),
            port: 54321,
            demo: true,
        };
        let welcome = running.welcome("http://127.0.0.1:8080");
        for login in ["report_us", "report_de", "report_hk", "report_group"] {
            assert!(welcome.contains(&format!("{login}:demo@127.0.0.1:54321/mandant")));
        }
        running.demo = false;
        assert!(!running.welcome("http://127.0.0.1:8080").contains("demo"));
    }
}

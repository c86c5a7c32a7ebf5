//! `mandant lint`: what `mandant.lint()` finds, for a person or a program. It decides nothing
//! either: the rules are the database's.

use std::collections::BTreeMap;

use anyhow::{Context, Result, anyhow};
use serde::Serialize;
use tokio_postgres::Row;

use crate::{cluster::superuser_of_running, config, database::Database, error::reason};

/// What was found.
pub struct Report(Vec<Finding>);

/// A row of `mandant.lint()`.
#[derive(Serialize)]
struct Finding {
    rule: String,
    level: String,
    object: String,
    reason: String,
    fix: String,
}

impl Report {
    /// Asks the database.
    pub async fn of(options: &config::Lint) -> Result<Self> {
        let (database, name) = match &options.database_url {
            Some(url) => {
                let database = Database::parse(url, "DATABASE_URL")?;
                (database, "the database".to_owned())
            }
            None => (
                superuser_of_running(&options.home)?,
                format!("the private database in {}", options.home.display()),
            ),
        };
        let client = database
            .connect()
            .await
            .with_context(|| format!("{name} does not answer"))?;
        let found = client
            .query_typed("select * from mandant.lint()", &[])
            .await
            .map_err(|error| anyhow!("{name} cannot be examined: {}", reason(&error)))?;
        let findings = found.iter().map(Finding::try_from);
        Ok(Self(findings.collect::<Result<_, _>>()?))
    }

    /// Whether something leaks.
    pub fn has_errors(&self) -> bool {
        self.0.iter().any(|finding| finding.level == "error")
    }

    /// A JSON array, one finding per line.
    pub fn json(&self) -> Result<String> {
        let lines: Vec<_> = self
            .0
            .iter()
            .map(serde_json::to_string)
            .collect::<Result<_, _>>()?;
        Ok(match lines.is_empty() {
            true => "[]".to_owned(),
            false => format!("[\n{}\n]", lines.join(",\n")),
        })
    }

    /// For a person: what, why, and the SQL that ends it.
    pub fn text(&self) -> String {
        let width = self.0.iter().map(|finding| finding.rule.len()).max();
        let width = width.unwrap_or_default();
        let mut text = String::new();
        for Finding {
            rule,
            level,
            object,
            reason,
            fix,
        } in &self.0
        {
            let fix = fix.trim_end().replace('\n', "\n           ");
            text += &format!(
                "{level:<7}  {rule:<width$}  {object}\n         {reason}\n           {fix}\n\n"
            );
        }
        let mut counts = BTreeMap::new();
        for finding in &self.0 {
            *counts.entry(finding.level.as_str()).or_insert(0) += 1;
        }
        let count = |level| counts.get(level).copied().unwrap_or(0);
        text + &format!(
            "{} errors, {} warnings, {} to know",
            count("error"),
            count("warning"),
            count("info")
        )
    }
}

impl TryFrom<&Row> for Finding {
    type Error = tokio_postgres::Error;

    fn try_from(row: &Row) -> Result<Self, Self::Error> {
        Ok(Self {
            rule: row.try_get("rule")?,
            level: row.try_get("level")?,
            object: row.try_get("object")?,
            reason: row.try_get("reason")?,
            fix: row.try_get("fix")?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(level: &str, rule: &str, fix: &str) -> Finding {
        Finding {
            rule: rule.into(),
            level: level.into(),
            object: "crm.note".into(),
            reason: "why".into(),
            fix: fix.into(),
        }
    }

    #[test]
    fn errors_decide_and_everything_is_told() {
        let report = Report(vec![
            finding("error", "unprotected_table", "select 1;\nselect 2\n"),
            finding("info", "trust_local", "-- why not"),
        ]);
        assert!(report.has_errors());
        let text = report.text();
        assert!(text.starts_with(
            "error    unprotected_table  crm.note\n         why\n           select 1;\n           select 2\n\n"
        ));
        assert!(text.contains("info     trust_local        crm.note"));
        assert!(text.ends_with("1 errors, 0 warnings, 1 to know"));
        let json: Vec<serde_json::Value> = serde_json::from_str(&report.json().unwrap()).unwrap();
        assert_eq!(json[0]["fix"], "select 1;\nselect 2\n");
    }

    #[test]
    fn nothing_found_is_an_empty_array() {
        let report = Report(Vec::new());
        assert!(!report.has_errors());
        assert_eq!(report.json().unwrap(), "[]");
    }
}

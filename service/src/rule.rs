//! The rules of tables (constraints), in words. Of one that is broken PostgreSQL tells the name; which
//! columns it is about, and what it says (its comment), is asked of the catalogue, when the
//! transaction is over. What others have is not told: none of PostgreSQL's DETAIL, which quotes rows.

use tokio_postgres::error::{DbError, SqlState};

use crate::record::record;

/// A constraint, or an index that is one, by schema, table and name. Every name has its schema: the
/// session may have been left with any search path.
pub const FIND: &str = "
    select
        array(
            select a.attname::pg_catalog.text
            from pg_catalog.unnest(r.columns) with ordinality as c (n, place)
            join pg_catalog.pg_attribute as a
                on a.attrelid operator(pg_catalog.=) r.relation
                and a.attnum operator(pg_catalog.=) c.n
            where a.attname operator(pg_catalog.<>) 'tenant_id'
            order by c.place
        ) as columns,
        r.says
    from (
        select c.conrelid, c.conname, c.conkey, pg_catalog.obj_description(c.oid, 'pg_constraint')
        from pg_catalog.pg_constraint as c
        union all
        select i.indrelid, k.relname, i.indkey::pg_catalog.int2[],
            pg_catalog.obj_description(i.indexrelid, 'pg_class')
        from pg_catalog.pg_index as i
        join pg_catalog.pg_class as k on k.oid operator(pg_catalog.=) i.indexrelid
        where i.indisunique
    ) as r (relation, name, columns, says)
    join pg_catalog.pg_class as t on t.oid operator(pg_catalog.=) r.relation
    join pg_catalog.pg_namespace as n on n.oid operator(pg_catalog.=) t.relnamespace
    where n.nspname operator(pg_catalog.=) $1 and t.relname operator(pg_catalog.=) $2
        and r.name operator(pg_catalog.=) $3
    limit 1";

record! {
    /// What the catalogue knows of a rule.
    pub struct Rule {
        /// The columns that it is about, but for the tenant's.
        columns: Vec<String>,
        /// What it says.
        says: Option<String>,
    }
}

/// A rule that is broken: what is wrong, and what to do next.
pub struct Broken {
    /// Whose standard SQLSTATE stands for it.
    pub code: SqlState,
    /// What is wrong.
    pub detail: String,
    /// What to do next.
    pub hint: &'static str,
    /// The members that it is about.
    pub field: Option<String>,
}

impl Rule {
    /// The schema, table and name of a rule that is broken, if one is.
    pub fn named_by(refusal: &DbError) -> Option<[&str; 3]> {
        let broken = refusal.code().code().starts_with("23");
        match (refusal.schema(), refusal.table(), refusal.constraint()) {
            (Some(schema), Some(table), Some(name)) if broken => Some([schema, table, name]),
            _ => None,
        }
    }

    /// What to tell whoever broke it.
    pub fn broken(self, refusal: &DbError) -> Broken {
        let code = refusal.code().clone();
        let table = refusal.table().unwrap_or_default();
        let words = |name: &str| name.replace('_', " ");
        let field = Some(self.columns.join(", ")).filter(|field| !field.is_empty());
        let about = field.as_deref().unwrap_or("it");
        let used = refusal.message().starts_with("update or delete");
        match &code {
            &SqlState::FOREIGN_KEY_VIOLATION | &SqlState::RESTRICT_VIOLATION if used => Broken {
                code: SqlState::RESTRICT_VIOLATION,
                detail: format!("it is in use by something else: {}", words(table)),
                hint: "delete or change what uses it first, or keep it and take it out of use",
                field: None,
            },
            &SqlState::FOREIGN_KEY_VIOLATION => Broken {
                detail: format!("{about} names nothing that is there"),
                hint: "look for it in its list, with its tenant selected",
                code,
                field,
            },
            &SqlState::UNIQUE_VIOLATION => Broken {
                detail: self
                    .says
                    .unwrap_or_else(|| format!("another {} has this {about}", words(table))),
                hint: "choose another, or change the one that has it",
                code,
                field,
            },
            _ => {
                let name = refusal.constraint().unwrap_or_default();
                let name = name.strip_prefix(table).unwrap_or(name);
                Broken {
                    detail: self
                        .says
                        .unwrap_or_else(|| format!("a rule is broken:{}", words(name))),
                    hint: "send a value that the rule allows",
                    code,
                    field,
                }
            }
        }
    }
}

//! Rights as sets of tenants, and the *shape* of a selection: what a plan may rely on.
//!
//! Pure: no call into PostgreSQL, tested in place. A shape is the same number in every process (a plan travels to
//! parallel workers), and two principals with the same roles in different companies share it, and so their plans.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

use pgrx::PgSqlErrorCode;
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::error::Error;
use crate::selection::Selection;
use crate::tenant_set::TenantSet;

/// The most tenants that a plan probes one by one; above, rows are tested against the set.
pub const FEW: usize = 64;

const NOTHING_GRANTED: &str = "no tenant is available to you; ask an administrator for a grant";

/// How far a right reaches into a tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Depth {
    /// Rows whose owner one is.
    Own,
    /// Rows of one's teams as well.
    Team,
    /// Every row.
    Tenant,
}

/// A role held in some tenants.
#[derive(Debug, Deserialize)]
struct Grant {
    role: String,
    /// None: every tenant there is.
    tenants: Option<Vec<i32>>,
}

/// A right of a role; in the answer an array, which is cheaper to make than an object.
#[derive(Debug, Deserialize)]
struct RoleRight {
    role: String,
    object: String,
    action: String,
    depth: Depth,
}

/// The answer of `mandant_internal.authority`: who asks, and every right, whatever is selected.
#[derive(Debug, Deserialize)]
pub struct Authority {
    /// Why there is no identity; nothing else is set then.
    pub refused: Option<String>,
    /// `employee`, `login` or `superuser`.
    #[serde(default)]
    pub kind: String,
    /// The principal's id, none for a superuser.
    pub principal: Option<String>,
    /// E-mail or login name.
    #[serde(default)]
    pub name: String,
    /// What a person is called.
    pub full_name: Option<String>,
    /// The tenant the principal belongs to.
    pub home: Option<i32>,
    /// Its code, also where nothing is granted there.
    pub home_code: Option<String>,
    /// What an empty selection means; none: the home tenant.
    pub default_selection: Option<String>,
    /// When the token ends, in microseconds since 2000.
    pub expires_at: Option<i64>,
    /// When a grant or token begins or ends next, in microseconds since 2000.
    pub changes_at: Option<i64>,
    /// (id, code) of every tenant in which there is a grant.
    #[serde(default, deserialize_with = "null_as_default")]
    tenants: Vec<(i32, String)>,
    #[serde(default, deserialize_with = "null_as_default")]
    grants: Vec<Grant>,
    #[serde(default, deserialize_with = "null_as_default")]
    rights: Vec<RoleRight>,
}

fn null_as_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

impl Authority {
    /// The code of a tenant one may select.
    pub fn code(&self, id: i32) -> Option<&str> {
        self.tenants
            .iter()
            .find(|tenant| tenant.0 == id)
            .map(|tenant| tenant.1.as_str())
    }

    /// The codes one may select, sorted.
    pub fn available(&self) -> Vec<&str> {
        let mut codes: Vec<_> = self
            .tenants
            .iter()
            .map(|tenant| tenant.1.as_str())
            .collect();
        codes.sort_unstable();
        codes
    }

    /// The roles held, sorted, each once.
    pub fn roles(&self) -> Vec<&str> {
        self.grants
            .iter()
            .map(|grant| grant.role.as_str())
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect()
    }

    /// The right to do `action` with `object`, narrowed to some tenants.
    pub fn right(&self, object: &str, action: &str, within: &TenantSet) -> Right {
        let mut right = Right::default();
        for grant in &self.grants {
            let depth = self
                .rights
                .iter()
                .filter(|r| {
                    r.role == grant.role
                        && r.action == action
                        && (r.object == object || r.object == "*")
                })
                .map(|r| r.depth)
                .max();
            let set = match depth {
                None => continue,
                Some(Depth::Own) => &mut right.own,
                Some(Depth::Team) => &mut right.team,
                Some(Depth::Tenant) => &mut right.tenant,
            };
            match &grant.tenants {
                None => {
                    set.insert_common(within, within);
                    right.everywhere |= within.len() == self.tenants.len();
                }
                Some(tenants) => tenants
                    .iter()
                    .filter(|id| within.contains(**id))
                    .for_each(|id| set.insert(*id)),
            }
        }
        for set in [&right.own, &right.team, &right.tenant] {
            set.iter().for_each(|id| right.any.insert(id));
        }
        right
    }

    /// Whether there is any right to do `action` with `object` in a tenant, whatever is selected.
    pub fn allows(&self, object: &str, action: &str, tenant: i32) -> bool {
        self.right(object, action, &TenantSet::from_iter([tenant]))
            .any
            .contains(tenant)
    }

    /// Whether the right reaches every row of the tenant, whatever is selected.
    pub fn allows_every_row(&self, object: &str, action: &str, tenant: i32) -> bool {
        self.right(object, action, &TenantSet::from_iter([tenant]))
            .tenant
            .contains(tenant)
    }

    fn all(&self) -> TenantSet {
        self.tenants.iter().map(|tenant| tenant.0).collect()
    }

    fn select(&self, selection: &Selection) -> Result<TenantSet, Error> {
        match selection {
            Selection::All => Ok(self.all()),
            Selection::Default => match &self.default_selection {
                Some(stored) => self.select(&stored.parse()?),
                None => match self.home {
                    Some(home) => Ok(self
                        .tenants
                        .iter()
                        .map(|t| t.0)
                        .filter(|id| *id == home)
                        .collect()),
                    None => Ok(self.all()),
                },
            },
            Selection::Codes(codes) => {
                let ids: HashMap<_, _> = self
                    .tenants
                    .iter()
                    .map(|(id, code)| (code.as_str(), *id))
                    .collect();
                codes
                    .iter()
                    .map(|code| {
                        ids.get(code.as_str())
                            .copied()
                            .ok_or_else(|| self.not_available(code))
                    })
                    .collect()
            }
        }
    }

    /// One text for a tenant that does not exist and for one that is not granted.
    fn not_available(&self, code: &str) -> Error {
        let available = self.available();
        let hint = match available.len() {
            0 => NOTHING_GRANTED.to_owned(),
            1..=20 => format!("available: {}", available.join(", ")),
            more => format!(
                "available: {}, and {} more",
                available[..20].join(", "),
                more - 20
            ),
        };
        Error::not_allowed(format!("tenant \"{code}\" is not available to you"), hint)
    }
}

/// Where one may do one action with one object, by depth; a tenant may stand in several sets, the deepest counts.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Right {
    /// Tenants in which there is the right at any depth.
    pub any: TenantSet,
    /// Tenants with depth own.
    pub own: TenantSet,
    /// Tenants with depth team.
    pub team: TenantSet,
    /// Tenants with depth tenant.
    pub tenant: TenantSet,
    /// Whether it holds in every tenant there is, and none is left out by the selection.
    pub everywhere: bool,
}

impl Right {
    /// The one depth that holds in every tenant of the right, if it is one.
    pub fn uniform_depth(&self) -> Option<Depth> {
        if self.tenant.len() == self.any.len() {
            Some(Depth::Tenant)
        } else if self.tenant.len() == 0 && self.team.len() == 0 {
            Some(Depth::Own)
        } else {
            None
        }
    }

    /// What a plan may know of a right: over all selected tenants or some, how many, how deep.
    fn class(&self, selected: &TenantSet) -> (bool, bool, Count, Option<Depth>) {
        let all = self.any.len() == selected.len();
        (
            self.everywhere,
            all,
            Count::of(self.any.len()),
            self.uniform_depth(),
        )
    }
}

/// How many tenants, as far as plans differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Count {
    /// At most one: `tenant_id = the_tenant()`.
    One,
    /// At most [`FEW`]: `tenant_id = any(the_tenants())`.
    Few,
    /// More: rows are tested against the set.
    Many,
}

impl Count {
    /// The count of `n` tenants.
    pub fn of(n: usize) -> Self {
        match n {
            0 | 1 => Self::One,
            2..=FEW => Self::Few,
            _ => Self::Many,
        }
    }
}

/// Who asks, and for which tenants: what every check goes by.
#[derive(Debug)]
pub struct Context {
    /// Who asks.
    pub authority: Rc<Authority>,
    /// The tenants selected, all of them available.
    pub selected: TenantSet,
    /// What plans made under this context rely on.
    pub shape: i64,
    /// Rights asked for before; a handful, so a list is found through faster than a map.
    rights: RefCell<Vec<(String, String, Rc<Right>)>>,
}

impl Context {
    /// Applies a selection to an authority.
    pub fn new(authority: Rc<Authority>, selection: &str) -> Result<Self, Error> {
        let selected = authority.select(&selection.parse()?)?;
        let shape = shape(&authority, &selected);
        Ok(Self {
            authority,
            selected,
            shape,
            rights: RefCell::default(),
        })
    }

    /// The right to do `action` with `object` in the selected tenants.
    pub fn right(&self, object: &str, action: &str) -> Rc<Right> {
        if let Some(known) = self
            .rights
            .borrow()
            .iter()
            .find(|right| right.0 == object && right.1 == action)
        {
            return Rc::clone(&known.2);
        }
        let right = Rc::new(self.authority.right(object, action, &self.selected));
        self.rights
            .borrow_mut()
            .push((object.to_owned(), action.to_owned(), Rc::clone(&right)));
        right
    }

    /// The one selected tenant, else 55000.
    pub fn one(&self) -> Result<i32, Error> {
        let mut ids = self.selected.iter();
        match (ids.next(), ids.next()) {
            (Some(id), None) => Ok(id),
            (first, _) => {
                let hint = match self.authority.available().first() {
                    Some(code) => format!("select one: set mandant.tenant = '{code}'"),
                    None => NOTHING_GRANTED.to_owned(),
                };
                Err(Error::new(
                    PgSqlErrorCode::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
                    if first.is_none() {
                        "no tenant is selected"
                    } else {
                        "several tenants are selected, not one"
                    },
                    hint,
                ))
            }
        }
    }
}

/// Equal for two contexts exactly if the same plan serves both.
fn shape(authority: &Authority, selected: &TenantSet) -> i64 {
    let named: BTreeMap<_, _> = authority
        .rights
        .iter()
        .map(|r| ((r.object.as_str(), r.action.as_str()), ()))
        .collect();
    let mut hash = Sha256::new();
    hash.update(format!("{:?}", Count::of(selected.len())));
    for (object, action) in named.into_keys() {
        let class = authority.right(object, action, selected).class(selected);
        hash.update(format!("|{object}.{action}={class:?}"));
    }
    let digest = hash.finalize();
    // Zero stays free: it means that nothing has been planned yet.
    digest
        .iter()
        .take(8)
        .fold(0i64, |n, byte| n << 8 | i64::from(*byte))
        | 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn authority(json: &str) -> Rc<Authority> {
        Rc::new(serde_json::from_str(json).unwrap())
    }

    fn sales(tenant: i32) -> Rc<Authority> {
        authority(&format!(
            r#"{{"kind":"employee","name":"a","home":{tenant},"tenants":[[{tenant},"t{tenant}"]],
                "grants":[{{"role":"sales","tenants":[{tenant}]}}],
                "rights":[{{"role":"sales","object":"*","action":"read","depth":"tenant"}},
                          {{"role":"sales","object":"invoice","action":"post","depth":"own"}}]}}"#
        ))
    }

    #[test]
    fn unknown_and_not_granted_get_one_text() {
        let error = Context::new(sales(3), "us").unwrap_err();
        assert_eq!(error.message, "tenant \"us\" is not available to you");
        assert_eq!(error.hint, "available: t3");
    }

    #[test]
    fn the_same_role_in_another_company_has_the_same_shape() {
        let shape = |a, s| Context::new(a, s).unwrap().shape;
        assert_eq!(shape(sales(3), ""), shape(sales(70), "t70"));
        let both = r#"{"tenants":[[3,"t3"],[4,"t4"]],"grants":[{"role":"sales","tenants":[3,4]}],
            "rights":[{"role":"sales","object":"*","action":"read","depth":"tenant"}]}"#;
        assert_ne!(shape(authority(both), "*"), shape(authority(both), "t3"));
    }

    #[test]
    fn a_right_everywhere_is_none_where_the_selection_leaves_something_out() {
        let all = r#"{"tenants":[[3,"t3"],[4,"t4"]],"grants":[{"role":"sales","tenants":null}],
            "rights":[{"role":"sales","object":"*","action":"read","depth":"tenant"}]}"#;
        let everywhere = |selection| {
            Context::new(authority(all), selection)
                .unwrap()
                .right("customer", "read")
                .everywhere
        };
        assert!(everywhere("*") && everywhere("t3,t4") && !everywhere("t3"));
        assert!(
            !Context::new(sales(3), "*")
                .unwrap()
                .right("customer", "read")
                .everywhere
        );
    }

    #[test]
    fn many_tenants_and_every_tenant_have_different_shapes() {
        let ids: Vec<_> = (1..=70).map(|id| format!("[{id},\"t{id}\"]")).collect();
        let json = |tenants: &str| {
            format!(
                r#"{{"tenants":[{}],"grants":[{{"role":"sales","tenants":{tenants}}}],
                "rights":[{{"role":"sales","object":"*","action":"read","depth":"tenant"}}]}}"#,
                ids.join(",")
            )
        };
        let group = authority(&json("null"));
        let subtree = authority(&json(&format!("{:?}", (1..=70).collect::<Vec<_>>())));
        let most = (1..=69)
            .map(|id| format!("t{id}"))
            .collect::<Vec<_>>()
            .join(",");
        let shape = |who: &Rc<Authority>, selection: &str| {
            Context::new(Rc::clone(who), selection).unwrap().shape
        };
        assert_ne!(shape(&group, "*"), shape(&subtree, "*"));
        assert_ne!(shape(&group, "*"), shape(&group, &most));
        assert_eq!(shape(&subtree, "*"), shape(&subtree, &most));
    }

    #[test]
    fn nothing_is_allowed_that_no_grant_gives() {
        let context = Context::new(sales(3), "").unwrap();
        assert_eq!(context.right("invoice", "delete").any.len(), 0);
        assert_eq!(
            context.right("invoice", "post").uniform_depth(),
            Some(Depth::Own)
        );
        assert!(context.right("customer", "read").any.contains(3));
        assert!(!context.right("customer", "read").any.contains(4));
        assert!(
            context.authority.allows("invoice", "post", 3)
                && !context.authority.allows("invoice", "post", 4)
        );
        assert!(!context.authority.allows_every_row("invoice", "post", 3));
        assert!(context.authority.allows_every_row("customer", "read", 3));
        let nobody = authority(r#"{"tenants":[],"grants":null,"rights":null,"home":3}"#);
        assert_eq!(Context::new(nobody, "").unwrap().selected.len(), 0);
    }
}

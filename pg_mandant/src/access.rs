//! Rights as sets of tenants, and the *shape* of a selection: what a plan may rely on.
//!
//! Pure: no call into PostgreSQL, tested in place. A shape is the same number in every process (a plan travels to
//! parallel workers), and two principals with the same roles in different companies share it, and so their plans. The two are
//! one file because a shape is a summary of all rights, whatever they are; its tests are a third of it.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

use pgrx::PgSqlErrorCode;
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::error::Error;
use crate::limit::Limits;
use crate::right::{Count, Depth, Reach, Right, RowOf};
use crate::selection::Selection;
use crate::tenant_set::TenantSet;

/// What is still done in a tenant that is closed, by those who may.
const READING: [&str; 2] = ["read", "export"];

const NOTHING_GRANTED: &str = "no tenant is available to you; ask an administrator for a grant";

/// The id of a principal or team.
pub type Id = [u8; 16];

/// The tenant that somebody means.
#[derive(Debug, Clone, Copy)]
pub enum Whose<'a> {
    /// The one that is selected.
    Selected,
    /// By code.
    Code(&'a str),
    /// By id.
    Id(i32),
}

impl<'a> Whose<'a> {
    /// As the functions of schema mandant are asked: without a code the one that is selected.
    pub fn coded(code: Option<&'a str>) -> Self {
        code.map_or(Self::Selected, Self::Code)
    }
}

/// What a role allows.
#[derive(Debug)]
struct RoleRight {
    object: String,
    action: String,
    depth: Depth,
}

/// A role, and where it is held.
#[derive(Debug, Deserialize)]
struct Grant {
    role: String,
    /// None: every tenant there is.
    #[serde(skip)]
    tenants: Option<TenantSet>,
    /// Those, as the answer has them.
    #[serde(default, rename = "tenants", deserialize_with = "tenants")]
    named: Option<Vec<(i32, String)>>,
    #[serde(default, deserialize_with = "rights")]
    rights: Vec<RoleRight>,
}

/// Tenants that a right is narrowed to, by whether anything is written there.
struct Within {
    open: TenantSet,
    closed: TenantSet,
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
    #[serde(default, deserialize_with = "id")]
    pub principal: Option<Id>,
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
    /// How much the principal may take at a time.
    #[serde(default, deserialize_with = "null_as_default")]
    pub limits: Limits,
    /// When a grant, token or limit begins or ends next, in microseconds since 2000.
    pub changes_at: Option<i64>,
    /// The teams the principal is in, sorted.
    #[serde(default, deserialize_with = "ids")]
    pub teams: Vec<Id>,
    /// (id, code) of every tenant in which there is a grant, ascending; in the answer only if there is one for all.
    #[serde(skip)]
    tenants: Vec<(i32, String)>,
    #[serde(default, rename = "tenants", deserialize_with = "tenants")]
    all_tenants: Option<Vec<(i32, String)>>,
    /// (id, state) of every tenant that is not active: in those nothing is written, whatever is granted.
    #[serde(default, rename = "closed", deserialize_with = "tenants")]
    states: Option<Vec<(i32, String)>>,
    /// Those.
    #[serde(skip)]
    closed: TenantSet,
    /// One per role.
    #[serde(default, deserialize_with = "null_as_default")]
    grants: Vec<Grant>,
    /// Objects whose rows are of several kinds, which roles can name as well.
    #[serde(default, deserialize_with = "null_as_default")]
    kinds: Vec<(String, Vec<String>)>,
}

/// The entries of a text with commas between; texts are cheaper to make than arrays and objects.
fn entries<'de, D: serde::Deserializer<'de>, T>(
    deserializer: D,
    parse: fn(&str) -> Option<T>,
) -> Result<Option<Vec<T>>, D::Error> {
    let text: Option<String> = Option::deserialize(deserializer)?;
    let parsed = text.as_ref().map(|text| {
        let entries = text.split(',').map(|entry| parse(entry).ok_or(entry));
        entries.collect::<Result<Vec<_>, _>>()
    });
    parsed.transpose().map_err(serde::de::Error::custom)
}

/// From ids and codes, or ids and states: `2 us,3 de`.
fn tenants<'de, D: serde::Deserializer<'de>>(d: D) -> Result<Option<Vec<(i32, String)>>, D::Error> {
    entries(d, |entry| {
        let (id, code) = entry.split_once(' ')?;
        Some((id.parse().ok()?, code.to_owned()))
    })
}

/// From `customer read own,quote read team`.
fn rights<'de, D: serde::Deserializer<'de>>(d: D) -> Result<Vec<RoleRight>, D::Error> {
    let rights = entries(d, |entry| {
        let mut words = entry.split(' ');
        let (object, action) = (words.next()?.to_owned(), words.next()?.to_owned());
        let depth = match words.next()? {
            "own" => Depth::Own,
            "team" => Depth::Team,
            "tenant" => Depth::Tenant,
            _ => return None,
        };
        Some(RoleRight {
            object,
            action,
            depth,
        })
    })?;
    Ok(rights.unwrap_or_default())
}

fn bytes<E: serde::de::Error>(text: String) -> Result<Id, E> {
    let mut bytes = [0; 16];
    hex::decode_to_slice(text.replace('-', ""), &mut bytes).map_err(E::custom)?;
    Ok(bytes)
}

fn id<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Id>, D::Error> {
    Option::deserialize(deserializer)?.map(bytes).transpose()
}

fn ids<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<Id>, D::Error> {
    let texts: Vec<String> = null_as_default(deserializer)?;
    let mut ids = texts
        .into_iter()
        .map(bytes)
        .collect::<Result<Vec<_>, _>>()?;
    ids.sort_unstable();
    Ok(ids)
}

fn null_as_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

impl Authority {
    /// From the answer of `mandant_internal.authority`.
    pub fn read(json: &str) -> Result<Self, serde_json::Error> {
        let mut authority: Self = serde_json::from_str(json)?;
        authority.tenants = authority.all_tenants.take().unwrap_or_default();
        for grant in &mut authority.grants {
            if let Some(named) = grant.named.take() {
                grant.tenants = Some(named.iter().map(|tenant| tenant.0).collect());
                authority.tenants.extend(named);
            }
        }
        let states = authority.states.iter().flatten();
        authority.closed = states.map(|tenant| tenant.0).collect();
        authority.tenants.sort_unstable_by_key(|tenant| tenant.0);
        authority.tenants.dedup_by_key(|tenant| tenant.0);
        Ok(authority)
    }

    /// The code of a tenant one may select.
    pub fn code(&self, id: i32) -> Option<&str> {
        self.tenants
            .iter()
            .find(|tenant| tenant.0 == id)
            .map(|tenant| tenant.1.as_str())
    }

    /// The tenant of a code one may select.
    pub fn tenant(&self, code: &str) -> Result<i32, Error> {
        self.tenants
            .iter()
            .find(|tenant| tenant.1 == code)
            .map(|tenant| tenant.0)
            .ok_or_else(|| self.not_available(code))
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

    /// The right to do one of `actions` with `object`, narrowed to some tenants. Where one is closed, only what reads.
    fn right(&self, object: &str, actions: &[&str], within: &TenantSet) -> Right {
        let mut open = within.clone();
        let mut closed = TenantSet::default();
        if self.closed.len() > 0 {
            closed = within.common(&self.closed);
            open.remove_all(&closed);
        }
        self.right_within(object, actions, &Within { open, closed })
    }

    /// The same, in whatever state a tenant is.
    fn granted(&self, object: &str, actions: &[&str], tenant: i32) -> Right {
        let open = TenantSet::from_iter([tenant]);
        let closed = TenantSet::default();
        self.right_within(object, actions, &Within { open, closed })
    }

    /// What names the object, or `*`, reaches its rows of every kind; what names a kind reaches those of that kind.
    fn right_within(&self, object: &str, actions: &[&str], within: &Within) -> Right {
        let mut names = vec!["*", object];
        for (of, kinds) in &self.kinds {
            if kinds.iter().any(|kind| kind == object) {
                names.push(of);
            }
        }
        let mut all = false;
        let mut reach = self.reach(&names, actions, within, &mut all);
        let mut kinds: Vec<_> = self
            .kinds
            .iter()
            .filter(|entry| entry.0 == object)
            .flat_map(|entry| &entry.1)
            .map(|kind| {
                let names = [names.as_slice(), &[kind]].concat();
                (kind.clone(), self.reach(&names, actions, within, &mut all))
            })
            .collect();
        match kinds.first() {
            // Every row is of one of the kinds.
            Some(first) if kinds.iter().all(|kind| kind.1 == first.1) => {
                reach = first.1.clone();
                kinds.clear();
            }
            _ => kinds.retain(|kind| kind.1 != reach),
        }
        let mut any = reach.any();
        kinds.iter().for_each(|kind| any.insert_all(&kind.1.any()));
        Right {
            everywhere: all && within.open.len() + within.closed.len() == self.tenants.len(),
            any,
            reach,
            kinds,
        }
    }

    fn reach(&self, names: &[&str], actions: &[&str], within: &Within, all: &mut bool) -> Reach {
        let mut reach = Reach::default();
        for grant in &self.grants {
            let deepest = |is_done: &dyn Fn(&str) -> bool| {
                let rights = grant.rights.iter().filter(|r| is_done(&r.action));
                let named = rights.filter(|r| names.contains(&r.object.as_str()));
                named.map(|r| r.depth).max()
            };
            let is_asked = |action: &str| actions.contains(&action);
            let depth = deepest(&is_asked);
            reach.add(depth, grant.tenants.as_ref(), &within.open);
            let mut everywhere = depth;
            if within.closed.len() > 0 {
                let reading = deepest(&|action| is_asked(action) && READING.contains(&action));
                reach.add(reading, grant.tenants.as_ref(), &within.closed);
                everywhere = reading;
            }
            *all |= grant.tenants.is_none() && everywhere.is_some();
        }
        reach.settle();
        reach
    }

    /// Whether there is any right to do `action` with `object` in a tenant, whatever is selected.
    pub fn allows(&self, object: &str, action: &str, tenant: i32) -> bool {
        self.right(object, &[action], &TenantSet::from_iter([tenant]))
            .any
            .contains(tenant)
    }

    /// Whether a right to every row of the tenant is granted, in whatever state the tenant is.
    pub fn is_granted(&self, object: &str, action: &str, tenant: i32) -> bool {
        let right = self.granted(object, &[action], tenant);
        right.reach.tenant.contains(tenant)
    }

    /// Whether only its state keeps somebody from doing that in a tenant.
    pub fn is_kept_out(&self, object: &str, action: &str, tenant: i32) -> bool {
        self.closed.contains(tenant)
            && !READING.contains(&action)
            && self.granted(object, &[action], tenant).any.contains(tenant)
    }

    /// Why one may not do that in a tenant.
    pub fn refusal(&self, object: &str, action: &str, tenant: Option<i32>) -> Error {
        let kept_out = tenant.filter(|id| self.is_kept_out(object, action, *id));
        let mut states = self.states.iter().flatten();
        let state = states.find(|closed| Some(closed.0) == kept_out);
        let Some((id, state)) = state else {
            return Error::not_allowed(
                format!("you have no right to {action} {object} here"),
                format!("ask an administrator for a role with the right {action} on {object}"),
            );
        };
        let code = self.code(*id).unwrap_or_default();
        Error::new(
            PgSqlErrorCode::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
            format!("tenant \"{code}\" is {state}: nobody writes there"),
            match state.as_str() {
                "purged" => "it stays so for ever".to_owned(),
                _ => {
                    format!("an administrator can end that: select mandant.resume_tenant('{code}')")
                }
            },
        )
    }

    /// Whether the right reaches every row of the tenant, whatever is selected.
    pub fn allows_every_row(&self, object: &str, action: &str, tenant: i32) -> bool {
        self.right(object, &[action], &TenantSet::from_iter([tenant]))
            .reach
            .tenant
            .contains(tenant)
    }

    /// Whether the right reaches a row, whatever is selected.
    pub fn allows_row(&self, object: &str, action: &str, tenant: i32, row: &RowOf) -> bool {
        let right = self.right(object, &[action], &TenantSet::from_iter([tenant]));
        let mine = || row.owner.is_some() && row.owner == self.principal;
        let ours = || {
            row.team
                .is_some_and(|team| self.teams.binary_search(&team).is_ok())
        };
        match right.reach_of(row.kind).depth(tenant) {
            None => false,
            Some(Depth::Own) => mine(),
            Some(Depth::Team) => mine() || ours(),
            Some(Depth::Tenant) => true,
        }
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

/// Who asks, and for which tenants: what every check goes by.
#[derive(Debug)]
pub struct Context {
    /// Who asks.
    pub authority: Rc<Authority>,
    /// The tenants selected, all of them available.
    pub selected: TenantSet,
    /// The one that is selected, if it is one.
    pub only: Option<i32>,
    /// What plans made under this context rely on.
    pub shape: i64,
    /// The object of which a row is being given away, or empty.
    assigning: String,
    /// Rights asked for before; a handful, so a list is found through faster than a map.
    rights: RefCell<Vec<(String, String, Rc<Right>)>>,
}

impl Context {
    /// Applies a selection to an authority.
    pub fn new(authority: Rc<Authority>, selection: &str, assigning: &str) -> Result<Self, Error> {
        let selected = authority.select(&selection.parse()?)?;
        let mut context = Self {
            authority,
            only: selected.only(),
            selected,
            shape: 0,
            assigning: assigning.to_owned(),
            rights: RefCell::default(),
        };
        context.shape = context.find_shape();
        Ok(context)
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
        let right = Rc::new(self.find_right(object, action));
        self.rights
            .borrow_mut()
            .push((object.to_owned(), action.to_owned(), Rc::clone(&right)));
        right
    }

    /// While a row is given away, reading and changing such rows reach as far as giving them away does.
    fn find_right(&self, object: &str, action: &str) -> Right {
        let mut actions = vec![action];
        if self.assigning == object && matches!(action, "read" | "update") {
            actions.push("assign");
        }
        self.authority.right(object, &actions, &self.selected)
    }

    /// Equal for two contexts exactly if the same plan serves both.
    fn find_shape(&self) -> i64 {
        let (authority, selected) = (&self.authority, &self.selected);
        let rights = authority.grants.iter().flat_map(|grant| &grant.rights);
        let mut named: BTreeSet<_> = rights
            .map(|r| (r.object.as_str(), r.action.as_str()))
            .collect();
        for (object, kinds) in &authority.kinds {
            let of_kinds = named
                .iter()
                .filter(|(name, _)| kinds.iter().any(|kind| kind == name));
            let actions: Vec<_> = of_kinds
                .map(|(_, action)| (object.as_str(), *action))
                .collect();
            named.extend(actions);
        }
        let mut hash = Sha256::new();
        hash.update(format!("{:?}", Count::of(selected.len())));
        for (object, action) in named {
            let class = self.find_right(object, action).class(selected);
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

    /// Why there is nowhere to do that, where it is for the state of a selected tenant.
    pub fn refusal_of_closed(&self, object: &str, action: &str) -> Option<Error> {
        let authority = &self.authority;
        let mut selected = self.selected.iter();
        let closed = selected.find(|id| authority.is_kept_out(object, action, *id))?;
        Some(authority.refusal(object, action, Some(closed)))
    }

    /// The tenant that somebody means; by id it is perhaps not available.
    pub fn tenant(&self, whose: Whose) -> Result<i32, Error> {
        match whose {
            Whose::Selected => self.one(),
            Whose::Code(code) => self.authority.tenant(code),
            Whose::Id(id) => Ok(id),
        }
    }

    /// The one selected tenant, else 55000.
    pub fn one(&self) -> Result<i32, Error> {
        match (self.only, self.selected.iter().next()) {
            (Some(id), _) => Ok(id),
            (None, first) => {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn authority(json: &str) -> Rc<Authority> {
        Rc::new(Authority::read(json).unwrap())
    }

    fn sales(tenant: i32) -> Rc<Authority> {
        authority(&format!(
            r#"{{"kind":"employee","name":"a","home":{tenant},"grants":[{{"role":"sales","tenants":"{tenant} t{tenant}",
                    "rights":"* read tenant,invoice post own"}}]}}"#
        ))
    }

    #[test]
    fn unknown_and_not_granted_get_one_text() {
        let error = Context::new(sales(3), "us", "").unwrap_err();
        assert_eq!(error.message, "tenant \"us\" is not available to you");
        assert_eq!(error.hint, "available: t3");
    }

    #[test]
    fn the_same_role_in_another_company_has_the_same_shape() {
        let shape = |a, s| Context::new(a, s, "").unwrap().shape;
        assert_eq!(shape(sales(3), ""), shape(sales(70), "t70"));
        let both = r#"{"tenants":"3 t3,4 t4","grants":[
            {"role":"sales","tenants":"3 t3,4 t4","rights":"* read tenant"}]}"#;
        assert_ne!(shape(authority(both), "*"), shape(authority(both), "t3"));
    }

    #[test]
    fn a_right_everywhere_is_none_where_the_selection_leaves_something_out() {
        let all = r#"{"tenants":"3 t3,4 t4","grants":[
            {"role":"sales","tenants":null,"rights":"* read tenant"}]}"#;
        let everywhere = |selection| {
            Context::new(authority(all), selection, "")
                .unwrap()
                .right("customer", "read")
                .everywhere
        };
        assert!(everywhere("*") && everywhere("t3,t4") && !everywhere("t3"));
        assert!(
            !Context::new(sales(3), "*", "")
                .unwrap()
                .right("customer", "read")
                .everywhere
        );
    }

    #[test]
    fn many_tenants_and_every_tenant_have_different_shapes() {
        let ids: Vec<_> = (1..=70).map(|id| format!("{id} t{id}")).collect();
        let json = |tenants: &str| {
            format!(
                r#"{{"tenants":"{}","grants":[
                    {{"role":"sales","tenants":{tenants},"rights":"* read tenant"}}]}}"#,
                ids.join(",")
            )
        };
        let group = authority(&json("null"));
        let below: Vec<_> = (1..=70).map(|id| format!("{id} t{id}")).collect();
        let subtree = authority(&json(&format!("\"{}\"", below.join(","))));
        let most = (1..=69)
            .map(|id| format!("t{id}"))
            .collect::<Vec<_>>()
            .join(",");
        let shape = |who: &Rc<Authority>, selection: &str| {
            Context::new(Rc::clone(who), selection, "").unwrap().shape
        };
        assert_ne!(shape(&group, "*"), shape(&subtree, "*"));
        assert_ne!(shape(&group, "*"), shape(&group, &most));
        assert_eq!(shape(&subtree, "*"), shape(&subtree, &most));
    }

    #[test]
    fn nothing_is_allowed_that_no_grant_gives() {
        let context = Context::new(sales(3), "", "").unwrap();
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
        let nobody = authority(r#"{"tenants":null,"grants":null,"home":3}"#);
        assert_eq!(Context::new(nobody, "", "").unwrap().selected.len(), 0);
    }

    #[test]
    fn a_closed_tenant_is_only_read() {
        let json = r#"{"tenants":"3 t3,4 t4","closed":"4 archived","grants":[
            {"role":"admin","tenants":null,"rights":"* read tenant,* update tenant,* post own,* assign team"}]}"#;
        let closed = authority(json);
        assert!(closed.allows("customer", "update", 3) && !closed.allows("customer", "update", 4));
        assert!(closed.allows("customer", "read", 4) && closed.is_granted("customer", "update", 4));
        assert!(!closed.allows_row("customer", "update", 4, &RowOf::default()));
        let open = authority(&json.replace("4 archived", "5 archived"));
        let context =
            |who: &Rc<Authority>, selection| Context::new(Rc::clone(who), selection, "").unwrap();
        let (before, after) = (context(&open, "*"), context(&closed, "*"));
        assert!(before.right("customer", "update").everywhere);
        assert!(!after.right("customer", "update").everywhere);
        assert!(after.right("customer", "read").everywhere);
        assert_ne!(before.shape, after.shape);
        let giving = Context::new(closed, "*", "customer").unwrap();
        let read = giving.right("customer", "read");
        assert!(read.everywhere && read.any.len() == 2);
        assert_eq!(giving.right("customer", "update").any.len(), 1);
    }

    #[test]
    fn who_is_kept_out_by_the_state_of_a_tenant_is_told_so() {
        let json = r#"{"tenants":"3 t3","closed":"3 suspended","grants":[
            {"role":"clerk","tenants":"3 t3","rights":"customer read own,customer update own"}]}"#;
        let clerk = Context::new(authority(json), "t3", "").unwrap();
        let error = clerk.refusal_of_closed("customer", "update").unwrap();
        assert_eq!(
            error.message,
            "tenant \"t3\" is suspended: nobody writes there"
        );
        assert!(clerk.refusal_of_closed("customer", "read").is_none());
        assert!(clerk.refusal_of_closed("invoice", "update").is_none());
        let error = clerk.authority.refusal("invoice", "update", Some(3));
        assert_eq!(error.message, "you have no right to update invoice here");
    }

    const ME: Id = [0x11; 16];
    const TEAM: Id = [0x22; 16];

    /// In tenant 3: quotes of the own team, own invoices, every order; and in tenant 4 own documents of any kind.
    fn rep() -> Rc<Authority> {
        authority(
            r#"{"principal":"11111111-1111-1111-1111-111111111111","tenants":"3 t3,4 t4",
                "teams":["22222222-2222-2222-2222-222222222222"],
                "kinds":[["document",["quote","invoice","order"]]],
                "grants":[{"role":"rep","tenants":"3 t3",
                           "rights":"quote read team,invoice read own,order read tenant"},
                          {"role":"guest","tenants":"4 t4","rights":"document read own"}]}"#,
        )
    }

    #[test]
    fn kinds_of_one_table_are_reached_differently() {
        let row = |owner, team, kind| RowOf {
            owner,
            team,
            kind: Some(kind),
        };
        let rep = rep();
        let reads = |tenant, row: &RowOf| rep.allows_row("document", "read", tenant, row);
        assert!(reads(3, &row(None, Some(TEAM), "quote")));
        assert!(!reads(3, &row(None, Some(ME), "quote")));
        assert!(reads(3, &row(Some(ME), None, "invoice")));
        assert!(!reads(3, &row(Some(TEAM), Some(TEAM), "invoice")));
        assert!(reads(3, &row(None, None, "order")));
        assert!(!reads(3, &row(Some(ME), None, "receipt")));
        assert!(reads(4, &row(Some(ME), None, "order")));
        assert!(!reads(4, &row(None, None, "order")));
        assert!(rep.allows("document", "read", 3) && rep.allows("order", "read", 4));
        assert!(
            !rep.allows_every_row("document", "read", 3)
                && rep.allows_every_row("order", "read", 3)
        );
        let right = Context::new(Rc::clone(&rep), "*", "")
            .unwrap()
            .right("document", "read");
        assert_eq!((right.any.len(), right.uniform_depth()), (2, None));
        let there = Context::new(rep, "t4", "")
            .unwrap()
            .right("document", "read");
        assert_eq!(
            (there.kinds.len(), there.uniform_depth()),
            (0, Some(Depth::Own))
        );
    }

    #[test]
    fn the_same_right_to_every_kind_is_one_to_all() {
        let all = r#"{"tenants":"3 t3","kinds":[["document",["quote","order"]]],"grants":[
            {"role":"rep","tenants":"3 t3","rights":"quote read team,order read team"}]}"#;
        let context = Context::new(authority(all), "t3", "").unwrap();
        assert_eq!(
            context.right("document", "read").uniform_depth(),
            Some(Depth::Team)
        );
        let less = all.replace(",order read team", "");
        let other = Context::new(authority(&less), "t3", "").unwrap();
        assert_eq!(other.right("document", "read").uniform_depth(), None);
        assert_ne!(context.shape, other.shape);
    }

    #[test]
    fn giving_away_reaches_further_only_while_it_is_done() {
        let json = r#"{"tenants":"3 t3","grants":[{"role":"rep","tenants":"3 t3",
            "rights":"note read own,note update own,note delete own,note assign team"}]}"#;
        let depths = |assigning| {
            let context = Context::new(authority(json), "t3", assigning).unwrap();
            let depth = |action| context.right("note", action).uniform_depth();
            (
                depth("read"),
                depth("update"),
                depth("delete"),
                context.shape,
            )
        };
        let (own, team) = (Some(Depth::Own), Some(Depth::Team));
        let (as_ever, other, giving) = (depths(""), depths("task"), depths("note"));
        assert_eq!((as_ever.0, as_ever.1, as_ever.2), (own, own, own));
        assert_eq!(as_ever, other);
        assert_eq!((giving.0, giving.1, giving.2), (team, team, own));
        assert_ne!(as_ever.3, giving.3);
    }
}

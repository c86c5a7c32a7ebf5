//! Where one may do one action with one object, and how far: sets of tenants, by depth and kind. Pure.

use crate::access::Id;
use crate::tenant_set::TenantSet;

/// The most tenants that a plan probes one by one; above, rows are tested against the set.
pub const FEW: usize = 64;

/// How far a right reaches into a tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Depth {
    /// Rows whose owner one is.
    Own,
    /// Rows of one's teams as well.
    Team,
    /// Every row.
    Tenant,
}

/// What decides about a row within its tenant.
#[derive(Debug, Default)]
pub struct RowOf<'a> {
    /// The principal it belongs to.
    pub owner: Option<Id>,
    /// The team it belongs to.
    pub team: Option<Id>,
    /// Its kind, where rows of a table are of several.
    pub kind: Option<&'a str>,
}

/// In which tenants a right reaches how far; each tenant is in one set, that of the deepest.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Reach {
    /// Tenants with depth own.
    pub own: TenantSet,
    /// Tenants with depth team.
    pub team: TenantSet,
    /// Tenants with depth tenant.
    pub tenant: TenantSet,
}

impl Reach {
    /// Leaves each tenant in the set of its deepest right.
    pub fn settle(&mut self) {
        self.team.remove_all(&self.tenant);
        self.own.remove_all(&self.tenant);
        self.own.remove_all(&self.team);
    }

    /// Adds the tenants of a grant, all unless named, as far as they are within some; without depth none.
    pub fn add(&mut self, depth: Option<Depth>, tenants: Option<&TenantSet>, within: &TenantSet) {
        let set = match depth {
            None => return,
            Some(Depth::Own) => &mut self.own,
            Some(Depth::Team) => &mut self.team,
            Some(Depth::Tenant) => &mut self.tenant,
        };
        match tenants {
            None => set.insert_all(within),
            Some(tenants) => set.insert_all(&tenants.common(within)),
        }
    }

    /// The tenants with any depth.
    pub fn any(&self) -> TenantSet {
        let mut any = self.tenant.clone();
        any.insert_all(&self.team);
        any.insert_all(&self.own);
        any
    }

    /// The depth in a tenant.
    pub fn depth(&self, tenant: i32) -> Option<Depth> {
        if self.tenant.contains(tenant) {
            Some(Depth::Tenant)
        } else if self.team.contains(tenant) {
            Some(Depth::Team)
        } else {
            self.own.contains(tenant).then_some(Depth::Own)
        }
    }
}

/// Where one may do one action with one object.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Right {
    /// Tenants in which there is the right at any depth, to rows of any kind.
    pub any: TenantSet,
    /// How far it reaches, but for the kinds that follow.
    pub reach: Reach,
    /// Kinds of rows which it reaches further.
    pub kinds: Vec<(String, Reach)>,
    /// Whether it holds in every tenant there is, and none is left out by the selection.
    pub everywhere: bool,
}

impl Right {
    /// How far it reaches rows of a kind.
    pub fn reach_of(&self, kind: Option<&str>) -> &Reach {
        self.kinds
            .iter()
            .find(|known| Some(known.0.as_str()) == kind)
            .map_or(&self.reach, |known| &known.1)
    }

    /// The one depth that holds in every tenant of the right, for rows of every kind, if it is one.
    pub fn uniform_depth(&self) -> Option<Depth> {
        let all = self.any.len();
        if !self.kinds.is_empty() {
            None
        } else if self.reach.tenant.len() == all {
            Some(Depth::Tenant)
        } else if self.reach.team.len() == all {
            Some(Depth::Team)
        } else {
            (self.reach.own.len() == all).then_some(Depth::Own)
        }
    }

    /// What a plan may know of a right: over all selected tenants or some, how many, how deep.
    pub fn class(&self, selected: &TenantSet) -> (bool, bool, Count, Option<Depth>) {
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

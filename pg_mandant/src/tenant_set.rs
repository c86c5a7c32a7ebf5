//! Sets of tenants, as the functions in policies test rows against them. Pure.

/// A set of tenant ids, one bit each.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TenantSet {
    words: Vec<u64>,
    len: usize,
}

impl TenantSet {
    /// Number of tenants.
    pub fn len(&self) -> usize {
        self.len
    }

    /// The bits, tenant id 0 first.
    pub fn words(&self) -> &[u64] {
        &self.words
    }

    /// Adds one tenant; ids are positive.
    pub fn insert(&mut self, id: i32) {
        let Ok(id) = usize::try_from(id) else { return };
        if id / 64 >= self.words.len() {
            self.words.resize(id / 64 + 1, 0);
        }
        let bit = 1u64 << (id % 64);
        if self.words[id / 64] & bit == 0 {
            self.words[id / 64] |= bit;
            self.len += 1;
        }
    }

    /// Whether the tenant is in the set.
    pub fn contains(&self, id: i32) -> bool {
        contains(&self.words, id)
    }

    /// Adds every tenant of `other` that is also in `within`.
    pub fn insert_common(&mut self, other: &TenantSet, within: &TenantSet) {
        for id in other.iter().filter(|id| within.contains(*id)) {
            self.insert(id);
        }
    }

    /// The ids, ascending.
    pub fn iter(&self) -> impl Iterator<Item = i32> + '_ {
        self.words.iter().enumerate().flat_map(|(index, word)| {
            let next = |rest: &u64| (*rest != 0).then_some(rest & (rest - 1));
            std::iter::successors(Some(*word), next)
                .take_while(|rest| *rest != 0)
                .map(move |rest| (index * 64) as i32 + rest.trailing_zeros() as i32)
        })
    }
}

impl FromIterator<i32> for TenantSet {
    fn from_iter<I: IntoIterator<Item = i32>>(ids: I) -> Self {
        let mut set = TenantSet::default();
        ids.into_iter().for_each(|id| set.insert(id));
        set
    }
}

/// Whether tenant `id` is among the bits of a [`TenantSet`].
#[inline]
pub fn contains(words: &[u64], id: i32) -> bool {
    words
        .get((id >> 6) as u32 as usize)
        .is_some_and(|word| word >> (id & 63) & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_holds_what_was_put_in() {
        let set = TenantSet::from_iter([1, 63, 64, 1000, 64]);
        assert_eq!(set.iter().collect::<Vec<_>>(), [1, 63, 64, 1000]);
        assert_eq!(set.len(), 4);
        assert!(
            !set.contains(0)
                && !set.contains(-1)
                && !set.contains(i32::MAX)
                && !set.contains(i32::MIN)
        );
    }
}

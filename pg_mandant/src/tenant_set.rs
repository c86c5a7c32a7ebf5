//! Sets of tenants, as the functions in policies test rows against them. Pure.

/// A set of tenant ids, one bit each.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TenantSet {
    /// The last word is never zero, so that equal sets are equal.
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

    /// Adds every tenant of `other`.
    pub fn insert_all(&mut self, other: &TenantSet) {
        if other.words.len() > self.words.len() {
            self.words.resize(other.words.len(), 0);
        }
        self.change(other, |word, other| word | other);
    }

    /// Takes every tenant of `other` out.
    pub fn remove_all(&mut self, other: &TenantSet) {
        self.change(other, |word, other| word & !other);
    }

    /// The tenants that are in both.
    pub fn common(&self, other: &TenantSet) -> TenantSet {
        let mut common = self.clone();
        common.change(other, |word, other| word & other);
        common
    }

    fn change(&mut self, other: &TenantSet, by: impl Fn(u64, u64) -> u64) {
        for (index, word) in self.words.iter_mut().enumerate() {
            *word = by(*word, other.words.get(index).copied().unwrap_or_default());
        }
        while self.words.last() == Some(&0) {
            self.words.pop();
        }
        self.len = self
            .words
            .iter()
            .map(|word| word.count_ones() as usize)
            .sum();
    }

    /// The one that is in it, if it is one.
    pub fn only(&self) -> Option<i32> {
        let mut ids = self.iter();
        ids.next().filter(|_| ids.next().is_none())
    }

    /// The ids, ascending.
    pub fn iter(&self) -> impl Iterator<Item = i32> + '_ {
        self.words.iter().enumerate().flat_map(|(index, word)| {
            let next = |rest: &u64| (*rest != 0).then(|| rest & (rest - 1));
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

    #[test]
    fn sets_are_joined_cut_and_compared() {
        let (low, high) = (
            TenantSet::from_iter([1, 2]),
            TenantSet::from_iter([2, 1000]),
        );
        assert_eq!(low.common(&high), TenantSet::from_iter([2]));
        assert_eq!(high.common(&low), TenantSet::from_iter([2]));
        let mut set = low.clone();
        set.insert_all(&high);
        assert_eq!((set.len(), &set), (3, &TenantSet::from_iter([1, 2, 1000])));
        set.remove_all(&high);
        assert_eq!((set.len(), &set), (1, &TenantSet::from_iter([1])));
        set.remove_all(&low);
        assert_eq!((set.len(), set), (0, TenantSet::default()));
    }
}

//! How much a hash table holds.

/// So many keys are held by a table of so many places, a power of two: with one more, hashbrown's doubles its places.
pub const fn held_by(places: usize) -> usize {
    places / 8 * 7
}

#[cfg(test)]
mod tests {
    use super::*;
    use hashbrown::HashSet;

    #[test]
    fn a_table_that_is_full_has_not_grown() {
        let held = held_by(1 << 11);
        let mut table: HashSet<usize> = (0..held).collect();
        let places = table.allocation_size();
        assert_eq!(HashSet::<usize>::with_capacity(held).allocation_size(), places);
        table.insert(held);
        assert!(table.allocation_size() > places);
    }
}

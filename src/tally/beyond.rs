//! How many entries there are beyond the first few of every cell. A budget that counts these is not used up by a million
//! domains that each get a message or two, at the cost of the few that get all others.

/// So many entries of a cell count for nothing: of six or seven bytes each, they take about as much memory as the cell itself.
pub const FREE: u8 = 8;

/// Of entries with these cells, those beyond the first few of each. More entries, of whatever cell, never have less beyond:
/// where a part has too many, so has the whole.
pub fn beyond(cells: impl Iterator<Item = u32>, few: u8) -> usize {
    let (mut left, mut beyond) = (Vec::new(), 0);
    for cell in cells {
        let cell = cell as usize;
        if cell >= left.len() {
            left.resize(cell + 1, few);
        }
        match left[cell].checked_sub(1) {
            Some(less) => left[cell] = less,
            None => beyond += 1,
        }
    }
    beyond
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_part_never_has_more_beyond_than_the_whole(all in prop::collection::vec((0..6_u32, any::<bool>()), 0..200)) {
            let part = all.iter().filter(|(_, is_in)| *is_in).map(|(cell, _)| *cell);
            prop_assert!(beyond(part, 5) <= beyond(all.iter().map(|(cell, _)| *cell), 5));
        }
    }

    #[test]
    fn the_first_few_of_a_cell_count_for_nothing() {
        let of_each = |cells: u32, count: usize| (0..count).flat_map(move |_| 0..cells);
        assert_eq!(beyond(of_each(1_000, FREE.into()), FREE), 0);
        assert_eq!(beyond(of_each(1_000, usize::from(FREE) + 3), FREE), 3_000);
        assert_eq!(beyond(of_each(1, 1_000).chain(5..900), FREE), 1_000 - usize::from(FREE));
    }
}

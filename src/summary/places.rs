//! The rows of the tables that each cell is counted in. Cells and rows have keys of numbers, made once: to compare texts
//! again and again would take longer than all the sums.

use super::frame::{Key, Sum, shortened};
use super::sums::Sums;
use rayon::prelude::*;

/// The numbers of the rows that an IP belongs to: the total's, its provider's, its pool's and its own.
pub type Rows = [u32; 4];

/// Where each cell is counted. Rows are numbered through all tables, in the order of these.
pub struct Places {
    /// By cell, the place in the table of IPs; nothing where it is left out.
    of_cells: Vec<Option<u32>>,
    /// By that place.
    rows: Vec<Rows>,
    /// How many rows there are in all.
    count: usize,
}

impl Places {
    /// Of the cells that were summed, from the tables in the order of [`Rows`]: all are sorted, and the last one has each sum.
    pub fn of(sums: &Sums, tables: &[Vec<Sum>; 4]) -> Places {
        let mut sorted: Vec<(Key, u32)> = sums.all().iter().map(|sum| sum.key).zip(0..).collect();
        sorted.par_sort_unstable();
        let [.., ips] = tables;
        debug_assert!(sorted.iter().map(|(key, _)| *key).eq(ips.iter().map(|ip| ip.key)), "the same sums, sorted");
        let mut place = vec![0; sorted.len()];
        (0..).zip(sorted).for_each(|(ip, (_, sum))| place[sum as usize] = ip);
        let of_cells = sums.of_cells().iter().map(|sum| Some(place[(*sum)? as usize])).collect();
        let mut firsts = [0; 4];
        (1..firsts.len()).for_each(|table| firsts[table] = firsts[table - 1] + tables[table - 1].len());
        let mut at = [0; 4];
        let rows_of = |ip: &Sum| {
            std::array::from_fn(|table| {
                let wanted = shortened(ip.key, table);
                let passed = tables[table][at[table]..].iter().position(|row| row.key == wanted);
                at[table] += passed.expect("a row of each table holds each IP, in their order");
                (firsts[table] + at[table]) as u32
            })
        };
        Places { of_cells, rows: ips.iter().map(rows_of).collect(), count: tables.iter().map(Vec::len).sum() }
    }

    /// The place of a cell in the table of IPs; nothing where it is left out.
    #[inline]
    pub fn ip(&self, cell: u32) -> Option<usize> {
        self.of_cells[cell as usize].map(|place| place as usize)
    }

    /// The rows of the IP in this place.
    pub fn rows(&self, ip: usize) -> Rows {
        self.rows[ip]
    }

    /// How many IPs there are.
    pub fn ips(&self) -> usize {
        self.rows.len()
    }

    /// How many rows there are.
    pub fn count(&self) -> usize {
        self.count
    }
}

#[cfg(test)]
mod tests {
    use super::super::frame::joined;
    use super::*;
    use crate::record::Span;
    use crate::tally::Counts;

    #[test]
    fn a_cell_is_counted_in_its_ip_its_pool_its_provider_and_the_total() {
        let sum = |key| Sum { key, counts: Counts::default(), without_message: 0, seen: Span::default() };
        let ips = [[0, 0, 1], [0, 2, 1], [3, 0, 0]].map(sum).to_vec();
        let tables = [joined(&ips, 0), joined(&ips, 1), joined(&ips, 2), ips];
        let cells = [Some([3, 0, 0]), None, Some([0, 2, 1]), Some([3, 0, 0]), Some([0, 0, 1])];
        let places = Places::of(&Sums::of(cells.into_iter().map(|key| key.map(sum))), &tables);
        assert_eq!([0, 1, 2, 3, 4].map(|cell| places.ip(cell)), [Some(2), None, Some(1), Some(2), Some(0)]);
        // One total, two providers, three pools, three IPs.
        assert_eq!([0, 1, 2].map(|ip| places.rows(ip)), [[0, 1, 3, 6], [0, 1, 4, 7], [0, 2, 5, 8]]);
        assert_eq!((places.ips(), places.count()), (3, 9));
    }
}

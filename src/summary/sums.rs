//! Cells summed by provider, pool and IP as they come: many domains are one provider's, and the cells of a million domains would
//! take a hundred megabytes beside each other.

use super::frame::{Key, Sum};
use hashbrown::HashMap;

/// The sums, in the order their keys were met, and which of them each cell is in.
#[derive(Default)]
pub struct Sums {
    all: Vec<Sum>,
    numbers: HashMap<Key, u32>,
    of_cells: Vec<Option<u32>>,
}

impl Sums {
    /// Of cells by number, nothing in place of those that are left out.
    pub fn of(cells: impl Iterator<Item = Option<Sum>>) -> Sums {
        let mut sums = Sums::default();
        for cell in cells {
            let number = cell.map(|cell| sums.add(&cell));
            sums.of_cells.push(number);
        }
        sums
    }

    fn add(&mut self, cell: &Sum) -> u32 {
        let number = *self.numbers.entry(cell.key).or_insert(self.all.len() as u32);
        match self.all.get_mut(number as usize) {
            Some(sum) => sum.add(cell),
            None => self.all.push(*cell),
        }
        number
    }

    /// One of each key.
    pub fn all(&self) -> &[Sum] {
        &self.all
    }

    /// By cell, the place of its sum among all of them.
    pub fn of_cells(&self) -> &[Option<u32>] {
        &self.of_cells
    }
}

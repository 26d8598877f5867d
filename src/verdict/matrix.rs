//! Counts in rows and columns: IPs by hours, IPs by mail, jobs by IPs. Every comparison of this room is one of some
//! rows with others, within the columns.

use super::count::Count;
use std::ops::Range;

/// A dense table of counts. A missing pair is a count of nothing.
#[derive(Debug, Clone, Default)]
pub(crate) struct Matrix {
    columns: usize,
    cells: Vec<Count>,
}

impl Matrix {
    /// Nothing counted yet.
    pub fn new(rows: usize, columns: usize) -> Matrix {
        Matrix { columns, cells: vec![Count::default(); rows * columns] }
    }

    /// How many rows.
    pub fn rows(&self) -> usize {
        self.cells.len().checked_div(self.columns).unwrap_or(0)
    }

    /// How many columns.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// Counts more in a cell.
    pub fn add(&mut self, row: usize, column: usize, count: Count) {
        self.cells[row * self.columns + column] += count;
    }

    /// A row, column by column.
    pub fn row(&self, row: usize) -> &[Count] {
        &self.cells[row * self.columns..(row + 1) * self.columns]
    }

    /// The sum of a row over some columns.
    pub fn total(&self, row: usize, columns: Range<usize>) -> Count {
        self.row(row)[columns].iter().copied().sum()
    }

    /// The sums of some rows, column by column.
    pub fn sum(&self, rows: impl IntoIterator<Item = usize>) -> Vec<Count> {
        let mut sums = vec![Count::default(); self.columns];
        for row in rows {
            sums.iter_mut().zip(self.row(row)).for_each(|(sum, count)| *sum += *count);
        }
        sums
    }
}

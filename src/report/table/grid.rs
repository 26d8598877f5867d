//! A table that gives up its columns from the right until it fits.

use std::io;

use comfy_table::presets::NOTHING;
use comfy_table::{Cell, CellAlignment, Table};

use super::page::{Ink, Page};
use super::text;

/// Blanks between two columns.
const GAP: usize = 2;
/// The last column may be cut down to this before it is given up.
const LAST: usize = 8;

/// On which side a column's cells stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Words.
    Left,
    /// Numbers.
    Right,
}

/// A table: named columns, the most important first, and a row's colour with its cells.
pub struct Grid {
    /// The columns.
    pub columns: Vec<(String, Side)>,
    /// The first column is cut to this width.
    pub first: usize,
    /// The rows.
    pub rows: Vec<(Ink, Vec<String>)>,
}

impl Grid {
    /// Writes the header and the rows, as many columns as there is room for.
    pub fn write(mut self, page: &mut Page) -> io::Result<()> {
        self.clean(page);
        let widths = self.build(self.columns.len()).column_max_content_widths();
        let kept = self.fit(&widths, page);
        let lines: Vec<String> = self.build(kept).lines().collect();
        let inks = [Ink::Dim].into_iter().chain(self.rows.iter().map(|(ink, _)| *ink));
        inks.zip(&lines).try_for_each(|(ink, line)| page.line(ink, line))
    }

    fn clean(&mut self, page: &Page) {
        for (_, cells) in &mut self.rows {
            for cell in &mut *cells {
                *cell = page.clean(cell).into_owned();
            }
            cells[0] = text::cut(&cells[0], self.first, page.ellipsis()).into_owned();
        }
    }

    /// How many columns there is room for. The last of them is cut where that saves it.
    fn fit(&mut self, widths: &[u16], page: &Page) -> usize {
        let mut room = page.screen.width;
        for (place, (width, (_, side))) in widths.iter().zip(&self.columns).enumerate() {
            let gap = if place == 0 { 0 } else { GAP };
            let needed = gap + usize::from(*width);
            if needed > room {
                let keep = *side == Side::Left && room >= gap + LAST;
                if keep {
                    for (_, cells) in &mut self.rows {
                        cells[place] = text::cut(&cells[place], room - gap, page.ellipsis()).into_owned();
                    }
                }
                return (place + usize::from(keep)).max(1);
            }
            room -= needed;
        }
        widths.len()
    }

    fn build(&self, columns: usize) -> Table {
        let mut table = Table::new();
        let cells = |cells: &[String]| -> Vec<Cell> {
            let sides = self.columns.iter().map(|(_, side)| match side {
                Side::Left => CellAlignment::Left,
                Side::Right => CellAlignment::Right,
            });
            cells.iter().zip(sides).take(columns).map(|(cell, side)| Cell::new(cell).set_alignment(side)).collect()
        };
        let names: Vec<String> = self.columns.iter().map(|(name, _)| name.clone()).collect();
        table.load_style(NOTHING).set_header(cells(&names));
        table.add_rows(self.rows.iter().map(|(_, row)| cells(row)));
        table.column_iter_mut().for_each(|column| {
            column.set_padding((0, GAP as u16));
        });
        table
    }
}

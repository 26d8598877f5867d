//! Which hours the columns of a pool's tables stand for.

use super::input::Pool;

/// Which hours the columns stand for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Clock {
    pub first: u32,
    pub width: u32,
    pub columns: usize,
}

impl Clock {
    /// That of all that a pool sent.
    pub fn of(pool: &Pool) -> Clock {
        let hours = || pool.ips.iter().flat_map(|ip| ip.sent.iter().map(|sent| sent.hour));
        let (first, last) = (hours().min().unwrap_or(0), hours().max().unwrap_or(0));
        let width = (last - first) / MOST_COLUMNS + 1;
        Clock { first, width, columns: ((last - first) / width + 1) as usize }
    }

    /// The column of an hour.
    pub fn column(&self, hour: u32) -> usize {
        ((hour - self.first) / self.width) as usize
    }

    /// The first hour of a column.
    pub fn hour(&self, column: usize) -> u32 {
        self.first + column as u32 * self.width
    }
}

/// More columns than these are joined: tables grow with them, and so does the number of runs that may be bad by chance.
const MOST_COLUMNS: u32 = 240;

#[cfg(test)]
mod tests {
    use super::super::input::{Ip, Sent};
    use super::*;

    fn clock(hours: &[u32]) -> Clock {
        let sent = hours.iter().map(|&hour| Sent { hour, ..Sent::default() }).collect();
        Clock::of(&Pool { ips: vec![Ip { sent, ..Ip::default() }], ..Pool::default() })
    }

    #[test]
    fn a_day_has_a_column_for_each_hour_and_a_month_has_wider_ones() {
        let day = clock(&[120, 100, 123]);
        assert_eq!((day.width, day.columns, day.column(123), day.hour(3)), (1, 24, 23, 103));
        let month = clock(&[0, 719]);
        assert_eq!((month.width, month.columns, month.column(719), month.hour(1)), (3, 240, 239, 3));
        assert_eq!(clock(&[]).columns, 1);
    }
}

//! The hour that a record belongs to.

use super::plan::HourOf;
use crate::record::Moment;

/// The hour of records without a time.
pub const NO_TIME: i32 = i32::MIN;

/// Tells hours. Neighbouring records share them, and a division takes long.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    seconds: i64,
    /// When hour 0 began.
    from: i64,
    /// When the hour that was told last began, and which it is.
    start: i64,
    hour: i32,
}

impl Clock {
    /// Of hours of this length, counted from a moment.
    pub fn new(HourOf { seconds, from: Moment(from) }: HourOf) -> Clock {
        Clock { seconds: i64::from(seconds), from, start: from, hour: 0 }
    }

    /// The hour of a moment, and the second in it. Times that no clock shows are no times.
    #[inline]
    pub fn read(&mut self, Moment(time): Moment) -> (i32, Option<u16>) {
        if !(0..self.seconds).contains(&(time.wrapping_sub(self.start))) {
            let hour = time.saturating_sub(self.from).div_euclid(self.seconds);
            let Ok(hour) = i32::try_from(hour) else { return (NO_TIME, None) };
            (self.hour, self.start) = (hour, self.start_of(hour));
        }
        (self.hour, Some((time - self.start) as u16))
    }

    /// When an hour began.
    pub fn start_of(&self, hour: i32) -> i64 {
        self.from.saturating_add(i64::from(hour) * self.seconds)
    }
}

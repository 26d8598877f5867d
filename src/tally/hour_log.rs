//! Hours one after the other, each in a few bytes: most numbers are small, and there may be a million of them.

use super::numbers::Numbers;
use super::sent::{Hour, Mail, Sent};
use super::varint::{fold, put, take, unfold};

/// Hours in the order they were added.
#[derive(Debug, Clone, Default)]
pub struct HourLog {
    bytes: Vec<u8>,
    count: usize,
    /// Whose mail they are of, as far as that is few.
    mail: Numbers<Mail>,
    /// The hour of the last one: the next one's is near it.
    hour: i32,
}

/// So many jobs and senders have a number of a byte or two; others are written out.
const MOST_MAIL: usize = 1 << 13;

impl HourLog {
    /// How many there are.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Adds one.
    pub fn push(&mut self, Hour { cell, sent: Sent { hour, mail, attempts, deferred } }: Hour) {
        let after = fold(i64::from(hour) - i64::from(self.hour));
        let known = self.mail.of_first(mail, MOST_MAIL);
        let bytes = &mut self.bytes;
        put(bytes, after << 1 | u64::from(deferred > 0));
        [cell, known.map_or(0, |known| known + 1), attempts].into_iter().for_each(|number| put(bytes, number.into()));
        if deferred > 0 {
            put(bytes, deferred.into());
        }
        if known.is_none() {
            [mail.job, mail.sender].into_iter().for_each(|number| put(bytes, number.into()));
        }
        (self.hour, self.count) = (hour, self.count + 1);
    }

    /// Adds some.
    pub fn extend(&mut self, hours: impl IntoIterator<Item = Hour>) {
        hours.into_iter().for_each(|hour| self.push(hour));
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = Hour> {
        let (mut bytes, mut hour) = (&*self.bytes, 0);
        (0..self.count).map(move |_| {
            let mut number = || take(&mut bytes).expect("as many numbers as were written");
            let head = number();
            hour += unfold(head >> 1);
            let mut number = || number() as u32;
            let cell = number();
            let (known, attempts) = (number(), number());
            let deferred = if head & 1 == 1 { number() } else { 0 };
            let mail = match known.checked_sub(1) {
                Some(known) => self.mail.key(known),
                None => Mail { job: number(), sender: number() },
            };
            Hour { cell, sent: Sent { hour: hour as i32, mail, attempts, deferred } }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn number() -> impl Strategy<Value = u32> {
        prop_oneof![0..300_u32, any::<u32>(), Just(u32::MAX), Just(1 << 31)]
    }

    proptest! {
        #[test]
        fn what_was_added_is_read_again(hours in prop::collection::vec((number(), number(), number(), number(), number(), number()), 0..50)) {
            let hour = |(cell, hour, job, sender, attempts, deferred): (u32, u32, u32, u32, u32, u32)| {
                Hour { cell, sent: Sent { hour: hour.cast_signed(), mail: Mail { job, sender }, attempts, deferred } }
            };
            let hours: Vec<Hour> = hours.into_iter().map(hour).collect();
            let mut log = HourLog::default();
            hours.iter().for_each(|hour| log.push(*hour));
            prop_assert_eq!(log.count(), hours.len());
            prop_assert_eq!(log.iter().collect::<Vec<_>>(), hours);
        }
    }

    #[test]
    fn an_hour_like_most_takes_seven_bytes() {
        let mut log = HourLog::default();
        let mail = Mail { job: 3, sender: 5 };
        for cell in 0..10_000 {
            let sent = Sent { hour: 492_000 + cell as i32 % 2, mail, attempts: 200, deferred: 3 };
            log.push(Hour { cell, sent });
        }
        assert!(log.bytes.len() <= 7 * 10_000 + 8, "{}", log.bytes.len());
    }

    #[test]
    fn where_every_message_is_a_job_the_last_ones_have_no_number() {
        let hour = |job| Hour {
            cell: 1,
            sent: Sent { hour: 7, mail: Mail { job, sender: 2 }, attempts: 1, deferred: job % 2 },
        };
        let all: Vec<Hour> = (0..2 * MOST_MAIL as u32).chain(0..9).map(hour).collect();
        let mut log = HourLog::default();
        log.extend(all.iter().copied());
        assert_eq!(log.iter().collect::<Vec<_>>(), all);
        assert!(log.bytes.len() <= 9 * all.len(), "{}", log.bytes.len());
    }
}

//! Attempts by hour and mail: those of a cell, and those of whatever else they are dealt to.

/// Whose mail it was: numbers of a job and of the domain of an envelope sender, either [`ANY_PART`] where that is not told.
///
/// [`ANY_PART`]: super::parts::ANY_PART
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mail {
    /// The job.
    pub job: u32,
    /// The sender's domain.
    pub sender: u32,
}

impl Mail {
    /// Anybody's: of records that are no attempt, and where jobs or senders were too many to be told apart.
    pub const ANY: Mail = Mail { job: u32::MAX, sender: u32::MAX };
}

/// What was sent of some mail in an hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sent {
    /// Hours since 1970, or [`super::clock::NO_TIME`].
    pub hour: i32,
    /// Whose mail it was.
    pub mail: Mail,
    /// Attempts; where they are more than fit, the same hour and mail come in parts.
    pub attempts: u32,
    /// How many of them were deferred.
    pub deferred: u32,
}

impl Sent {
    /// What it is of, in one number, which compares fast: in the order of hours, which follow each other from the least number
    /// there is, then of mail.
    pub fn key(&self) -> u128 {
        let hour = self.hour.wrapping_sub(i32::MIN).cast_unsigned();
        [hour, self.mail.job, self.mail.sender].into_iter().fold(0, |key, part| key << 32 | u128::from(part))
    }

    /// Adds another one where it is of the same hour and mail, and the sum fits; whether it is.
    pub fn join(&mut self, other: Sent) -> bool {
        let same = self.key() == other.key();
        let sum = self.attempts.checked_add(other.attempts).filter(|_| same);
        sum.map(|sum| (self.attempts, self.deferred) = (sum, self.deferred + other.deferred)).is_some()
    }
}

/// What was sent of a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hour {
    /// The number of the cell.
    pub cell: u32,
    /// Of which mail, when, and how many.
    pub sent: Sent,
}

impl Hour {
    /// What it is of, in one number.
    pub fn key(&self) -> u128 {
        u128::from(self.cell) << 96 | self.sent.key()
    }

    /// Adds another one where it is of the same cell, hour and mail, and the sum fits; whether it is.
    pub fn join(&mut self, other: Hour) -> bool {
        self.cell == other.cell && self.sent.join(other.sent)
    }
}

#[cfg(test)]
mod tests {
    use super::super::clock::NO_TIME;
    use super::*;

    #[test]
    fn keys_have_the_order_of_cells_hours_and_mail() {
        let hour = |cell, hour, (job, sender)| Hour {
            cell,
            sent: Sent { hour, mail: Mail { job, sender }, attempts: 1, deferred: 0 },
        };
        let all = [
            hour(1, NO_TIME, (5, 0)),
            hour(1, -1, (9, 0)),
            hour(1, 0, (0, 8)),
            hour(1, 0, (0, 9)),
            hour(1, 0, (u32::MAX, 0)),
            hour(1, 7, (0, 0)),
            hour(2, -3, (0, 0)),
        ];
        assert!(all.is_sorted_by(|one, other| one.key() < other.key()));
    }

    #[test]
    fn what_does_not_fit_stays_in_parts() {
        let sent = |hour, attempts| Sent { hour, mail: Mail::ANY, attempts, deferred: attempts / 2 };
        let mut first = sent(1, u32::MAX - 1);
        assert!(!first.join(sent(2, 1)), "another hour");
        assert!(!first.join(sent(1, 2)), "too many");
        assert_eq!(first, sent(1, u32::MAX - 1));
        assert!(first.join(sent(1, 1)));
        assert_eq!(first.attempts, u32::MAX);
    }
}

//! The cells that an attempt is counted by, each looked for once.

use crate::read::Row;
use crate::record::Column;
use std::borrow::Cow;

/// The texts of a record's cells, as [`Row::get`] gives them.
pub struct Texts<'r> {
    /// Recipient.
    pub rcpt: Cow<'r, [u8]>,
    /// Sender.
    pub orig: Cow<'r, [u8]>,
    /// Job.
    pub job: Cow<'r, [u8]>,
    /// Remote host and its address.
    pub mta: Cow<'r, [u8]>,
    /// Pool.
    pub pool: Cow<'r, [u8]>,
    /// Source IP.
    pub ip: Cow<'r, [u8]>,
}

impl<'r> Texts<'r> {
    /// Those of a record.
    #[inline(always)]
    pub fn of(row: &Row<'r>) -> Texts<'r> {
        Texts {
            rcpt: row.get(Column::Rcpt),
            orig: row.get(Column::Orig),
            job: row.get(Column::JobId),
            mta: row.get(Column::DsnMta),
            pool: row.get(Column::VmtaPool),
            ip: row.get(Column::DlvSourceIp),
        }
    }
}

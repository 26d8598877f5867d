//! The cells that an attempt is counted by, each looked for once.

use crate::read::Row;
use crate::record::Column;

/// The texts of a record's cells, as [`Row::get`] gives them.
#[derive(Clone, Copy)]
pub struct Texts<'r> {
    /// Recipient.
    pub rcpt: &'r [u8],
    /// Sender.
    pub orig: &'r [u8],
    /// Job.
    pub job: &'r [u8],
    /// Remote host and its address.
    pub mta: &'r [u8],
    /// Pool.
    pub pool: &'r [u8],
    /// Source IP.
    pub ip: &'r [u8],
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

//! The columns that pmtriage reads, and the names of all that PowerMTA writes
//! (User's Guide 5.0, sections 3.3.11.12 and 11.2; one table each).

/// A column whose cells the analysis looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Column {
    /// Record type.
    Type,
    /// When the record was written: the time of the attempt.
    TimeLogged,
    /// When the message was queued; the same over all attempts of one recipient.
    TimeQueued,
    /// Envelope sender.
    Orig,
    /// Envelope recipient.
    Rcpt,
    /// `smtp;` and the remote server's reply.
    DsnDiag,
    /// The remote host, `name (address)`.
    DsnMta,
    /// `smtp`, or a local way of delivery such as `discard`, `file`, `pipe`.
    DlvType,
    /// The local address the mail left from.
    DlvSourceIp,
    /// The remote address; empty where no connection was made.
    DlvDestinationIp,
    /// Name of the VirtualMTA.
    Vmta,
    /// Name of the VirtualMTA pool.
    VmtaPool,
    /// The sender's job.
    JobId,
    /// Envelope id.
    EnvId,
    /// `domain/vmta`.
    Queue,
}

impl Column {
    /// Every column with the name PowerMTA writes in the header line.
    pub const ALL: [(Column, &'static str); 15] = [
        (Column::Type, "type"),
        (Column::TimeLogged, "timeLogged"),
        (Column::TimeQueued, "timeQueued"),
        (Column::Orig, "orig"),
        (Column::Rcpt, "rcpt"),
        (Column::DsnDiag, "dsnDiag"),
        (Column::DsnMta, "dsnMta"),
        (Column::DlvType, "dlvType"),
        (Column::DlvSourceIp, "dlvSourceIp"),
        (Column::DlvDestinationIp, "dlvDestinationIp"),
        (Column::Vmta, "vmta"),
        (Column::VmtaPool, "vmtaPool"),
        (Column::JobId, "jobId"),
        (Column::EnvId, "envId"),
        (Column::Queue, "queue"),
    ];

    /// Names that PowerMTA writes and that pmtriage has no use for yet.
    const OTHERS: [&'static str; 24] = [
        "timeImprinted",
        "timeFirstAttempt",
        "totalSecondsQueued",
        "orcpt",
        "dsnAction",
        "dsnStatus",
        "dsnReportingMta",
        "bounceCat",
        "srcType",
        "srcMta",
        "dlvEsmtpAvailable",
        "dlvSize",
        "dlvTlsProtocol",
        "dlvTlsCipher",
        "userString",
        "rcvSmtpUser",
        "rcvSourceIp",
        "rcvDestinationIp",
        "repSourceIp",
        "feedbackType",
        "format",
        "userAgent",
        "reportingMta",
        "reportedDomain",
    ];

    /// The name PowerMTA writes in the header line.
    pub fn name(self) -> &'static str {
        Self::ALL[self as usize].1
    }

    /// The column a header cell names. Case does not matter: the guide itself writes `envid` and `envId`.
    pub fn named(cell: &[u8]) -> Option<Column> {
        Self::ALL.iter().find(|(_, name)| name.as_bytes().eq_ignore_ascii_case(cell)).map(|(column, _)| *column)
    }

    /// Whether a header cell is a name PowerMTA writes, of use here or not.
    pub fn is_known_name(cell: &[u8]) -> bool {
        let prefixed = |prefix: &[u8]| cell.len() > prefix.len() && cell[..prefix.len()].eq_ignore_ascii_case(prefix);
        Self::named(cell).is_some()
            || Self::OTHERS.iter().any(|name| name.as_bytes().eq_ignore_ascii_case(cell))
            || prefixed(b"header_")
            || prefixed(b"arf_")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_the_order_of_the_variants_and_names_are_unique() {
        for (place, (column, name)) in Column::ALL.into_iter().enumerate() {
            assert_eq!(column as usize, place);
            assert_eq!(Column::named(name.to_uppercase().as_bytes()), Some(column));
            assert!(!Column::OTHERS.contains(&name));
        }
    }

    #[test]
    fn names_of_other_programs_are_not_known() {
        assert!(Column::is_known_name(b"header_X-Job"));
        assert!(Column::is_known_name(b"REPORTINGMTA"));
        for foreign in [&b"vmtaPool2"[..], b"header_", b"", b"timeDelivered", b"to"] {
            assert!(!Column::is_known_name(foreign));
        }
    }
}

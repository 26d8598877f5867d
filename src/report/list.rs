//! The lists a report is made of, by name.

use std::path::{Path, PathBuf};

/// A list of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum List {
    /// One row a mailbox provider.
    Isps,
    /// One row a mailbox provider and pool.
    Pools,
    /// One row a mailbox provider, pool and IP.
    Ips,
    /// One row a mailbox provider, IP, record type and reply.
    Groups,
    /// One row a trouble.
    Findings,
    /// One row an input.
    Inputs,
}

impl List {
    /// Every list, from the broad to the fine.
    pub const ALL: [List; 6] = [Self::Isps, Self::Pools, Self::Ips, Self::Groups, Self::Findings, Self::Inputs];

    /// The name of the list in options, file names and JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Isps => "isps",
            Self::Pools => "pools",
            Self::Ips => "ips",
            Self::Groups => "groups",
            Self::Findings => "findings",
            Self::Inputs => "inputs",
        }
    }

    /// The file of the CSV set in a folder that holds it.
    pub fn file_in(self, folder: &Path) -> PathBuf {
        folder.join(format!("{}.csv", self.word()))
    }

    /// What one of its rows is called.
    pub fn row_word(self) -> &'static str {
        &self.word()[..self.word().len() - 1]
    }

    /// The list of that name.
    pub fn parse(word: &str) -> Option<List> {
        Self::ALL.into_iter().find(|list| list.word() == word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_found_by_its_name() {
        for list in List::ALL {
            assert_eq!(List::parse(list.word()), Some(list));
            assert_eq!(format!("{}s", list.row_word()), list.word());
        }
        assert_eq!(List::parse("isp"), None);
    }
}

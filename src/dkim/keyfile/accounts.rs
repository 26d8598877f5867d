//! The names of accounts and groups, as far as the machine's own files have them.

use std::collections::BTreeSet;
use std::fs;

/// `/etc/passwd` and `/etc/group`.
pub struct Accounts {
    passwd: String,
    group: String,
}

impl Accounts {
    /// Reads both; what cannot be read is empty, and numbers stand for names.
    pub fn of_this_machine() -> Accounts {
        let read =
            |path: &str| fs::read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
        Accounts { passwd: read("/etc/passwd"), group: read("/etc/group") }
    }

    /// The same from the texts of both files.
    #[cfg(test)]
    pub fn of(passwd: &str, group: &str) -> Accounts {
        Accounts { passwd: passwd.to_owned(), group: group.to_owned() }
    }

    /// The number of a user, and of each group that it is in.
    pub fn identity(&self, user: &str) -> Option<(u32, BTreeSet<u32>)> {
        let number = |text: Option<&&str>| text.and_then(|text| text.parse::<u32>().ok());
        let row = rows(&self.passwd).find(|row| row[0] == user)?;
        let listed = rows(&self.group)
            .filter(|row| row.get(3).is_some_and(|names| names.split(',').any(|name| name.trim() == user)));
        let groups = listed.filter_map(|row| number(row.get(2))).chain(number(row.get(3)));
        Some((number(row.get(2))?, groups.collect()))
    }

    /// The name of a user, or its number.
    pub fn user(&self, uid: u32) -> String {
        let row = rows(&self.passwd).find(|row| row.get(2) == Some(&&*uid.to_string()));
        row.map_or(format!("uid {uid}"), |row| row[0].to_owned())
    }

    /// The name of a group, or its number.
    pub fn group(&self, gid: u32) -> String {
        let row = rows(&self.group).find(|row| row.get(2) == Some(&&*gid.to_string()));
        row.map_or(format!("gid {gid}"), |row| row[0].to_owned())
    }

    /// Who is in a group: by `/etc/group`, or because it is the account's own. Root is in every group.
    pub fn members(&self, gid: u32) -> BTreeSet<String> {
        let gid = gid.to_string();
        let own = rows(&self.passwd).filter(|row| row.get(3) == Some(&&*gid)).map(|row| row[0]);
        let listed = rows(&self.group).filter(|row| row.get(2) == Some(&&*gid)).filter_map(|row| row.get(3).copied());
        let names = own.chain(listed.flat_map(|names| names.split(',')));
        names.map(|name| name.trim().to_owned()).filter(|name| !name.is_empty() && name != "root").collect()
    }
}

fn rows(text: &str) -> impl Iterator<Item = Vec<&str>> {
    text.lines().map(|line| line.split(':').collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_members_are_found() {
        let accounts = Accounts {
            passwd: "root:x:0:0::/root:/bin/sh\nopendkim:x:105:110::/:/bin/false\nbroken\n".to_owned(),
            group: "root:x:0:\nopendkim:x:110:postfix, www-data,root\n:::\n".to_owned(),
        };
        assert_eq!((accounts.user(105), accounts.user(7)), ("opendkim".to_owned(), "uid 7".to_owned()));
        assert_eq!((accounts.group(110), accounts.group(7)), ("opendkim".to_owned(), "gid 7".to_owned()));
        assert_eq!(accounts.members(110).into_iter().collect::<Vec<_>>(), ["opendkim", "postfix", "www-data"]);
        assert!(accounts.members(0).is_empty());
        assert_eq!(accounts.identity("opendkim"), Some((105, [110].into())));
        assert_eq!(accounts.identity("postfix"), None);
    }
}

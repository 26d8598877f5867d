//! Access lists (POSIX ACLs, acl(5)): who can reach a file beside its owner and group. The kernel keeps them as an
//! extended attribute; where there is none, or it cannot be read, there is nothing to say.

use std::path::Path;

use super::accounts::Accounts;

const NAME: &str = "system.posix_acl_access";
const VERSION: u32 = 2;
/// What an entry is about (`<linux/posix_acl.h>`).
const USER: u16 = 0x02;
const GROUP: u16 = 0x08;
const MASK: u16 = 0x10;
/// What it allows.
const READ: u16 = 4;
const WRITE: u16 = 2;

/// Those that an access list names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Named {
    /// Who can read, but not change.
    pub readers: Vec<String>,
    /// Who can change.
    pub writers: Vec<String>,
}

/// Whom the access list of a file names; none where there is no list.
pub fn named(path: &Path, accounts: &Accounts) -> Option<Named> {
    let bytes = xattr::get(path, NAME).ok().flatten()?;
    parse(&bytes, accounts)
}

/// A version, then entries of tag, permissions and id, in little-endian order.
fn parse(bytes: &[u8], accounts: &Accounts) -> Option<Named> {
    let (version, rest) = bytes.split_first_chunk::<4>()?;
    if u32::from_le_bytes(*version) != VERSION {
        return None;
    }
    let entry = |bytes: &[u8]| match *bytes {
        [t1, t2, p1, p2, i1, i2, i3, i4] => {
            Some((u16::from_le_bytes([t1, t2]), u16::from_le_bytes([p1, p2]), u32::from_le_bytes([i1, i2, i3, i4])))
        }
        _ => None,
    };
    let entries: Vec<(u16, u16, u32)> = rest.chunks_exact(8).filter_map(entry).collect();
    let mask = entries.iter().find(|(tag, ..)| *tag == MASK).map_or(u16::MAX, |(_, allowed, _)| *allowed);
    let mut named = Named::default();
    for (tag, allowed, id) in entries {
        let who = match tag {
            USER => accounts.user(id),
            GROUP => format!("the group {}", accounts.group(id)),
            _ => continue,
        };
        match allowed & mask {
            allowed if allowed & WRITE != 0 => named.writers.push(who),
            allowed if allowed & READ != 0 => named.readers.push(who),
            _ => {}
        }
    }
    Some(named)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A list as the kernel keeps it.
    fn list(entries: &[(u16, u16, u32)]) -> Vec<u8> {
        let entry = |(tag, allowed, id): &(u16, u16, u32)| {
            [&tag.to_le_bytes()[..], &allowed.to_le_bytes(), &id.to_le_bytes()].concat()
        };
        [VERSION.to_le_bytes().to_vec(), entries.iter().flat_map(entry).collect()].concat()
    }

    #[test]
    fn those_who_are_named_are_found_as_far_as_the_mask_lets_them() {
        let accounts = Accounts::of_this_machine();
        let all = u32::MAX;
        let entries = |mask| {
            [
                (0x01, 6, all),
                (USER, 4, 54321),
                (USER, 6, 54322),
                (0x04, 4, all),
                (GROUP, 4, 54323),
                (MASK, mask, all),
                (0x20, 0, all),
            ]
        };
        let of = |mask| parse(&list(&entries(mask)), &accounts).unwrap();
        let (reader, writer, group) =
            ("uid 54321".to_owned(), "uid 54322".to_owned(), "the group gid 54323".to_owned());
        assert_eq!(of(6), Named { readers: vec![reader.clone(), group.clone()], writers: vec![writer.clone()] });
        assert_eq!(of(4), Named { readers: vec![reader, writer, group], writers: vec![] });
        assert_eq!(of(0), Named::default());
        for bytes in [&b""[..], b"\x01\0\0\0", b"\x02\0\0"] {
            assert_eq!(parse(bytes, &accounts), None);
        }
        assert_eq!(parse(&list(&entries(6))[..30], &accounts).unwrap().readers.len(), 1);
    }

    #[test]
    fn a_list_on_a_file_is_read() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let accounts = Accounts::of_this_machine();
        assert_eq!(named(file.path(), &accounts), None);
        let all = u32::MAX;
        let acl = list(&[(0x01, 6, all), (USER, 4, 54321), (0x04, 0, all), (MASK, 4, all), (0x20, 0, all)]);
        // Not every file system keeps lists.
        if xattr::set(file.path(), NAME, &acl).is_ok() {
            assert_eq!(named(file.path(), &accounts).unwrap().readers, ["uid 54321"]);
        }
    }
}

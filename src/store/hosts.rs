//! Mail hosts that were met, and whose they are: to look one up takes longer than to remember it.

use crate::provider::{ProviderId, Providers, Source};
use crate::record::LONGEST_DOMAIN;
use hashbrown::HashMap;

/// Hosts met before.
#[derive(Debug, Default)]
pub struct Hosts {
    known: HashMap<Box<[u8]>, Option<(ProviderId, Source)>>,
}

/// Hosts are only remembered for speed; so many are enough, and none is longer (RFC 1035, section 2.3.4).
const MOST_HOSTS: usize = 1 << 16;

impl Hosts {
    /// The provider whose host it is, and who says so.
    pub fn provider(&mut self, host: &[u8], providers: &Providers) -> Option<(ProviderId, Source)> {
        if host.is_empty() {
            return None;
        }
        if let Some(known) = self.known.get(host) {
            return *known;
        }
        let found = providers.of_mx(host).map(|found| (found.provider, found.source));
        if self.known.len() < MOST_HOSTS && host.len() <= LONGEST_DOMAIN {
            self.known.insert(host.into(), found);
        }
        found
    }
}

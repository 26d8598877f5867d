//! What is remembered of a message that was met in a cell, and how each pair of them is kept once.

/// A message in a cell: the two halves of its hash, the lower one first, and the cell's number with the lowest bit set where
/// the message was deferred there. Twelve bytes without padding, since there are millions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Met([u32; 3]);

impl Met {
    /// Of the hash of a message.
    #[inline]
    pub fn new(hash: u64, cell: u32, deferred: bool) -> Met {
        Met([hash as u32, (hash >> 32) as u32, cell << 1 | u32::from(deferred)])
    }

    /// The hash of the message.
    #[inline]
    pub fn message(&self) -> u64 {
        u64::from(self.0[1]) << 32 | u64::from(self.0[0])
    }

    /// The message, in the order of [`Met`].
    #[inline]
    fn order(&self) -> u64 {
        u64::from(self.0[0]) << 32 | u64::from(self.0[1])
    }

    /// The message and the cell, in the order of [`Met`].
    #[inline]
    fn pair(&self) -> (u64, u32) {
        (self.order(), self.cell())
    }

    /// The number of the cell.
    #[inline]
    pub fn cell(&self) -> u32 {
        self.0[2] >> 1
    }

    /// Whether it was deferred there.
    #[inline]
    pub fn deferred(&self) -> bool {
        self.0[2] & 1 == 1
    }
}

/// Keeps each pair of two buckets once, of messages with so many leading zero bits, and puts beside each other those of one
/// message: all in the first bucket and, where it had less, the second, so that no memory is asked for. The cells of the
/// second are numbered anew. Gives how many there are by the leading zero bits of their messages.
///
/// Hashes are spread evenly, so that they are nearly sorted once they are dealt by their first bits (a pass of counting sort:
/// Knuth, The Art of Computer Programming, volume 3, section 5.2), and few are left to be put in their places.
pub fn keep_each_once(
    scratch: &mut Vec<Met>,
    one: &mut Vec<Met>,
    two: &mut Vec<Met>,
    zero_bits: u32,
    cell: &impl Fn(u32) -> u32,
) -> [usize; 65] {
    let room = one.len();
    [&mut *one, two].into_iter().for_each(|bucket| drop_others(bucket, zero_bits));
    two.iter_mut().for_each(|met| *met = Met::new(met.message(), cell(met.cell()), met.deferred()));
    let all = one.len() + two.len();
    if scratch.len() < all {
        scratch.resize(all, Met::default());
    }
    let dealt = &mut scratch[..all];
    deal(one.iter().chain(&*two), dealt);
    let mut by_zero_bits = [0; 65];
    let kept = keep_sorted(dealt, &mut by_zero_bits);
    let (first, second) = dealt[..kept].split_at(kept.min(room));
    for (bucket, part) in [(one, first), (two, second)] {
        bucket.clear();
        bucket.extend_from_slice(part);
    }
    by_zero_bits
}

/// Keeps messages with so many leading zero bits. Nobody can foresee which they are: no branch hangs on it.
fn drop_others(bucket: &mut Vec<Met>, zero_bits: u32) {
    let (mut kept, above) = (0, above(zero_bits));
    for place in 0..bucket.len() {
        let met = bucket[place];
        bucket[kept] = met;
        kept += usize::from(met.message() & above == 0);
    }
    bucket.truncate(kept);
}

/// So many of the highest bits.
pub fn above(zero_bits: u32) -> u64 {
    !u64::MAX.checked_shr(zero_bits).unwrap_or(0)
}

/// Lays out what was met nearly sorted, as many as there is room for. Its counts take a part of a thread's stack that must not
/// stay taken while that thread does something else in between.
#[inline(never)]
fn deal<'m>(met: impl Iterator<Item = &'m Met> + Clone, dealt: &mut [Met]) {
    // About as many slots as pairs, so that neither is passed over for the other's sake.
    const MOST_SLOTS: usize = 1 << 16;
    /// More in a slot than chance brings: they would be put in their places one by one.
    const CROWD: u32 = 64;
    let bits = dealt.len().clamp(2, MOST_SLOTS).next_power_of_two().trailing_zeros();
    let slot = |met: &Met| (met.0[0] >> (u32::BITS - bits)) as usize;
    let starts = &mut [0_u32; MOST_SLOTS][..1 << bits];
    met.clone().for_each(|met| starts[slot(met)] += 1);
    let (mut end, mut most) = (0, 0);
    for count in &mut *starts {
        (end, most) = (end + *count, most.max(*count));
        *count = end;
    }
    met.for_each(|met| {
        let place = &mut starts[slot(met)];
        *place -= 1;
        dealt[*place as usize] = *met;
    });
    if most > CROWD {
        dealt.sort_unstable();
    }
}

/// Sorts what is nearly sorted, and keeps each pair once. Gives how many there are, which stand before all others.
fn keep_sorted(met: &mut [Met], by_zero_bits: &mut [usize; 65]) -> usize {
    let (mut kept, mut last) = (0, 0);
    for place in 0..met.len() {
        let next = met[place];
        let mut at = kept;
        if next.order() > last {
            last = next.order();
        } else {
            while at > 0 && next.pair() < met[at - 1].pair() {
                at -= 1;
            }
            if let Some(known) = met[..at].last_mut().filter(|known| known.pair() == next.pair()) {
                known.0[2] |= next.0[2];
                continue;
            }
            met.copy_within(at..kept, at + 1);
        }
        met[at] = next;
        kept += 1;
        by_zero_bits[next.message().leading_zeros() as usize] += 1;
    }
    kept
}

//! Numbers in few bytes where they are small: seven bits a byte, the lowest first; the highest bit says that more follow
//! (LEB128, as DWARF 5 section 7.6 has it).

/// Writes a number.
pub fn put(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

/// Takes a number off the front; nothing where there is none that ends within ten bytes.
#[inline]
pub fn take(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for place in (0..u64::BITS).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f) << place;
        if *byte < 0x80 {
            return Some(number);
        }
    }
    None
}

/// A number near 0 as a small one, whether it is positive or negative.
pub fn fold(number: i64) -> u64 {
    (number << 1 ^ number >> 63).cast_unsigned()
}

/// What was folded.
pub fn unfold(number: u64) -> i64 {
    (number >> 1).cast_signed() ^ -(number & 1).cast_signed()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_was_written_is_taken(numbers in prop::collection::vec(prop_oneof![0..300_u64, any::<u64>(), Just(u64::MAX)], 0..20)) {
            let mut bytes = Vec::new();
            numbers.iter().for_each(|number| put(&mut bytes, *number));
            let mut rest = &*bytes;
            for number in numbers {
                prop_assert_eq!(take(&mut rest), Some(number));
            }
            prop_assert_eq!(take(&mut rest), None);
        }

        #[test]
        fn whatever_stands_there_is_a_number_or_none(bytes in prop::collection::vec(any::<u8>(), 0..20)) {
            let mut rest = &*bytes;
            while take(&mut rest).is_some() {}
        }

        #[test]
        fn what_was_folded_is_unfolded(number in prop_oneof![any::<i64>(), Just(i64::MIN), Just(i64::MAX)]) {
            prop_assert_eq!(unfold(fold(number)), number);
        }
    }

    #[test]
    fn small_numbers_take_few_bytes() {
        for (number, length) in [(0, 1), (63, 1), (-64, 1), (64, 2), (-8192, 2), (8192, 3), (i64::MIN, 10)] {
            let mut bytes = Vec::new();
            put(&mut bytes, fold(number));
            assert_eq!(bytes.len(), length, "{number}");
        }
    }
}

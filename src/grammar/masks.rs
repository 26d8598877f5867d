//! Where commas, newlines and quotes stand in 64 bytes, one bit a byte. Reading is bound by this
//! (a byte-by-byte loop took a third of all time), so it is done with the processor's vector
//! instructions where it has them. The only unsafe code of the program is here.

/// One bit for each of 64 bytes, the lowest for the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Masks {
    /// Commas.
    pub comma: u64,
    /// Newlines.
    pub newline: u64,
    /// Double quotes.
    pub quote: u64,
}

/// A walk over bytes that asks for the masks of many blocks.
pub trait Walk {
    /// What it comes to.
    type Output;
    /// Walks; `masks` is inlined into it, with the instructions it needs.
    fn walk(self, masks: impl Fn(&[u8; 64]) -> Masks) -> Self::Output;
}

/// Runs a walk with the fastest masks that this processor has.
pub fn with_masks<W: Walk>(walk: W) -> W::Output {
    #[cfg(target_arch = "x86_64")]
    if std::is_x86_feature_detected!("avx2") && std::is_x86_feature_detected!("bmi1") {
        #[expect(unsafe_code, reason = "the processor was just asked whether it has these instructions")]
        // SAFETY: both features were detected on the line above.
        return unsafe { avx2::run(walk) };
    }
    walk.walk(portable)
}

/// Eight bytes at a time, in plain arithmetic.
fn portable(block: &[u8; 64]) -> Masks {
    let mask = |byte: u8| {
        let (words, _) = block.as_chunks::<8>();
        words.iter().rev().fold(0, |mask, word| mask << 8 | equal(u64::from_le_bytes(*word), byte))
    };
    Masks { comma: mask(b','), newline: mask(b'\n'), quote: mask(b'"') }
}

/// One bit for each of eight bytes that equals the given one (Warren, Hacker's Delight, section 6-1,
/// the form that is exact for every byte).
fn equal(word: u64, byte: u8) -> u64 {
    const LOW: u64 = 0x7f7f_7f7f_7f7f_7f7f;
    let differing = word ^ u64::from_le_bytes([byte; 8]);
    let zero = !((differing & LOW).wrapping_add(LOW) | differing | LOW);
    // Gathers the top bit of every byte: each product bit above 56 gets exactly one of them.
    (zero >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56
}

#[cfg(target_arch = "x86_64")]
mod avx2 {
    //! The same with AVX2, 32 bytes at a time.

    use super::{Masks, Walk};
    use std::arch::x86_64::{__m256i, _mm256_cmpeq_epi8, _mm256_loadu_si256, _mm256_movemask_epi8, _mm256_set1_epi8};

    #[target_feature(enable = "avx2,bmi1")]
    pub fn run<W: Walk>(walk: W) -> W::Output {
        walk.walk(|block| masks(block))
    }

    #[inline]
    #[target_feature(enable = "avx2,bmi1")]
    fn masks(block: &[u8; 64]) -> Masks {
        let [low, high] = [load(block.first_chunk()), load(block.last_chunk())];
        let mask = |byte: u8| {
            let wanted = _mm256_set1_epi8(byte as i8);
            let bits = |half| _mm256_movemask_epi8(_mm256_cmpeq_epi8(half, wanted)) as u32;
            u64::from(bits(high)) << 32 | u64::from(bits(low))
        };
        Masks { comma: mask(b','), newline: mask(b'\n'), quote: mask(b'"') }
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    #[expect(unsafe_code, reason = "there is no safe way to load a vector register")]
    fn load(half: Option<&[u8; 32]>) -> __m256i {
        let half = half.expect("a block of 64 bytes has two halves");
        // SAFETY: 32 bytes are read through a reference to 32 bytes; the instruction asks no alignment.
        unsafe { _mm256_loadu_si256(half.as_ptr().cast()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    struct One<'b>(&'b [u8; 64]);

    impl Walk for One<'_> {
        type Output = Masks;
        fn walk(self, masks: impl Fn(&[u8; 64]) -> Masks) -> Masks {
            masks(self.0)
        }
    }

    fn obvious(block: &[u8; 64]) -> Masks {
        let mask = |wanted: u8| {
            block.iter().enumerate().fold(0, |mask, (place, byte)| mask | u64::from(*byte == wanted) << place)
        };
        Masks { comma: mask(b','), newline: mask(b'\n'), quote: mask(b'"') }
    }

    proptest! {
        #[test]
        fn both_ways_find_every_byte(block in prop::collection::vec(prop_oneof![any::<u8>(), Just(b','), Just(b'\n'), Just(b'"')], 64)) {
            let block: [u8; 64] = block.try_into().expect("64 bytes");
            prop_assert_eq!(portable(&block), obvious(&block));
            prop_assert_eq!(with_masks(One(&block)), obvious(&block));
        }
    }
}

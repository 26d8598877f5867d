//! Where commas, newlines, quotes and NULs stand in 64 bytes, one bit a byte. Reading is bound by this
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
    /// NULs.
    pub nul: u64,
}

/// A walk over bytes that asks for the masks of many blocks.
pub trait Walk {
    /// What it comes to.
    type Output;
    /// Walks; both functions are inlined into it, with the instructions they need; masks that are not used cost nothing. `places` writes the
    /// places of all bits that are set, counted from a base; what it writes behind them means nothing.
    fn walk(self, masks: impl Fn(&[u8; 64]) -> Masks, places: impl Fn(u64, u32, &mut [u32; 64])) -> Self::Output;
}

/// Runs a walk with the fastest masks that this processor has.
pub fn with_masks<W: Walk>(walk: W) -> W::Output {
    #[cfg(target_arch = "x86_64")]
    #[expect(unsafe_code, reason = "the processor was just asked whether it has these instructions")]
    if avx512::is_at_hand() {
        // SAFETY: all features that it asks for were detected on the line above.
        return unsafe { avx512::run(walk) };
    } else if avx2::is_at_hand() {
        // SAFETY: as above.
        return unsafe { avx2::run(walk) };
    }
    walk.walk(portable, places)
}

/// One bit after the other, but always eight of them: how many there are no processor foresees.
#[inline(always)]
fn places(mut bits: u64, base: u32, into: &mut [u32; 64]) {
    for eight in into.as_chunks_mut::<8>().0 {
        for place in eight {
            *place = base.wrapping_add(bits.trailing_zeros());
            bits &= bits.wrapping_sub(1);
        }
        if bits == 0 {
            break;
        }
    }
}

/// Eight bytes at a time, in plain arithmetic.
fn portable(block: &[u8; 64]) -> Masks {
    let mask = |byte: u8| {
        let (words, _) = block.as_chunks::<8>();
        words.iter().rev().fold(0, |mask, word| mask << 8 | equal(u64::from_le_bytes(*word), byte))
    };
    Masks { comma: mask(b','), newline: mask(b'\n'), quote: mask(b'"'), nul: mask(0) }
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

    use super::{Masks, Walk, places};
    use std::arch::is_x86_feature_detected as has;
    use std::arch::x86_64::{__m256i, _mm256_cmpeq_epi8, _mm256_loadu_si256, _mm256_movemask_epi8, _mm256_set1_epi8};

    /// Whether the processor has what [`run`] asks for.
    pub fn is_at_hand() -> bool {
        has!("avx2") && has!("bmi1") && has!("popcnt")
    }

    #[target_feature(enable = "avx2,bmi1,popcnt")]
    pub fn run<W: Walk>(walk: W) -> W::Output {
        walk.walk(|block| masks(block), places)
    }

    #[inline]
    #[target_feature(enable = "avx2,bmi1,popcnt")]
    fn masks(block: &[u8; 64]) -> Masks {
        let [low, high] = [load(block.first_chunk()), load(block.last_chunk())];
        let mask = |byte: u8| {
            let wanted = _mm256_set1_epi8(byte as i8);
            let bits = |half| _mm256_movemask_epi8(_mm256_cmpeq_epi8(half, wanted)) as u32;
            u64::from(bits(high)) << 32 | u64::from(bits(low))
        };
        Masks { comma: mask(b','), newline: mask(b'\n'), quote: mask(b'"'), nul: mask(0) }
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

#[cfg(target_arch = "x86_64")]
mod avx512 {
    //! The same with AVX-512, 64 bytes at a time: a comparison gives its mask at once, and the places of
    //! the bits are gathered by one instruction.

    use super::{Masks, Walk};
    use std::arch::is_x86_feature_detected as has;
    use std::arch::x86_64::{__m512i, _mm512_add_epi32, _mm512_castsi512_si128, _mm512_cmpeq_epi8_mask};
    use std::arch::x86_64::{_mm512_cvtepu8_epi32, _mm512_loadu_si512, _mm512_maskz_compress_epi8};
    use std::arch::x86_64::{_mm512_set1_epi8, _mm512_set1_epi32, _mm512_storeu_si512};

    /// Whether the processor has what [`run`] asks for.
    pub fn is_at_hand() -> bool {
        has!("avx512f") && has!("avx512bw") && has!("avx512vbmi2") && has!("bmi1") && has!("popcnt")
    }

    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi2,bmi1,popcnt")]
    pub fn run<W: Walk>(walk: W) -> W::Output {
        walk.walk(|block| masks(block), |bits, base, into| places(bits, base, into))
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi2,bmi1,popcnt")]
    fn masks(block: &[u8; 64]) -> Masks {
        let bytes = load(block);
        let mask = |byte: u8| _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8(byte as i8));
        Masks { comma: mask(b','), newline: mask(b'\n'), quote: mask(b'"'), nul: mask(0) }
    }

    /// Sixteen places at once; hardly any block has more.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi2,bmi1,popcnt")]
    fn places(bits: u64, base: u32, into: &mut [u32; 64]) {
        const EACH: [u8; 64] = {
            let mut each = [0; 64];
            let mut place = 0;
            while place < 64 {
                each[place] = place as u8;
                place += 1;
            }
            each
        };
        if bits.count_ones() > 16 {
            return super::places(bits, base, into);
        }
        let gathered = _mm512_castsi512_si128(_mm512_maskz_compress_epi8(bits, load(&EACH)));
        let places = _mm512_add_epi32(_mm512_cvtepu8_epi32(gathered), _mm512_set1_epi32(base as i32));
        let into = into.first_chunk_mut::<16>().expect("sixteen are fewer than sixty-four");
        #[expect(unsafe_code, reason = "there is no safe way to store a vector register")]
        // SAFETY: 64 bytes are written through a reference to 64 bytes; the instruction asks no alignment.
        unsafe {
            _mm512_storeu_si512(into.as_mut_ptr().cast(), places);
        }
    }

    #[inline]
    #[target_feature(enable = "avx512f")]
    #[expect(unsafe_code, reason = "there is no safe way to load a vector register")]
    fn load(block: &[u8; 64]) -> __m512i {
        // SAFETY: 64 bytes are read through a reference to 64 bytes; the instruction asks no alignment.
        unsafe { _mm512_loadu_si512(block.as_ptr().cast()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The masks of a block, and the places of its commas.
    struct One<'b>(&'b [u8; 64]);

    impl Walk for One<'_> {
        type Output = (Masks, Vec<u32>);
        fn walk(self, masks: impl Fn(&[u8; 64]) -> Masks, places: impl Fn(u64, u32, &mut [u32; 64])) -> Self::Output {
            let (masks, mut commas) = (masks(self.0), [0; 64]);
            places(masks.comma, 7, &mut commas);
            (masks, commas[..masks.comma.count_ones() as usize].to_vec())
        }
    }

    /// What every way must give, by every way that this processor has.
    fn by_all_ways(block: &[u8; 64]) -> Vec<(Masks, Vec<u32>)> {
        let mut ways = vec![One(block).walk(portable, places)];
        #[cfg(target_arch = "x86_64")]
        #[expect(unsafe_code, reason = "the processor is asked first whether it has these instructions")]
        {
            // SAFETY: the features are detected before.
            ways.extend(avx2::is_at_hand().then(|| unsafe { avx2::run(One(block)) }));
            // SAFETY: as above.
            ways.extend(avx512::is_at_hand().then(|| unsafe { avx512::run(One(block)) }));
        }
        ways
    }

    fn obvious(block: &[u8; 64]) -> Masks {
        let mask = |wanted: u8| {
            block.iter().enumerate().fold(0, |mask, (place, byte)| mask | u64::from(*byte == wanted) << place)
        };
        Masks { comma: mask(b','), newline: mask(b'\n'), quote: mask(b'"'), nul: mask(0) }
    }

    proptest! {
        #[test]
        fn all_ways_find_every_byte(block in prop::collection::vec(prop_oneof![any::<u8>(), Just(0), Just(b','), Just(b'\n'), Just(b'"')], 64)) {
            let block: [u8; 64] = block.try_into().expect("64 bytes");
            let masks = obvious(&block);
            let commas: Vec<u32> = (0..64).filter(|place| masks.comma >> place & 1 == 1).map(|place| place + 7).collect();
            for way in by_all_ways(&block) {
                prop_assert_eq!(way, (masks, commas.clone()));
            }
        }
    }
}

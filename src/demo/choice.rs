//! Weighted choices in whole numbers, so that the same seed chooses the same on every machine.

use fastrand::Rng;

/// Things to choose from, some more often than others.
pub struct Weighted {
    /// For each place the sum of the weights up to and with it.
    sums: Vec<u32>,
}

impl Weighted {
    /// A choice among as many places as there are weights; at least one weight is above 0.
    pub fn new(weights: impl IntoIterator<Item = u32>) -> Weighted {
        let sums = weights.into_iter().scan(0, |sum, weight| {
            *sum += weight;
            Some(*sum)
        });
        Weighted { sums: sums.collect() }
    }

    /// A place, drawn with the chance its weight gives it.
    pub fn draw(&self, rng: &mut Rng) -> usize {
        let total = *self.sums.last().expect("a choice has at least one weight");
        let drawn = rng.u32(0..total);
        self.sums.partition_point(|sum| *sum <= drawn)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_follow_the_weights_and_never_a_weight_of_zero() {
        let (choice, mut rng) = (Weighted::new([30, 0, 70]), Rng::with_seed(7));
        let mut drawn = [0; 3];
        for _ in 0..10_000 {
            drawn[choice.draw(&mut rng)] += 1;
        }
        assert_eq!(drawn[1], 0);
        assert!((2_800..3_200).contains(&drawn[0]), "{drawn:?}");
    }
}

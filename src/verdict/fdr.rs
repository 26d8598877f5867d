//! Many questions a night: how sure each answer is when all are asked at once.

/// The q value of each p value: the smallest false discovery rate at which it would still be believed, by the step-up
/// procedure of Benjamini and Hochberg (Journal of the Royal Statistical Society B 57, 1995, 289-300). Both are 0 to 1, and
/// stand in the same order. The procedure holds where the tests do not hang together negatively (Benjamini and Yekutieli,
/// Annals of Statistics 29, 2001, 1165-1188).
pub(crate) fn q_values(p_values: &[f64]) -> Vec<f64> {
    let mut largest_first: Vec<usize> = (0..p_values.len()).collect();
    largest_first.sort_by(|&a, &b| p_values[b].total_cmp(&p_values[a]));
    let (mut q_values, mut lowest) = (vec![1.0; p_values.len()], 1.0_f64);
    for (larger, &place) in largest_first.iter().enumerate() {
        let rank = p_values.len() - larger;
        lowest = lowest.min(p_values[place] * p_values.len() as f64 / rank as f64);
        q_values[place] = lowest;
    }
    q_values
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_paper() {
        // Section 3.2: fifteen p values of which four are rejected at 5 %.
        let p = [
            0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528,
            0.7590, 1.0,
        ];
        let q = q_values(&p);
        assert_eq!(q.iter().filter(|q| **q <= 0.05).count(), 4);
        assert!((q[3] - 0.0095 * 15.0 / 4.0).abs() < 1e-12);
        assert!(q.windows(2).all(|pair| pair[0] <= pair[1]));
    }

    #[test]
    fn the_order_does_not_matter() {
        assert_eq!(q_values(&[0.5, 0.01, 0.02]), [0.5, 0.03, 0.03]);
        assert!(q_values(&[]).is_empty());
    }
}

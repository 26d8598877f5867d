//! A few nights of the study of `benches/study`, on fixed seeds: what a change of the verdicts must not lose.

#[path = "../../benches/study/nights/mod.rs"]
#[expect(dead_code, reason = "what only the study itself prints")]
mod nights;

use nights::score::Score;
use nights::volume::{SMALL, Volume};
use nights::{Healthy, planted};

/// The other pools of these nights are small as well, so that a debug build does not take minutes.
const QUICK: Volume = Volume { elsewhere: (30.0, 100.0), ips: (1, 8), ..SMALL };

#[test]
fn nights_without_a_fault_raise_no_alarm() {
    let mut calm = Healthy::default();
    calm.study(11, 30, &QUICK);
    assert_eq!(calm.outliers, 0);
    // All pools of these nights are small, where rates above a limit are frequent and little is certain.
    assert!(calm.alarms <= 1 && calm.doubts <= 6, "alarms {}, doubts {}", calm.alarms, calm.doubts);
}

#[test]
fn planted_faults_are_called_by_their_names_and_nobody_innocent_is() {
    let large = Volume { smallest: (400.0, 800.0), ..QUICK };
    let of_large = Score::sum(planted(11, 2, &large).values());
    assert!(of_large.seen.nights >= 24 && of_large.seen.share_right() >= 0.9, "{}", of_large.line("large"));
    let of_small = Score::sum(planted(12, 2, &QUICK).values());
    assert!(of_small.seen.share_honest() >= 0.9, "{}", of_small.line("small"));
    assert_eq!((of_large.blamed, of_small.blamed), (0, 0));
}

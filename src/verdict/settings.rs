//! What counts as standing out, and how sure one must be. Every number an operator may set is here.

/// The thresholds of the verdict.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
    /// An IP with fewer attempts decides nothing.
    pub min_attempts: u64,
    /// An outlier's rate is at least so many times that of the rest.
    pub times_the_rest: f64,
    /// An outlier's rate is at least so much above that of the rest, as a fraction.
    pub above_the_rest: f64,
    /// The same in a run of hours: the shorter a fault, the worse it must be to matter.
    pub above_the_rest_in_a_run: f64,
    /// Of all that is named in a night, the share that may be named by chance.
    pub false_discovery: f64,
    /// The same for what is suspected only: it makes a `cannot-tell` of what would be `none`.
    pub suspicion: f64,
    /// A fault lasts at least so many hours; anything shorter is a burst.
    pub shortest_fault: usize,
}

impl Settings {
    /// The same for a run of hours.
    pub(crate) fn in_a_run(&self) -> Settings {
        Settings { above_the_rest: self.above_the_rest_in_a_run, ..*self }
    }
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            min_attempts: 50,
            times_the_rest: 2.0,
            above_the_rest: 0.05,
            above_the_rest_in_a_run: 0.15,
            false_discovery: 0.01,
            suspicion: 0.1,
            shortest_fault: 3,
        }
    }
}

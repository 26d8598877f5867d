//! Why a verdict is what it is, in a sentence with the numbers. Names are the caller's, so none are said here.

use super::count::Count;
use super::strata::Dimension;
use super::verdict::{IpVerdict, PoolVerdict, Reason};

impl PoolVerdict {
    /// One plain sentence with the numbers it was decided by, about 160 characters at most.
    pub fn why(&self) -> String {
        let rate = percent(self.count.rate());
        match self.reason {
            Reason::Chance => {
                format!("{rate} of {} attempts, no more than chance explains: {}.", self.count.attempts, self.p())
            }
            Reason::IpsStandOut => self.why_ips(),
            Reason::IpsAlike => {
                let rates = self.compared().map(|ip| ip.count.rate());
                let (low, high) = rates.fold((1.0_f64, 0.0_f64), |(low, high), rate| (low.min(rate), high.max(rate)));
                let count = self.compared().count();
                // Some may have sent more than others in the bad hours.
                let within = if high > 2.0 * low + 0.05 { " within the same hours" } else { "" };
                let (p, low, high) = (self.p(), percent(low), percent(high));
                format!(
                    "{rate} deferred, {p}; all {count} IPs alike{within}, {low} to {high}, and nothing else tells them apart."
                )
            }
            Reason::Explained(dimension) => self.why_explained(dimension),
            Reason::Confounded(dimension) => format!(
                "{rate} deferred; a difference between {} explains it as well, and too little was shared to tell.",
                plural(dimension)
            ),
            Reason::Unnamed => format!("{rate} deferred; what stands out are records that name no source IP."),
            Reason::NobodyToCompare => {
                format!("{rate} deferred, {}; no two IPs have enough attempts to be compared.", self.p())
            }
            Reason::SmallIps => {
                format!("{rate} deferred, {}; most of it by IPs with too few attempts to compare.", self.p())
            }
            Reason::NotAlike => {
                format!("{rate} deferred; the IPs differ, but which of them are bad cannot be said with certainty.")
            }
            Reason::Unsure => {
                let looked_at = self.compared().count();
                format!(
                    "{rate} deferred; more than chance makes likely, but not certain among {looked_at} IPs here and all others looked at."
                )
            }
        }
    }

    fn why_ips(&self) -> String {
        let named = || self.ips.iter().filter(|ip| ip.is_outlier);
        let count: Count = named().map(|ip| ip.count).sum();
        let rest = self.count - count;
        let p = named().filter_map(|ip| ip.test).map(|test| test.p).fold(0.0, f64::max);
        let effect = named().filter_map(|ip| ip.test).map(|test| test.effect).fold(1.0, f64::max);
        format!(
            "{} of {} IPs at {} against {} of the rest{}; {}, overdispersion {effect:.1}.",
            named().count(),
            self.ips.len(),
            percent(count.rate()),
            percent(rest.rate()),
            self.within(),
            chance(p)
        )
    }

    /// What they were compared within, and what they could not be compared within.
    fn within(&self) -> String {
        let all = [Dimension::Hour, Dimension::Job, Dimension::Sender, Dimension::Host, Dimension::Domain];
        let (told, untold): (Vec<_>, Vec<_>) = all.into_iter().partition(|one| self.compared.contains(one));
        let names =
            |some: &[Dimension]| some.iter().map(|one| format!("{}s", one.word())).collect::<Vec<_>>().join(", ");
        match (told.is_empty(), untold.is_empty()) {
            (_, true) => ", also in the same hours, jobs, hosts and domains".to_owned(),
            (true, _) => ", not compared by hours, jobs, hosts, domains".to_owned(),
            _ => format!(", also in the same {}, not compared by {}", names(&told), names(&untold)),
        }
    }

    fn why_explained(&self, dimension: Dimension) -> String {
        match (dimension, &self.explained_by) {
            (Dimension::Messages, _) => {
                format!(
                    "{} deferred, but by a few messages, each retried again and again; by messages it is sound.",
                    percent(self.count.rate())
                )
            }
            (Dimension::Hour, _) => {
                format!("{} deferred; within the same hours the IPs are alike.", percent(self.count.rate()))
            }
            (_, Some(best)) => format!(
                "{} of the {} at {}; without them the pool is at {}.",
                best.keys.len(),
                plural(dimension),
                percent(best.count.rate()),
                percent(best.rest.rate())
            ),
            (_, None) => format!(
                "{} deferred; a difference between {} explains it.",
                percent(self.count.rate()),
                plural(dimension)
            ),
        }
    }

    /// The IPs that had enough attempts.
    fn compared(&self) -> impl Iterator<Item = &IpVerdict> {
        self.ips.iter().filter(|ip| ip.interval.is_some())
    }

    fn p(&self) -> String {
        chance(self.test.p)
    }
}

fn plural(dimension: Dimension) -> &'static str {
    match dimension {
        Dimension::Ip => "IPs",
        Dimension::Job => "jobs",
        Dimension::Sender => "sender domains",
        Dimension::Host => "destination hosts",
        Dimension::Domain => "recipient domains",
        Dimension::Vmta => "VirtualMTAs",
        Dimension::Hour => "hours",
        Dimension::Messages => "messages",
    }
}

fn percent(rate: f64) -> String {
    format!("{:.1} %", rate * 100.0)
}

/// A chance in comparison; how small it is below one in ten thousand says nothing more.
fn chance(p: f64) -> String {
    match p {
        p if p < 1e-4 => "p < 0.0001".to_owned(),
        p if p < 0.01 => format!("p = {p:.4}"),
        p => format!("p = {p:.2}"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Count, Ip, Mail, Pool, PoolVerdict, Reason, Sent, Settings, judge};
    use super::*;

    fn ip(number: u32, deferred: u64) -> Ip {
        let sent = |hour| Sent { hour, mail: Mail::default(), count: Count::new(deferred, 100) };
        Ip { ip: Some(number), limit: 0.05, sent: (0..24).map(sent).collect(), ..Ip::default() }
    }

    fn verdict(ips: Vec<Ip>) -> PoolVerdict {
        judge(&[Pool { isp: 1, pool: 1, limit: 0.05, ips }], &Settings::default()).remove(0)
    }

    #[test]
    fn the_numbers_are_those_it_was_decided_by() {
        let one = verdict(vec![ip(1, 2), ip(2, 40), ip(3, 2)]);
        assert_eq!(one.reason, Reason::IpsStandOut);
        let why = one.why();
        assert!(
            why.starts_with("1 of 3 IPs at 40.0 % against 2.0 % of the rest") && why.contains("p < 0.0001"),
            "{why}"
        );
        let unknown = PoolVerdict { compared: vec![Dimension::Hour], ..one };
        assert!(unknown.why().contains("in the same hours, not compared by jobs, senders, hosts"), "{}", unknown.why());
        let alike = verdict(vec![ip(1, 20), ip(2, 22), ip(3, 19)]);
        assert!(
            alike.why().starts_with("20.3 % deferred, p < 0.0001; all 3 IPs alike, 19.0 % to 22.0 %"),
            "{}",
            alike.why()
        );
        let fine = verdict(vec![ip(1, 2), ip(2, 3)]);
        assert!(fine.why().starts_with("2.5 % of 4800 attempts"), "{}", fine.why());
        assert!(verdict(vec![ip(1, 40)]).why().contains("no two IPs"));
    }

    #[test]
    fn every_reason_has_words_of_its_own_that_are_not_too_long() {
        let dimensions = [
            Dimension::Ip,
            Dimension::Job,
            Dimension::Sender,
            Dimension::Host,
            Dimension::Domain,
            Dimension::Vmta,
            Dimension::Hour,
            Dimension::Messages,
        ];
        let mut reasons = vec![
            Reason::Chance,
            Reason::IpsStandOut,
            Reason::IpsAlike,
            Reason::Unnamed,
            Reason::NobodyToCompare,
            Reason::SmallIps,
            Reason::NotAlike,
            Reason::Unsure,
        ];
        reasons.extend(dimensions.map(Reason::Explained));
        reasons.extend(dimensions.map(Reason::Confounded));
        let base = verdict(vec![ip(1, 2), ip(2, 40), ip(3, 2)]);
        let of = |reason| PoolVerdict { reason, ..base.clone() };
        let mut sentences: Vec<String> = reasons.iter().map(|&reason| of(reason).why()).collect();
        for sentence in &sentences {
            assert!(sentence.chars().count() <= 165 && sentence.ends_with('.'), "{sentence}");
        }
        sentences.sort();
        sentences.dedup();
        assert_eq!(sentences.len(), reasons.len());
    }
}

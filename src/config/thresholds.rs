//! The thresholds from the flags and the file, and the proof that each pair of them makes sense.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU64;

use super::file::{File, FileLimits, OutlierTable};
use super::name::TierName;
use super::rate::{Rate, percent};
use crate::cli::ThresholdArgs;
use crate::error::{Error, Result};
use crate::evaluate::{MIN_ATTEMPTS, PartialLimits, Thresholds, Tier};
use crate::verdict::Settings;

pub(super) fn thresholds(args: &ThresholdArgs, file: &File) -> Result<Thresholds> {
    let by_tier = |tiers: &BTreeMap<TierName, FileLimits>| -> BTreeMap<Tier, PartialLimits> {
        tiers.iter().map(|(tier, limits)| (tier.0, partial(limits.investigate, limits.act))).collect()
    };
    let isp_tier = file.isp.iter().flat_map(|(isp, table)| {
        by_tier(&table.tier).into_iter().map(|(tier, limits)| ((isp.0.clone(), tier), limits))
    });
    let thresholds = Thresholds {
        flag: partial(flag("--investigate", &args.investigate)?, flag("--act", &args.act)?),
        isp_tier: isp_tier.collect(),
        isp: file.isp.iter().map(|(isp, table)| (isp.0.clone(), partial(table.investigate, table.act))).collect(),
        tier: by_tier(&file.tier),
        global: partial(file.investigate, file.act),
        min_attempts: args.min_attempts.or(file.min_attempts).map_or(MIN_ATTEMPTS, NonZeroU64::get),
        outlier: outlier(&file.outlier)?,
        ip_tiers: file.tiers.ips.iter().map(|(ip, tier)| (ip.0.clone(), tier.0)).collect(),
        pool_tiers: file.tiers.pools.iter().map(|(pool, tier)| (pool.clone(), tier.0)).collect(),
    };
    check_pairs(&thresholds)?;
    Ok(thresholds)
}

fn outlier(table: &OutlierTable) -> Result<Settings> {
    let built_in = Settings::default();
    let times_the_rest = table.times.unwrap_or(built_in.times_the_rest);
    if !(1.0..=1000.0).contains(&times_the_rest) {
        return Err(Error::Usage(format!("[outlier] times = {times_the_rest}: must be from 1 to 1000")));
    }
    let above_the_rest = table.points.as_ref().map_or(built_in.above_the_rest, |points| points.0);
    // What is asked of a few hours is never less than what is asked of all of them.
    let above_the_rest_in_a_run = above_the_rest.max(built_in.above_the_rest_in_a_run);
    Ok(Settings { times_the_rest, above_the_rest, above_the_rest_in_a_run, ..built_in })
}

fn partial(investigate: Option<Rate>, act: Option<Rate>) -> PartialLimits {
    PartialLimits { investigate: investigate.map(|rate| rate.0), act: act.map(|rate| rate.0) }
}

fn flag(option: &str, typed: &Option<String>) -> Result<Option<Rate>> {
    let parse = |text: &String| {
        Rate::parse(text).map_err(|what| Error::Usage(format!("{option} '{text}' is not a rate: {what}")))
    };
    typed.as_ref().map(parse).transpose()
}

/// For every provider and tier that can occur, `investigate` must be below `act`.
fn check_pairs(thresholds: &Thresholds) -> Result<()> {
    let labels = thresholds.ip_tiers.values().chain(thresholds.pool_tiers.values()).chain(thresholds.tier.keys());
    let mut tiers: BTreeSet<Tier> = labels.chain(thresholds.isp_tier.keys().map(|(_, tier)| tier)).copied().collect();
    tiers.insert(Tier::High);
    let isps: BTreeSet<&str> =
        thresholds.isp.keys().chain(thresholds.isp_tier.keys().map(|(isp, _)| isp)).map(String::as_str).collect();

    for isp in std::iter::once(None).chain(isps.into_iter().map(Some)) {
        for tier in &tiers {
            let limits = thresholds.limits(isp.unwrap_or_default(), *tier);
            if limits.investigate >= limits.act {
                let isp = isp.map(|isp| format!(" of isp {isp}")).unwrap_or_default();
                return Err(Error::Usage(format!(
                    "investigate ({}) must be below act ({}) for tier {}{isp}: set both, with --investigate and --act \
                     or in the configuration file",
                    percent(limits.investigate),
                    percent(limits.act),
                    format!("{tier:?}").to_lowercase(),
                )));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::file::tests::file;
    use super::*;

    fn meant(investigate: Option<&str>, act: Option<&str>, text: &str) -> Result<Thresholds> {
        let owned = |rate: Option<&str>| rate.map(str::to_owned);
        let args = ThresholdArgs { investigate: owned(investigate), act: owned(act), min_attempts: None };
        thresholds(&args, &file(text))
    }

    const WARMING: &str = "[tiers]\nips = { '192.0.2.9' = 'warming' }\n";

    #[test]
    fn how_much_an_ip_must_stand_out_is_the_operators_to_say() {
        let meant = |text: &str| meant(None, None, text).map(|thresholds| thresholds.outlier);
        let set = meant("[outlier]\ntimes = 3\npoints = \"20%\"").expect("both make sense");
        assert_eq!((set.times_the_rest, set.above_the_rest, set.above_the_rest_in_a_run), (3.0, 0.2, 0.2));
        assert_eq!(meant("").expect("all may be left out"), Settings::default());
        for wrong in ["times = 0.5", "times = nan", "times = inf"] {
            assert!(meant(&format!("[outlier]\n{wrong}")).is_err(), "{wrong}");
        }
    }

    #[test]
    fn each_setting_lands_in_its_own_place() {
        let text = "investigate = '6%'\nact = 0.2\nmin-attempts = 9\n[tier.low]\nact = '9%'\n[isp.gmail]\ninvestigate = '2%'\n\
            [isp.gmail.tier.warming]\nact = '8%'\n[tiers]\nips = { '192.0.2.9' = 'warming' }\npools = { 'p' = 'low' }";
        let thresholds = meant(Some("1%"), None, text).expect("every pair makes sense");
        let limits = |investigate, act| PartialLimits { investigate, act };
        assert_eq!(thresholds.flag, limits(Some(0.01), None));
        assert_eq!(thresholds.global, limits(Some(0.06), Some(0.2)));
        assert_eq!(thresholds.tier, BTreeMap::from([(Tier::Low, limits(None, Some(0.09)))]));
        assert_eq!(thresholds.isp, BTreeMap::from([("gmail".into(), limits(Some(0.02), None))]));
        assert_eq!(thresholds.isp_tier, BTreeMap::from([(("gmail".into(), Tier::Warming), limits(None, Some(0.08)))]));
        assert_eq!(thresholds.min_attempts, 9);
        assert_eq!(thresholds.ip_tiers, BTreeMap::from([("192.0.2.9".into(), Tier::Warming)]));
        assert_eq!(thresholds.pool_tiers, BTreeMap::from([("p".into(), Tier::Low)]));
    }

    #[test]
    fn pairs_that_can_occur_must_make_sense() {
        for (investigate, act, text, wrong) in [
            (None, None, "", None),
            (Some("12%"), None, "", None),
            (Some("15%"), None, "", Some("tier high")),
            (None, Some("5%"), "", Some("investigate (5%) must be below act (5%)")),
            (Some("12%"), None, WARMING, Some("tier warming")),
            (Some("12%"), Some("13%"), WARMING, None),
            (None, None, "investigate = '20%'", Some("tier high")),
            (None, None, "investigate = '12%'", None),
            (None, None, "[tier.medium]\nact = '3%'", Some("tier medium")),
            (None, None, "[isp.gmail]\nact = '2%'", Some("of isp gmail")),
            (None, None, "[isp.gmail]\nact = '2%'\ninvestigate = '1%'", None),
            (None, None, "[isp.gmail.tier.low]\ninvestigate = '11%'", Some("tier low of isp gmail")),
            (Some("1%"), None, "[isp.gmail]\nact = '2%'", None),
        ] {
            let meant = meant(investigate, act, text).map_err(|error| error.to_string());
            match (&meant, wrong) {
                (Ok(_), None) => {}
                (Err(error), Some(wrong)) => assert!(error.contains(wrong), "{error}"),
                _ => panic!("{investigate:?} {act:?} {text:?}: {meant:?}"),
            }
        }
    }
}

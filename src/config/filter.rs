//! The filters, each value in the one spelling that the tables use.

use super::name;
use crate::cli::FilterArgs;
use crate::error::{Error, Result};
use crate::record::NONE;
use crate::tally::Filter;

pub(super) fn filter(args: &FilterArgs) -> Result<Filter> {
    Ok(Filter {
        isps: args.isp.iter().map(|isp| isp.to_lowercase()).collect(),
        domains: args.domain.iter().map(|domain| name::domain(domain)).collect(),
        ips: args.ip.iter().map(|ip| filter_ip(ip)).collect::<Result<_>>()?,
        pools: args.pool.clone(),
        vmtas: args.vmta.clone(),
        jobs: args.job.clone(),
    })
}

fn filter_ip(text: &str) -> Result<String> {
    name::ip(text).ok_or_else(|| {
        Error::Usage(format!("--ip '{text}' is not an IP address: write 192.0.2.1, 2001:db8::1 or '{NONE}'"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args() -> FilterArgs {
        FilterArgs { isp: vec![], domain: vec![], ip: vec![], pool: vec![], vmta: vec![], job: vec![] }
    }

    #[test]
    fn an_ip_is_an_address_or_none_at_all() {
        let meant = |ip: &str| filter(&FilterArgs { ip: vec![ip.into()], ..args() }).map(|filter| filter.ips.concat());
        assert_eq!(meant("2001:DB8::0:1").ok().as_deref(), Some("2001:db8::1"));
        assert_eq!(meant(NONE).ok().as_deref(), Some(NONE));
        assert!(meant("192.0.2.0/24").is_err_and(|error| error.to_string().contains("--ip '192.0.2.0/24'")));
    }

    #[test]
    fn names_of_hosts_and_providers_ignore_case_and_the_operators_own_names_do_not() {
        let typed = FilterArgs {
            isp: vec!["GMail".into()],
            domain: vec!["Example.COM.".into()],
            pool: vec!["Pool-A".into()],
            vmta: vec!["Vmta1".into()],
            job: vec!["Camp-3".into()],
            ..args()
        };
        let meant = filter(&typed).expect("there is no address to be wrong");
        assert_eq!((meant.isps, meant.domains), (vec!["gmail".into()], vec!["example.com".into()]));
        assert_eq!((meant.pools, meant.vmtas, meant.jobs), (typed.pool, typed.vmta, typed.job));
    }
}

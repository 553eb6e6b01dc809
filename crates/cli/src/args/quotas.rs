//! What can be typed about quotas.

use clap::Subcommand;
use ids::RegionId;

use super::Writing;

#[derive(Debug, Subcommand)]
pub enum QuotaCommand {
    /// Say how many vCPUs clusters of an organization may need, region by region
    #[command(
        after_help = "All slices are set at once: a region that is not named gets none. What moves from one region to another is given up by the\n\
                      one before the other has it: where clusters need more than is left, no more are made, and the rest waits for some to\n\
                      go. `atoll quota list` shows how far it is.\n\n\
                      Examples:\n  atoll quota set acme us-east-1=512 us-west-2=256 eu-west-1=256\n  \
                      atoll quota set acme us-east-1=384 us-west-2=384 eu-west-1=256 --dry-run"
    )]
    Set {
        /// Short id or full resource name of the organization
        organization: String,
        /// A region and its vCPUs
        #[arg(required = true, value_name = "REGION=VCPUS", value_parser = slice)]
        slices: Vec<(String, u64)>,
        /// Only if this is still the version of the quota
        #[arg(long, default_value = "", hide_default_value = true)]
        etag: String,
        #[command(flatten)]
        writing: Writing,
    },
    /// List the quotas of all organizations: what regions are to have, hold and use
    #[command(
        visible_alias = "ls",
        after_help = "HELD is what a region lets in at most. It is less than VCPUS where others have to give something up first, and more where the\n\
                      region is to; - where it has not said yet that it has a limit. USED is as known here.\n\n\
                      Examples:\n  atoll quota list\n  atoll quota list -o json"
    )]
    List,
}

fn slice(text: &str) -> Result<(String, u64), String> {
    let read = text.split_once('=').and_then(|(region, vcpus)| {
        let region: RegionId = region.parse().ok()?;
        Some((region.to_string(), vcpus.parse().ok().filter(|_| vcpus.bytes().all(|digit| digit.is_ascii_digit()))?))
    });
    read.ok_or_else(|| format!("read the slice {text:?}: wanted REGION=VCPUS, such as us-east-1=512"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_are_regions_with_a_number() {
        assert_eq!(slice("us-east-1=512"), Ok(("us-east-1".to_owned(), 512)));
        for text in ["us-east-1", "us-east-1=", "us-east-1=+1", "us-east-1=-1", "=5", "No=5", "a=99999999999999999999"]
        {
            assert!(slice(text).is_err(), "{text} was taken");
        }
    }
}

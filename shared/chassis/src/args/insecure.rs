//! `--insecure`.

use crate::Reach;

/// Whether a server may be reached from elsewhere.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct InsecureArgs {
    /// Allow addresses that others can reach, without encryption or passwords
    #[arg(long, env = "MILLWRIGHT_INSECURE")]
    pub insecure: bool,
}

impl InsecureArgs {
    /// Who may be able to connect.
    pub fn reach(&self) -> Reach {
        if self.insecure { Reach::Network } else { Reach::Loopback }
    }
}

//! What keeps an installation from working, and what to do about it.

mod clock;
mod finding;
mod folder;
mod machine;
mod served;
mod services;
mod versions;

use std::path::Path;

pub(crate) use finding::Findings;

use crate::connection::Addresses;

/// Looks at this machine, the folder and the services.
pub(crate) async fn examine(data_dir: &Path, addresses: &Addresses) -> Findings {
    let mut findings = vec![machine::program(), machine::files(), clock::examine(data_dir)];
    findings.extend(folder::examine(data_dir));
    findings.extend(services::examine(addresses).await);
    findings.extend(versions::examine(addresses).await);
    findings.extend(served::examine(addresses).await);
    Findings::new(findings)
}

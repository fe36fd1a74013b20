//! The file system that a service keeps its data on.

use std::path::Path;

use opentelemetry::KeyValue;
use rustix::fs::{StatVfs, statvfs};

use super::meter;

/// Shows how large the file system of `folder` is, and how much of it `service` may still fill,
/// whenever metrics are read.
pub fn observe_disk(service: &'static str, folder: &Path) {
    observe(
        service,
        folder,
        ("millwright.disk.size", "Size of the file system of the data"),
        |fs| fs.f_blocks,
    );
    let free = ("millwright.disk.free", "Space of that file system that the service may fill");
    observe(service, folder, free, |fs| fs.f_bavail);
}

fn observe(
    service: &'static str,
    folder: &Path,
    (name, what): (&'static str, &'static str),
    blocks: impl Fn(&StatVfs) -> u64 + Send + Sync + 'static,
) {
    let (folder, label) = (folder.to_owned(), [KeyValue::new("service", service)]);
    let _gauge = meter()
        .u64_observable_gauge(name)
        .with_unit("By")
        .with_description(what)
        .with_callback(move |told| {
            if let Ok(fs) = statvfs(&folder) {
                told.observe(blocks(&fs).saturating_mul(fs.f_frsize), &label);
            }
        })
        .build();
}

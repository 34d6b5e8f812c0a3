//! Loading plugins before a command that is over soon, with progress on a terminal.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use super::super::setup::Setup;
use crate::catalog::Catalog;
use crate::host::Host;
use crate::reload::Loader;

/// Starts a host and loads the plugin directories.
pub(crate) fn load(setup: Setup) -> anyhow::Result<(Host, Catalog)> {
    let (host, loader) = loaded(setup)?;
    Ok((host, loader.catalog()))
}

/// The same, until the tool `name` is known: that may be before any plugin is compiled. The loader goes on with that.
pub(crate) fn load_until(setup: Setup, name: &str) -> anyhow::Result<(Host, Loader)> {
    loaded_until(setup, |loader| loader.catalog().tool(name).is_some())
}

/// The same, with all that is known of what was loaded.
pub(crate) fn loaded(setup: Setup) -> anyhow::Result<(Host, Loader)> {
    loaded_until(setup, |_| false)
}

/// The same, for no longer than `limit`; true if that was enough.
pub(crate) fn loaded_within(setup: Setup, limit: Duration) -> anyhow::Result<(Host, Loader, bool)> {
    let host = Host::start(setup.compiler, setup.protected, setup.policy, setup.home.as_ref())?;
    let mut loader = host.load(&setup.plugins, setup.locking);
    let all = async { while loader.step().await {} };
    let in_time = async { tokio::time::timeout(limit, all).await };
    let is_complete = host.guests().block_on(in_time).is_ok();
    Ok((host, loader, is_complete))
}

fn loaded_until(
    setup: Setup,
    is_enough: impl Fn(&Loader) -> bool,
) -> anyhow::Result<(Host, Loader)> {
    let host = Host::start(setup.compiler, setup.protected, setup.policy, setup.home.as_ref())?;
    let mut loader = host.load(&setup.plugins, setup.locking);
    // Hidden where stderr is no terminal.
    let bar = ProgressBar::new(0)
        .with_style(ProgressStyle::with_template("{spinner} compiling plugins {pos}/{len}")?);
    bar.enable_steady_tick(Duration::from_millis(100));
    host.guests().block_on(async {
        loop {
            let (done, total) = loader.progress();
            bar.set_length(total as u64);
            bar.set_position(done as u64);
            if !loader.step().await || is_enough(&loader) {
                break;
            }
        }
    });
    bar.finish_and_clear();
    Ok((host, loader))
}

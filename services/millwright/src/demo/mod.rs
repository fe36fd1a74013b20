//! The demo: from data to predictions, as a story on standard output.

mod calls;
mod invitation;
mod lesson;
mod notes;
mod vocabulary;

use std::{
    io::{self, IsTerminal},
    path::Path,
};

use anstyle::Style;

use crate::{error::CliError, host::Host, output::say};

/// What becomes of the services when the story is told.
#[derive(Clone, Copy, Debug)]
pub(crate) enum After {
    Serving,
    Gone,
}

/// Tells the whole story; files go to `folder`.
pub(crate) async fn tell(host: &Host, folder: &Path, after: After) -> Result<(), CliError> {
    let addresses = host.addresses();
    bold("Millwright: three services in this process, on this machine")?;
    say(format_args!("  registry   {:<17}  keeps models: versions, aliases", addresses.registry))?;
    say(format_args!("  trainer    {:<17}  makes them from data", addresses.trainer))?;
    say(format_args!("  predictor  {:<17}  serves them", addresses.predictor))?;
    say(format_args!("  metrics    {}", host.metrics_url()))?;
    say(format_args!("  data       {}", folder.display()))?;

    heading("1. From a maintenance note to the trade that must come")?;
    let notes = lesson::notes();
    lesson::teach(&notes, &addresses, folder).await?;
    heading("2. From press settings to printing defects")?;
    let bands = lesson::bands();
    lesson::teach(&bands, &addresses, folder).await?;

    heading("3. Predictions over gRPC")?;
    let predictor = addresses.predictor()?;
    calls::unary(&predictor, &notes, &bands).await?;
    calls::stream(&predictor, &notes).await?;

    heading("4. Call it yourself")?;
    invitation::print(&addresses, folder, after)?;
    Ok(())
}

fn heading(text: &str) -> io::Result<()> {
    say("")?;
    bold(text)
}

fn bold(text: &str) -> io::Result<()> {
    let bold = if io::stdout().is_terminal() { Style::new().bold() } else { Style::new() };
    say(format_args!("{bold}{text}{bold:#}"))
}

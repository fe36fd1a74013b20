//! A screen of its own on the terminal, drawn again in place.

use std::io::{self, BufWriter, Write};

use crossterm::{
    cursor::{Hide, MoveTo, Show},
    execute, queue,
    style::Print,
    terminal::{self, Clear, ClearType, EnterAlternateScreen, LeaveAlternateScreen},
};

/// What a terminal that does not tell is taken for.
const SIZE: (u16, u16) = (80, 24);

/// The terminal's other screen, without its cursor, until it is dropped; then the terminal is as it
/// was, and the last picture stays on it.
pub(crate) struct Screen {
    last: Vec<String>,
}

impl Screen {
    pub(crate) fn open() -> io::Result<Self> {
        let screen = Self { last: Vec::new() };
        execute!(io::stdout(), EnterAlternateScreen, Hide)?;
        Ok(screen)
    }

    /// Shows `lines`, which are told the width, in place of those before; what is below the screen is
    /// counted.
    pub(crate) fn draw(&mut self, lines: impl FnOnce(usize) -> Vec<String>) -> io::Result<()> {
        let (width, height) = terminal::size().unwrap_or(SIZE);
        // The last column is left free: a terminal that is about to wrap would clear what stands in it.
        self.last = lines(usize::from(width).saturating_sub(1));
        let mut out = BufWriter::new(io::stdout().lock());
        for (row, line) in (0..).zip(fitting(&self.last, height.into())) {
            queue!(out, MoveTo(0, row), Print(line), Clear(ClearType::UntilNewLine))?;
        }
        queue!(out, Clear(ClearType::FromCursorDown))?;
        out.flush()
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        // A terminal that is gone needs nothing.
        let mut out = io::stdout().lock();
        let _ = execute!(out, LeaveAlternateScreen, Show);
        let _ = self.last.iter().try_for_each(|line| writeln!(out, "{line}"));
    }
}

/// As many lines as there is room for, the last one saying what is left out.
fn fitting(lines: &[String], height: usize) -> Vec<String> {
    if lines.len() <= height {
        return lines.to_vec();
    }
    let shown = height.saturating_sub(1);
    let more = format!("… and {} lines more", lines.len() - shown);
    lines[..shown].iter().cloned().chain([more]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_counted() {
        let lines = ["a", "b", "c", "d"].map(str::to_owned);
        assert_eq!(fitting(&lines, 4), lines);
        assert_eq!(fitting(&lines, 3), ["a", "b", "… and 2 lines more"]);
        assert_eq!(fitting(&lines, 0), ["… and 4 lines more"]);
    }
}

//! A curve on a terminal, drawn with Braille dots: two by four of them in a character, whose width
//! is one in every locale.

use millwright_plot::{Panel, Series};

const WIDTH: usize = 60;
const HEIGHT: usize = 6;

/// The dots of one line, row by row.
struct Canvas {
    cells: [[u8; WIDTH]; HEIGHT],
}

/// Every line of `panel` under its name, with its highest and lowest value and its iterations.
pub(crate) fn plot(panel: &Panel) -> String {
    let plots = panel.lines.iter().map(|line| {
        let name = format!("{}: {}", panel.title, line.name);
        format!("{name}\n{}", drawn(line))
    });
    plots.collect::<Vec<_>>().join("\n\n")
}

fn drawn(line: &Series) -> String {
    let values = line.values();
    let low = values.iter().copied().fold(f64::INFINITY, f64::min);
    let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let (from, to) = match (line.points.first(), line.points.last()) {
        (Some((from, _)), Some((to, _))) => (*from, *to),
        _ => (0.0, 0.0),
    };
    let labels = [figure(high), figure(low)];
    let margin = labels.iter().map(String::len).max().unwrap_or_default();
    let canvas = Canvas::draw(&line.points, (from, to), (low, high));
    let rows = canvas.rows().enumerate().map(|(i, dots)| {
        let label = match i {
            0 => labels[0].as_str(),
            i if i == HEIGHT - 1 => labels[1].as_str(),
            _ => "",
        };
        format!("{label:>margin$} │{dots}")
    });
    let below = format!("{:margin$}  {from:<width$}{to}", "", width = WIDTH - to.to_string().len());
    rows.chain([below]).collect::<Vec<_>>().join("\n")
}

/// Four decimals, or one where the whole part says enough.
fn figure(value: f64) -> String {
    if value.abs() < 100.0 { format!("{value:.4}") } else { format!("{value:.1}") }
}

impl Canvas {
    /// A line through `points` between these iterations and values.
    fn draw(points: &[(f64, f64)], (from, to): (f64, f64), (low, high): (f64, f64)) -> Self {
        let mut canvas = Self { cells: [[0; WIDTH]; HEIGHT] };
        // Casts saturate: of a line without extent, NaN becomes 0.
        let across = |x: f64| ((x - from) / (to - from) * (2 * WIDTH - 1) as f64).round() as usize;
        let down = |y: f64| ((high - y) / (high - low) * (4 * HEIGHT - 1) as f64).round() as usize;
        let mut last: Option<(usize, usize)> = None;
        for (x, y) in points.iter().map(|(x, y)| (across(*x), down(*y))) {
            canvas.stroke(last.unwrap_or((x, y)), (x, y));
            last = Some((x, y));
        }
        canvas
    }

    /// Dots from one place to another, the second not left of the first.
    fn stroke(&mut self, (x, y): (usize, usize), (to_x, to_y): (usize, usize)) {
        let steps = (to_x - x).max(to_y.abs_diff(y)).max(1);
        let between = |a: usize, b: usize, i: usize| {
            let share = i as f64 / steps as f64;
            (a as f64 + (b as f64 - a as f64) * share).round() as usize
        };
        for i in 0..=steps {
            self.dot(between(x, to_x, i), between(y, to_y, i));
        }
    }

    fn dot(&mut self, x: usize, y: usize) {
        // Bits of a Braille pattern by row and column (Unicode, block U+2800).
        const BITS: [[u8; 2]; 4] = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]];
        self.cells[y / 4][x / 2] |= BITS[y % 4][x % 2];
    }

    fn rows(&self) -> impl Iterator<Item = String> {
        let dots = |bits: &u8| char::from_u32(0x2800 + u32::from(*bits)).unwrap_or(' ');
        self.cells.iter().map(move |row| row.iter().map(dots).collect())
    }
}

#[cfg(test)]
mod tests {
    use millwright_domain::CurvePoint;

    use super::*;
    use crate::curve::panels;

    #[test]
    fn a_curve_goes_from_corner_to_corner() {
        let points = (1..=200).map(|iteration| CurvePoint {
            iteration,
            loss: 2.0 - f64::from(iteration) / 200.0,
            validation: None,
        });
        let points: Vec<_> = points.collect();
        let panels = panels(&points);
        assert_eq!(panels.len(), 1, "there are no scores");
        let plot = plot(&panels[0]);
        let lines: Vec<_> = plot.lines().collect();
        assert_eq!(lines.len(), 1 + HEIGHT + 1);
        assert!(lines[0].contains("training"), "{plot}");
        assert!(lines[1].starts_with("1.9950 │⠉"), "{plot}");
        assert!(lines[HEIGHT].starts_with("1.0000 │") && !lines[HEIGHT].ends_with('⠀'), "{plot}");
        assert!(lines[HEIGHT + 1].trim_start().starts_with('1'), "{plot}");
        assert!(lines[HEIGHT + 1].ends_with("200"), "{plot}");
    }

    #[test]
    fn one_point_is_a_plot_too() {
        let point = CurvePoint { iteration: 1, loss: 0.5, validation: None };
        assert!(plot(&panels(&[point])[0]).contains("0.5000"));
    }
}

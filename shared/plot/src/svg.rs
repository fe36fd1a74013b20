//! A curve as a picture: Scalable Vector Graphics 1.1.
//!
//! Greys and colours are legible on white and on black (contrast of 3 or more on both), and the
//! ground is left clear, so that the picture fits light and dark pages. Lines differ by their dashes
//! too. Texts are literals of ours and numbers, the title aside, which is escaped.

use std::fmt::Write;

use crate::{Across, Panel, ticks::Axis};

const WIDTH: f64 = 720.0;
const LEFT: f64 = 64.0;
const RIGHT: f64 = 24.0;
/// Above a panel: its title and legend.
const ABOVE: f64 = 40.0;
const HEIGHT: f64 = 220.0;
/// Below a panel: labels of iterations.
const BELOW: f64 = 44.0;
const TITLE: f64 = 40.0;

const INK: &str = "#767676";
/// Colour and dashes of the lines of a panel, in their order.
const STYLES: [(&str, &str); 3] = [("#2f7ed8", "none"), ("#d0650e", "7 4"), ("#8a63d2", "2 4")];

/// The picture of `panels`, one under the other.
pub fn svg(title: &str, panels: &[Panel]) -> String {
    let height = TITLE + panels.len() as f64 * (ABOVE + HEIGHT + BELOW);
    let title = &escaped(title);
    let mut drawing = Drawing::default();
    drawing.text((LEFT, 26.0), Anchor::Start, ("16", title));
    for (i, panel) in panels.iter().enumerate() {
        let top = TITLE + i as f64 * (ABOVE + HEIGHT + BELOW);
        Frame::around(panel, top + ABOVE).draw(&mut drawing, panel);
    }
    let body = drawing.body;
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height}\" \
         viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" font-size=\"12\" \
         font-family=\"system-ui, 'Segoe UI', Helvetica, Arial, sans-serif\">\n\
         <title>{title}</title>\n{body}</svg>\n"
    )
}

/// A text in XML.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Where a panel stands, and what its edges mean.
struct Frame {
    top: f64,
    unit: Across,
    across: Axis,
    up: Axis,
}

impl Frame {
    fn around(panel: &Panel, top: f64) -> Self {
        let points = || panel.lines.iter().flat_map(|line| line.points.iter().copied());
        let unit = panel.across;
        let across = Axis::of(unit.scale(), points().map(|(x, _)| x), (8, unit.step()));
        Self { top, unit, across, up: Axis::of(panel.up, points().map(|(_, y)| y), (5, 0.0)) }
    }

    fn draw(&self, drawing: &mut Drawing, panel: &Panel) {
        drawing.text((LEFT, self.top - 16.0), Anchor::Start, ("13", panel.title));
        self.draw_axes(drawing);
        for (i, (line, style)) in panel.lines.iter().zip(STYLES).enumerate() {
            drawing.path(line.points.iter().map(|point| self.at(*point)), style);
            let left = WIDTH - RIGHT - 110.0 * (panel.lines.len() - i) as f64;
            let middle = self.top - 20.0;
            drawing.path([(left, middle), (left + 28.0, middle)].into_iter(), style);
            drawing.text((left + 34.0, middle + 4.0), Anchor::Start, ("12", line.name));
        }
    }

    fn draw_axes(&self, drawing: &mut Drawing) {
        let (right, bottom) = (WIDTH - RIGHT, self.top + HEIGHT);
        for (i, tick) in self.up.ticks().enumerate() {
            let y = bottom - self.up.share(tick) * HEIGHT;
            let line = if i == 0 { Line::Axis } else { Line::Grid };
            drawing.line(line, (LEFT, y), (right, y));
            drawing.text((LEFT - 8.0, y + 4.0), Anchor::End, ("12", &self.up.label(tick)));
        }
        for tick in self.across.ticks() {
            let x = LEFT + self.across.share(tick) * (right - LEFT);
            drawing.line(Line::Axis, (x, bottom), (x, bottom + 4.0));
            let label = self.unit.label(tick).unwrap_or_else(|| self.across.label(tick));
            drawing.text((x, bottom + 18.0), Anchor::Middle, ("12", &label));
        }
        drawing.text((right, bottom + 34.0), Anchor::End, ("12", self.unit.name()));
    }

    fn at(&self, (x, y): (f64, f64)) -> (f64, f64) {
        let across = self.across.share(x) * (WIDTH - LEFT - RIGHT);
        (LEFT + across, self.top + HEIGHT - self.up.share(y) * HEIGHT)
    }
}

/// The elements of a picture, as text. Writing to it cannot fail.
#[derive(Default)]
struct Drawing {
    body: String,
}

/// Which end of a text stands at its place.
enum Anchor {
    Start,
    Middle,
    End,
}

enum Line {
    Axis,
    Grid,
}

impl Drawing {
    fn text(&mut self, (x, y): (f64, f64), anchor: Anchor, (size, text): (&str, &str)) {
        let anchor = match anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        let _ = writeln!(
            self.body,
            "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\" font-size=\"{size}\" \
             fill=\"{INK}\">{text}</text>"
        );
    }

    fn line(&mut self, line: Line, (x1, y1): (f64, f64), (x2, y2): (f64, f64)) {
        let opacity = match line {
            Line::Axis => "1",
            Line::Grid => "0.3",
        };
        let _ = writeln!(
            self.body,
            "<line x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\" \
             stroke=\"{INK}\" stroke-opacity=\"{opacity}\"/>"
        );
    }

    fn path(&mut self, points: impl Iterator<Item = (f64, f64)>, (colour, dashes): (&str, &str)) {
        let mut points: Vec<_> = points.map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        if let [only] = &points[..] {
            // A line from a place to itself is a dot; a place alone is nothing.
            points.push(only.clone());
        }
        let _ = writeln!(
            self.body,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\" \
             stroke-dasharray=\"{dashes}\" stroke-linejoin=\"round\" stroke-linecap=\"round\"/>",
            points.join(" ")
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Scale, Series};

    /// Two panels of two lines of `n` points.
    fn panels(across: Across, up: Scale, n: u32) -> [Panel; 2] {
        [("loss", ["training", "validation"]), ("score", ["accuracy", "macro F1"])].map(
            |(title, names)| {
                let line = |name| {
                    let point = |i| (f64::from(i), 1.6 * (-f64::from(i) / 12.0).exp() + 0.2);
                    Series::new(name, (1..=n).map(point))
                };
                Panel { title, across, up, lines: names.map(line).into() }
            },
        )
    }

    #[test]
    fn every_point_is_inside_the_picture() {
        for (across, up) in
            [(Across::Iteration, Scale::Linear), (Across::Models, Scale::Logarithmic)]
        {
            for n in [1, 2, 51, 256] {
                let picture = svg("press.defect@3", &panels(across, up, n));
                let lines = picture.lines();
                let lines = lines.filter_map(|line| line.strip_prefix("<polyline points=\""));
                let points = lines.filter_map(|line| line.split('"').next());
                let points: Vec<_> = points.flat_map(|points| points.split(' ')).collect();
                assert_eq!(points.len(), 4 * (n.max(2) as usize + 2), "two of each legend");
                for point in points {
                    let (x, y) = point.split_once(',').expect("two numbers");
                    let (x, y): (f64, f64) = (x.parse().expect("x"), y.parse().expect("y"));
                    let is_inside = (0.0..=WIDTH).contains(&x) && (0.0..=648.0).contains(&y);
                    assert!(is_inside, "{across:?}: {point}");
                }
            }
        }
    }

    #[test]
    fn elements_are_closed_and_lines_are_named() {
        let picture = svg("press.defect@3", &panels(Across::Iteration, Scale::Linear, 51));
        for name in ["press.defect@3", "training", "validation", "accuracy", "macro F1"] {
            assert!(picture.contains(&format!(">{name}<")), "{name}");
        }
        let opened = picture.matches("<text").count();
        assert_eq!(opened, picture.matches("</text>").count());
        assert!(!picture.contains("NaN") && !picture.contains("inf"), "{picture}");
    }
}

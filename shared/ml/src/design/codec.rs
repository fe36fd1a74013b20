//! Chunks as bytes of the scratch file: never read by another run.

use super::{Chunk, Features, Width};
use crate::steps::Compressed;

/// Number of rows, labels, numbers, then each row's number of terms and those.
pub(super) fn encoded(chunk: &Chunk) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(chunk.bytes());
    bytes.extend((chunk.n_rows() as u32).to_le_bytes());
    chunk.labels.iter().for_each(|label| bytes.extend(label.to_le_bytes()));
    let numbers = chunk.features.numbers().into_iter().flatten();
    numbers.for_each(|number| bytes.extend(number.to_le_bytes()));
    let Some(terms) = chunk.features.terms() else { return bytes };
    for row in 0..terms.rows.len() {
        bytes.extend((terms.rows.lane(row).count() as u32).to_le_bytes());
        for (feature, value) in terms.rows.lane(row) {
            bytes.extend((feature as u32).to_le_bytes());
            bytes.extend((value as f32).to_le_bytes());
        }
    }
    bytes
}

/// `None` where `bytes` are not what was written.
pub(super) fn decoded(bytes: &[u8], width: Width) -> Option<Chunk> {
    let mut bytes = bytes;
    let n_rows = u32::from_le_bytes(next(&mut bytes)?) as usize;
    let labels = (0..n_rows).map(|_| next(&mut bytes).map(u32::from_le_bytes));
    let labels = labels.collect::<Option<Vec<_>>>()?;
    let (numbers, rest) = bytes.split_at_checked(8 * n_rows * width.numbers)?;
    let numbers = numbers.as_chunks().0.iter().map(|b| f64::from_le_bytes(*b)).collect();
    bytes = rest;
    let mut terms = Compressed::default();
    if width.terms > 0 {
        for _ in 0..n_rows {
            let n = u32::from_le_bytes(next(&mut bytes)?) as usize;
            let (row, rest) = bytes.split_at_checked(8 * n)?;
            terms.push(row.as_chunks::<8>().0.iter().map(term));
            bytes = rest;
        }
    }
    Some(Chunk { features: Features::new(width, n_rows, terms, numbers), labels })
}

fn term(bytes: &[u8; 8]) -> (u32, f32) {
    let [a, b, c, d, rest @ ..] = *bytes;
    (u32::from_le_bytes([a, b, c, d]), f32::from_le_bytes(rest))
}

fn next<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (first, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(*first)
}

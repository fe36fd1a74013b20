//! Many rows and many features: a block Krylov space, restarted when it is full.
//!
//! Each step maps the latest block in one pass over the rows and adds what is new to the space. The
//! scatter matrix within the space has Ritz pairs, the first of which turn into eigenpairs. A full
//! space is cut down to its first Ritz vectors. Such a space holds an eigenvalue as often as a block
//! has vectors, at most, and rows that differ by a number of their own alone have one as often as
//! there are such rows: so what was found is sought again beside a fresh block, until that finds
//! nothing new.
//!
//! Sources: Golub and Underwood, *The block Lanczos method* (1977); Wu and Simon, *Thick-restart
//! Lanczos method for large symmetric eigenvalue problems* (2000).

use super::{
    Kept, MOST_BYTES, Wanted,
    eigen::{Eigen, eigen},
    scatter::{Scatter, dot},
    space::Space,
    spectrum::{Spectrum, Values, Vectors},
};
use crate::{
    TrainError,
    draws::{Draws, Purpose},
    logistic::Ask,
};

/// Vectors that are mapped in one pass.
pub(super) const BLOCK: usize = 32;
/// A Ritz pair is an eigenpair when its residual is at most this share of the largest eigenvalue;
/// the error of its eigenvalue is about the square of that.
const TOLERANCE: f64 = 1e-7;
/// Least room beside the components that are sought.
const LEAST_ROOM: usize = 6 * BLOCK;

/// As much of the spectrum as is kept.
pub(super) fn find(
    scatter: &Scatter<'_>,
    wanted: Wanted,
    seed: u64,
    ask: Ask<'_>,
) -> Result<(Spectrum, Kept), TrainError> {
    let d = scatter.shift.len();
    let room = wanted.most() + (wanted.most() / 2).max(LEAST_ROOM);
    // Twice, since a restart makes the vectors that stay anew.
    if 2 * size_of::<f64>() * d.saturating_mul(room) > MOST_BYTES {
        return Err(TrainError::ReductionTooLarge { n_features: d, limit: MOST_BYTES });
    }
    let mut draws = Draws::new(seed, Purpose::Reduction);
    let mut space = Space::new(d);
    space.add_random(&mut draws);
    let (mut next_look, mut before) = (2 * BLOCK, None::<Kept>);
    loop {
        let step = space.step(scatter, ask)?;
        let is_full = space.len() + BLOCK > room;
        if space.len() < next_look && !is_full && !step.is_last() {
            space.extend(step);
            continue;
        }
        let found = eigen(space.matrix());
        let values = values(&found, &space, scatter);
        let kept = values.kept(wanted, scatter);
        if step.residual(&found, kept.n_components) > TOLERANCE * found.values[0] {
            if is_full {
                space.restart(&found, (kept.n_components + room) / 2 - BLOCK);
            }
            next_look = space.len() * 3 / 2;
            space.extend(step);
        } else if before.is_some_and(|before| kept.is_like(&before)) || space.is_all(scatter) {
            let vectors = Vectors::OfFeatures(space.combined(&found, kept.n_components));
            return Ok((Spectrum { values, vectors }, kept));
        } else {
            before = Some(kept);
            space.restart(&found, kept.n_components);
            space.add_random(&mut draws);
            next_look = kept.n_components + LEAST_ROOM;
        }
    }
}

fn values(found: &Eigen, space: &Space, scatter: &Scatter<'_>) -> Values {
    let centre = space.coordinates(&scatter.centre());
    let off_centre = found.vectors.rows().into_iter().map(|v| dot(&v.to_vec(), &centre)).collect();
    Values { eigen: found.values.clone(), off_centre }
}

//! The three ways find the same components.

use millwright_domain::{Keep, ReductionMethod, ReductionSpec};

use super::*;
use crate::draws::{Draws, Purpose};

/// Rows of a few of many terms beside two numbers: the later a term, the rarer it is.
fn design(n_rows: usize, n_terms: usize) -> ChunkStore {
    let mut draws = Draws::new(7, Purpose::Weights);
    let scratch = Scratch::new(&std::env::temp_dir(), 1 << 28);
    let mut rows = Rows::new(Width { terms: n_terms, numbers: 2 }, &scratch);
    for _ in 0..n_rows {
        let term = |draws: &mut Draws| (n_terms as f64 * draws.unit().powi(3)) as u32;
        let mut terms = (0..12).map(|_| term(&mut draws)).collect::<Vec<_>>();
        terms.sort_unstable();
        terms.dedup();
        let terms = terms.into_iter().map(|j| (j, 1.0 + draws.unit() as f32)).collect::<Vec<_>>();
        let numbers = [3.0 + draws.normal(), draws.normal()];
        rows.push(&terms, &numbers, 0).expect("memory");
    }
    rows.finish().expect("memory")
}

type Way = fn(&Scatter<'_>, Wanted) -> Result<(Spectrum, Kept), TrainError>;

fn by_covariance(scatter: &Scatter<'_>, wanted: Wanted) -> Result<(Spectrum, Kept), TrainError> {
    let spectrum = covariance::spectrum(scatter, &mut || Ok(()))?;
    let kept = spectrum.values.kept(wanted, scatter);
    Ok((spectrum, kept))
}

fn by_gram(scatter: &Scatter<'_>, wanted: Wanted) -> Result<(Spectrum, Kept), TrainError> {
    let spectrum = gram::spectrum(scatter, &mut || Ok(()))?;
    let kept = spectrum.values.kept(wanted, scatter);
    Ok((spectrum, kept))
}

fn by_krylov(scatter: &Scatter<'_>, wanted: Wanted) -> Result<(Spectrum, Kept), TrainError> {
    krylov::find(scatter, wanted, 42, &mut || Ok(()))
}

/// Number of components, their eigenvalues and loadings.
fn found(
    design: &ChunkStore,
    shift: &[f64],
    wanted: Wanted,
    way: Way,
) -> (usize, Vec<f64>, Vec<f64>) {
    let moments = Moments::of(design, &mut || Ok(())).expect("memory");
    let scatter = Scatter { design, moments: &moments, shift };
    let (spectrum, kept) = way(&scatter, wanted).expect("components");
    let loadings = spectrum.loadings(&scatter, kept.n_components, &mut || Ok(()));
    let values = spectrum.values.eigen[..kept.n_components].to_vec();
    (kept.n_components, values, loadings.expect("memory"))
}

/// How far the planes that two sets of loadings span are apart, at most: 1 − the smallest cosine.
fn apart(a: &[f64], b: &[f64], k: usize) -> f64 {
    let rows = a.chunks_exact(k).zip(b.chunks_exact(k));
    let mut products = ndarray::Array2::zeros((k, k));
    rows.for_each(|(a, b)| products.indexed_iter_mut().for_each(|((i, j), p)| *p += a[i] * b[j]));
    let squares = products.t().dot(&products);
    1.0 - eigen::eigen(squares.view()).values.last().expect("a component").sqrt()
}

fn agree(design: &ChunkStore, shift: &[f64], wanted: Wanted) {
    let (n, values, loadings) = found(design, shift, wanted, by_covariance);
    for (way, name) in [(by_gram as Way, "gram"), (by_krylov, "krylov")] {
        let (others, other_values, other_loadings) = found(design, shift, wanted, way);
        assert_eq!(others, n, "{name}, {wanted:?}");
        let off = values.iter().zip(&other_values).map(|(a, b)| (a - b).abs() / values[0]);
        let off = off.fold(0.0, f64::max);
        assert!(off < 1e-11, "{name}, {wanted:?}: eigenvalues differ by {off:e}");
        let off = apart(&loadings, &other_loadings, n);
        assert!(off < 1e-6, "{name}, {wanted:?}: components are {off:e} apart");
    }
}

#[test]
fn all_ways_find_the_same_principal_components() {
    let design = design(500, 300);
    let means = Moments::of(&design, &mut || Ok(())).expect("memory").means;
    for wanted in [Wanted::Components(1), Wanted::Components(20), Wanted::Share(0.5)] {
        agree(&design, &means, wanted);
    }
}

#[test]
fn all_ways_find_the_same_singular_vectors() {
    let design = design(300, 500);
    for wanted in [Wanted::Components(20), Wanted::Share(0.4)] {
        agree(&design, &vec![0.0; 502], wanted);
    }
}

#[test]
fn no_way_depends_on_the_number_of_threads() {
    let design = design(300, 200);
    let means = Moments::of(&design, &mut || Ok(())).expect("memory").means;
    for way in [by_covariance as Way, by_gram, by_krylov] {
        let found = [1, 2, 3].map(|threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
            let pool = pool.expect("a pool");
            let found = pool.install(|| found(&design, &means, Wanted::Components(30), way));
            found.2.into_iter().map(f64::to_bits).collect::<Vec<_>>()
        });
        assert!(found.iter().all(|bits| *bits == found[0]));
    }
}

#[test]
fn a_full_space_is_restarted_and_an_exhausted_one_ends_the_search() {
    let design = design(500, 400);
    let means = Moments::of(&design, &mut || Ok(())).expect("memory").means;
    agree(&design, &means, Wanted::Components(40));
    // Of 50 rows there are 49 components.
    let small = self::design(50, 400);
    let means = Moments::of(&small, &mut || Ok(())).expect("memory").means;
    let (n, ..) = found(&small, &means, Wanted::Share(0.999_999_999), by_krylov);
    assert_eq!(n, 49);
}

/// Rows of a term that all have and one of their own.
fn numbered(n_rows: u32) -> ChunkStore {
    let scratch = Scratch::new(&std::env::temp_dir(), 1 << 28);
    let mut rows = Rows::new(Width { terms: n_rows as usize + 1, numbers: 0 }, &scratch);
    for i in 0..n_rows {
        rows.push(&[(0, 1.0), (i + 1, 1.0)], &[], 0).expect("memory");
    }
    rows.finish().expect("memory")
}

#[test]
fn an_eigenvalue_is_found_as_often_as_there_are_rows_that_have_it() {
    let design = numbered(300);
    let means = Moments::of(&design, &mut || Ok(())).expect("memory").means;
    for (wanted, n) in [(Wanted::Components(100), 100), (Wanted::Share(0.2501), 75)] {
        let (found, values, _) = found(&design, &means, wanted, by_krylov);
        assert_eq!(found, n, "of 299 that are as large as each other");
        assert!(values.iter().all(|value| (value - 1.0).abs() < 1e-9));
    }
}

#[test]
fn what_needs_too_many_components_is_refused() {
    // Rows that have nothing in common.
    let scratch = Scratch::new(&std::env::temp_dir(), 1 << 28);
    let mut rows = Rows::new(Width { terms: 1100, numbers: 0 }, &scratch);
    (0..1100).for_each(|j| rows.push(&[(j, 1.0)], &[], 0).expect("memory"));
    let design = rows.finish().expect("memory");
    let fit = |keep| {
        let spec = ReductionSpec { method: ReductionMethod::TruncatedSvd, keep };
        let problem = Problem { spec, seed: 1, means: &[] };
        Reduction::fit(&design, &problem, &mut || Ok(())).map(|reduction| reduction.summary())
    };
    let error = fit(Keep::Variance(0.99)).expect_err("more than 1,024");
    assert!(matches!(error, TrainError::ShareTooLarge { limit: 1024, .. }), "{error}");
    assert!(error.to_string().contains("0.99 of the variance"), "{error}");
}

#[test]
fn more_components_than_rows_or_features_are_refused() {
    for (n_rows, n_terms) in [(5, 40), (40, 5)] {
        let spec = ReductionSpec { method: ReductionMethod::Pca, keep: Keep::Components(8) };
        let problem = Problem { spec, seed: 1, means: &[] };
        let error = Reduction::fit(&design(n_rows, n_terms), &problem, &mut || Ok(()));
        let Err(TrainError::TooManyComponents { n_components: 8, n_rows: found, .. }) = error
        else {
            panic!("8 components of {n_rows} rows of {n_terms} terms")
        };
        assert_eq!(found, n_rows);
    }
}

#[test]
fn a_caller_who_has_enough_ends_the_search() {
    let design = design(50, 20);
    let spec = ReductionSpec { method: ReductionMethod::Pca, keep: Keep::Components(2) };
    let problem = Problem { spec, seed: 1, means: &[] };
    let error = Reduction::fit(&design, &problem, &mut || Err(TrainError::Cancelled)).err();
    assert!(matches!(error, Some(TrainError::Cancelled)));
}

//! The dense kernel beside those of ndarray, gemm and faer, in GFLOP/s (shown as Gelem/s), and what
//! the CPU can do at most. Shapes are rows × inputs × outputs; two threads share the rows, but for
//! gemm, which shares out as it likes.

#![allow(unsafe_code, reason = "gemm takes pointers, and the peak is measured with intrinsics")]

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use faer::{Accum, MatMut, MatRef, Par, linalg::matmul::matmul};
use millwright_ml::Head;
use ndarray::{ArrayView2, ArrayViewMut2, linalg::general_mat_mul};
use rayon::{ThreadPool, ThreadPoolBuilder, prelude::*};

const SHAPES: [Shape; 9] = [
    Shape { m: 1, k: 64, n: 10 },
    Shape { m: 64, k: 64, n: 10 },
    Shape { m: 1, k: 784, n: 10 },
    Shape { m: 64, k: 784, n: 128 },
    Shape { m: 64, k: 784, n: 2048 },
    Shape { m: 64, k: 2048, n: 2048 },
    Shape { m: 256, k: 1024, n: 1024 },
    Shape { m: 1024, k: 1024, n: 1024 },
    Shape { m: 64, k: 4096, n: 4096 },
];
/// As the model has it: what costs less is not shared out.
const WORTH_SPLITTING: u64 = 3_000_000;

#[derive(Clone, Copy)]
struct Shape {
    m: usize,
    k: usize,
    n: usize,
}

impl Shape {
    fn flops(self) -> u64 {
        2 * (self.m * self.k * self.n) as u64
    }
}

/// One product, and room for it.
struct Case {
    shape: Shape,
    layer: Layer,
    features: Vec<f32>,
    out: Vec<f32>,
}

/// The weights, row-major and as the head has them.
struct Layer {
    weights: Vec<f32>,
    head: Head,
}

impl Case {
    fn new(shape: Shape) -> Self {
        let Shape { m, k, n } = shape;
        let number = |i: usize| (i * 7919 % 1009) as f32 / 1009.0 - 0.5;
        let weights = (0..k * n).map(number).collect::<Vec<_>>();
        let head = Head::new(weights.clone(), vec![0.0; n]).expect("sizes that fit");
        let features = (0..m * k).map(number).collect();
        Self { shape, layer: Layer { weights, head }, features, out: vec![0.0; m * n] }
    }

    /// Rows that one of `threads` takes.
    fn rows(&self, threads: usize) -> usize {
        let threads = if self.shape.flops() < WORTH_SPLITTING { 1 } else { threads };
        self.shape.m.div_ceil(threads)
    }

    /// Shares the rows out among `threads`, to each as many for one call.
    fn share_out(&mut self, threads: usize, compute: impl Fn(&Layer, &[f32], &mut [f32]) + Sync) {
        let (rows, Shape { k, n, .. }) = (self.rows(threads), self.shape);
        let (layer, features) = (&self.layer, &self.features[..]);
        if rows == self.shape.m {
            return compute(layer, features, &mut self.out);
        }
        let blocks = self.out.par_chunks_mut(rows * n).zip(features.par_chunks(rows * k));
        blocks.for_each(|(out, features)| compute(layer, features, out));
    }

    fn ours(&mut self, threads: usize) {
        self.share_out(threads, |layer, features, out| {
            layer.head.dense_logits_into(features, out);
        });
    }

    fn ndarray(&mut self, threads: usize) {
        let Shape { k, n, .. } = self.shape;
        self.share_out(threads, |layer, features, out| {
            let x = ArrayView2::from_shape((features.len() / k, k), features).expect("the shape");
            let w = ArrayView2::from_shape((k, n), &layer.weights).expect("the shape");
            let mut y = ArrayViewMut2::from_shape((x.nrows(), n), out).expect("the shape");
            general_mat_mul(1.0, &x, &w, 0.0, &mut y);
        });
    }

    fn faer(&mut self, threads: usize) {
        let Shape { k, n, .. } = self.shape;
        self.share_out(threads, |layer, features, out| {
            let m = features.len() / k;
            let (x, w) = (features, &layer.weights);
            let (x, w) =
                (MatRef::from_row_major_slice(x, m, k), MatRef::from_row_major_slice(w, k, n));
            let y = MatMut::from_row_major_slice_mut(out, m, n);
            matmul(y, Accum::Replace, x, w, 1.0, Par::Seq);
        });
    }

    fn gemm(&mut self, threads: usize) {
        let Shape { m, k, n } = self.shape;
        let parallelism = match threads {
            1 => gemm::Parallelism::None,
            _ => gemm::Parallelism::Rayon(threads),
        };
        let (out, x, w) =
            (self.out.as_mut_ptr(), self.features.as_ptr(), self.layer.weights.as_ptr());
        let (across_k, across_n) = (k as isize, n as isize);
        // SAFETY: the three are as large as their shapes and strides say.
        unsafe {
            gemm::gemm(
                m,
                n,
                k,
                out,
                1,
                across_n,
                false,
                x,
                1,
                across_k,
                w,
                1,
                across_n,
                0.0,
                1.0,
                false,
                false,
                false,
                parallelism,
            );
        }
    }
}

/// A kernel's name, and how it computes a case with some threads.
type Kernel = (&'static str, fn(&mut Case, usize));
const KERNELS: [Kernel; 4] =
    [("ours", Case::ours), ("ndarray", Case::ndarray), ("gemm", Case::gemm), ("faer", Case::faer)];

fn kernels(criterion: &mut Criterion) {
    for threads in [1, 2] {
        let pool = ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
        for shape in SHAPES {
            side_by_side(criterion, shape, &pool);
        }
    }
}

fn side_by_side(criterion: &mut Criterion, shape: Shape, pool: &ThreadPool) {
    let threads = pool.current_num_threads();
    let mut group = criterion.benchmark_group(format!("kernel, threads: {threads}"));
    group.warm_up_time(Duration::from_millis(200)).measurement_time(Duration::from_millis(800));
    group.sample_size(20).throughput(Throughput::Elements(shape.flops()));
    let mut case = Case::new(shape);
    for (name, compute) in KERNELS {
        let id = BenchmarkId::new(format!("{}x{}x{}", shape.m, shape.k, shape.n), name);
        group.bench_function(id, |bencher| {
            // Entered once for all, as a server's thread of the pool is.
            bencher.iter_custom(|n| {
                pool.install(|| timed(n, || compute(black_box(&mut case), threads)))
            });
        });
    }
    group.finish();
}

fn timed(n: u64, mut compute: impl FnMut()) -> Duration {
    let begin = Instant::now();
    (0..n).for_each(|_| compute());
    begin.elapsed()
}

/// Multiply-adds of a call, and the registers that they go round.
const ROUNDS: usize = 10_000;
const REGISTERS: usize = 12;

fn peak(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("peak");
    group.warm_up_time(Duration::from_millis(200)).measurement_time(Duration::from_secs(1));
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx512f") {
        group.throughput(Throughput::Elements((2 * 16 * ROUNDS * REGISTERS) as u64));
        // SAFETY: the CPU has them.
        group.bench_function("avx512", |bencher| bencher.iter(|| unsafe { x86::avx512() }));
    }
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
        group.throughput(Throughput::Elements((2 * 8 * ROUNDS * REGISTERS) as u64));
        // SAFETY: the CPU has them.
        group.bench_function("avx2", |bencher| bencher.iter(|| unsafe { x86::avx2() }));
    }
    group.finish();
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::*;

    use super::{REGISTERS, ROUNDS, black_box};

    #[target_feature(enable = "avx512f")]
    pub(super) fn avx512() {
        let (x, y) = black_box((_mm512_set1_ps(0.5), _mm512_set1_ps(0.25)));
        let mut sums = [y; REGISTERS];
        for _ in 0..ROUNDS {
            sums.iter_mut().for_each(|sum| *sum = _mm512_fmadd_ps(*sum, x, y));
        }
        black_box(sums);
    }

    #[target_feature(enable = "avx2,fma")]
    pub(super) fn avx2() {
        let (x, y) = black_box((_mm256_set1_ps(0.5), _mm256_set1_ps(0.25)));
        let mut sums = [y; REGISTERS];
        for _ in 0..ROUNDS {
            sums.iter_mut().for_each(|sum| *sum = _mm256_fmadd_ps(*sum, x, y));
        }
        black_box(sums);
    }
}

criterion_group!(benches, peak, kernels);
criterion_main!(benches);

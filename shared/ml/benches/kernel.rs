//! The dense kernel beside those of ndarray, gemm and faer, in GFLOP/s (shown as Gelem/s), and what
//! the CPU can do at most. Shapes are rows × inputs × outputs; two threads share the rows, but for
//! gemm, which shares out as it likes. OpenBLAS is measured too, with its own threads, where
//! `OPENBLAS` says which library that is: `/usr/lib/x86_64-linux-gnu/libopenblas.so.0`.

#![allow(unsafe_code, reason = "other kernels take pointers, and the peak needs intrinsics")]

use std::{
    ffi::{c_char, c_int},
    hint::black_box,
    sync::LazyLock,
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

/// Fortran's `sgemm`: column-major, all by reference.
type Sgemm = unsafe extern "C" fn(
    *const c_char,
    *const c_char,
    *const c_int,
    *const c_int,
    *const c_int,
    *const f32,
    *const f32,
    *const c_int,
    *const f32,
    *const c_int,
    *const f32,
    *mut f32,
    *const c_int,
);

/// OpenBLAS, if somebody says where it is.
static OPENBLAS: LazyLock<Option<OpenBlas>> = LazyLock::new(|| {
    let path = std::env::var_os("OPENBLAS")?;
    // SAFETY: whoever names the library answers for what it does when it is loaded; both symbols have
    // had these types in all of its versions.
    unsafe {
        let library = Box::leak(Box::new(libloading::Library::new(path).expect("a library")));
        let sgemm = *library.get(b"sgemm_").expect("sgemm_");
        let set_threads = *library.get(b"openblas_set_num_threads").expect("OpenBLAS");
        Some(OpenBlas { sgemm, set_threads })
    }
});

struct OpenBlas {
    sgemm: Sgemm,
    set_threads: unsafe extern "C" fn(c_int),
}

impl Case {
    fn openblas(&mut self, threads: usize) {
        let Some(OpenBlas { sgemm, set_threads }) = &*OPENBLAS else { return };
        let Shape { m, k, n } = self.shape;
        let [m, k, n] = [m, k, n].map(|size| size as c_int);
        let (x, w, out) = (&self.features, &self.layer.weights, &mut self.out);
        let (no, one, zero) = (b'N' as c_char, 1.0, 0.0);
        // What is row-major here is the transpose there: outᵀ = wᵀ · xᵀ.
        // SAFETY: the three are as large as their shapes say.
        unsafe {
            set_threads(threads as c_int);
            let (x, w, out) = (x.as_ptr(), w.as_ptr(), out.as_mut_ptr());
            sgemm(&no, &no, &n, &m, &k, &one, w, &n, x, &k, &zero, out, &n);
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
    let openblas: Option<Kernel> = OPENBLAS.is_some().then_some(("openblas", Case::openblas));
    for (name, compute) in KERNELS.into_iter().chain(openblas) {
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

//! What a batch adds to its kernel: the rows of 64 callers are gathered, and the answer scattered.

use std::{hint::black_box, time::Duration};

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use millwright_tensor::{Column, Rows};

const CALLERS: usize = 64;
/// Of 92 characters.
const NOTE: &str =
    "Press 9 hydraulic cylinder drifts, oil on floor; replaced seal kit and tested under load 40t";

fn batch(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("64 callers");
    group.warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(1));
    let numbers = |width| Rows::new(1, [Column::fp32(width, &vec![0.5; width])]).expect("a row");
    let text = Rows::new(1, [Column::var([NOTE]).expect("a text")]).expect("a row");
    for (what, row) in [("64 FP32", numbers(64)), ("784 FP32", numbers(784)), ("a text", text)] {
        let jobs = vec![row; CALLERS];
        group.bench_function(BenchmarkId::new("gather", what), |bencher| {
            bencher.iter(|| Rows::concat(&black_box(&jobs).iter().collect::<Vec<_>>()));
        });
    }
    let labels = Column::var((0..CALLERS).map(|row| format!("class {}", row % 10)));
    let probabilities = Column::fp32(10, &[0.1; 10 * CALLERS]);
    let answer = Rows::new(CALLERS, [labels.expect("texts"), probabilities]).expect("the rows");
    group.bench_function(BenchmarkId::new("scatter", "label, 10 FP32"), |bencher| {
        bencher.iter(|| {
            for row in 0..CALLERS {
                black_box(black_box(&answer).slice(row..row + 1));
            }
        });
    });
    group.finish();
}

criterion_group!(benches, batch);
criterion_main!(benches);

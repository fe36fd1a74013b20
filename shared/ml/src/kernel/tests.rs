use super::*;

/// Rows, inputs, outputs: around the edges of tiles (4, 6, 8 rows), panels (16, 48, 64 outputs) and
/// blocks (256 rows, 1024 inputs), and what is served.
const SHAPES: [(usize, usize, usize); 18] = [
    (1, 1, 1),
    (1, 64, 10),
    (2, 3, 15),
    (3, 7, 16),
    (4, 9, 17),
    (5, 64, 31),
    (6, 65, 32),
    (7, 33, 33),
    (8, 257, 48),
    (9, 128, 63),
    (13, 784, 65),
    (15, 1024, 80),
    (17, 1025, 96),
    (33, 2049, 10),
    (64, 784, 128),
    (65, 40, 300),
    (257, 1030, 20),
    (300, 1100, 257),
];

/// Numbers that look random, over several orders of magnitude.
fn noise(n: usize, seed: u32) -> Vec<f32> {
    let mut state = seed | 1;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / (1 << 23) as f32 - 1.0
    };
    (0..n).map(|_| next() * 10_f32.powi((next() * 3.0) as i32)).collect()
}

fn bits(instructions: Instructions, dense: &Dense, features: &[f32]) -> Vec<u32> {
    let rows = features.len() / dense.panels.inputs();
    // What was there before must not show.
    let mut out = vec![f32::NAN; rows * dense.outputs];
    dense.apply_by(instructions, features, &mut out);
    out.into_iter().map(f32::to_bits).collect()
}

/// The law, word for word.
fn chain(features: &[f32], weights: &[f32], intercept: &[f32]) -> Vec<u32> {
    let outputs = intercept.len();
    let row = |features: &[f32]| {
        (0..outputs)
            .map(|j| {
                let products = features.iter().zip(weights.iter().skip(j).step_by(outputs));
                products.fold(intercept[j], |sum, (x, weight)| x.mul_add(*weight, sum)).to_bits()
            })
            .collect::<Vec<_>>()
    };
    features.chunks(weights.len() / outputs).flat_map(row).collect()
}

#[test]
fn every_set_of_instructions_gives_the_bits_of_one_chain_an_output() {
    for (m, k, n) in SHAPES {
        let (features, weights, intercept) = (noise(m * k, 1), noise(k * n, 2), noise(n, 3));
        let dense = Dense::new(&weights, &intercept);
        let expected = chain(&features, &weights, &intercept);
        for instructions in Instructions::available() {
            let found = bits(instructions, &dense, &features);
            assert!(found == expected, "{m} × {k} × {n} by {instructions:?}");
        }
    }
}

#[test]
fn any_number_of_rows_gives_the_bits_of_the_largest_batch() {
    for (m, k, n) in SHAPES {
        let dense = Dense::new(&noise(k * n, 5), &noise(n, 6));
        let features = noise(m * k, 4);
        for instructions in Instructions::available() {
            let all = bits(instructions, &dense, &features);
            for rows in [1, 2, 3, 4, 5, 6, 7, 8, 9, 64].into_iter().filter(|rows| *rows < m) {
                let from = m - rows;
                let some = bits(instructions, &dense, &features[from * k..]);
                assert!(some == all[from * n..], "{rows} of {m} × {k} × {n} by {instructions:?}");
            }
        }
    }
}

/// Asked of the system, and not as the kernel asks.
#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
#[test]
fn the_widest_vectors_of_the_cpu_are_taken() {
    let cpu = std::fs::read_to_string("/proc/cpuinfo").expect("a file of the system's");
    let flags = cpu.lines().find(|line| line.starts_with("flags")).expect("flags of a CPU");
    let has = |flag: &str| flags.split_whitespace().any(|other| other == flag);
    let expected = match (has("avx512f"), has("avx2") && has("fma")) {
        (true, _) => "Avx512",
        (_, true) => "Avx2",
        _ => "Portable",
    };
    assert_eq!(format!("{:?}", Instructions::best()), format!("Instructions({expected})"));
}

#[test]
fn infinities_and_zeros_of_either_sign_pass_through() {
    let dense = Dense::new(&[1.0, -1.0], &[-0.0, 0.0]);
    for instructions in Instructions::available() {
        let found = bits(instructions, &dense, &[f32::INFINITY, 0.0, -0.0]);
        let expected = [f32::INFINITY, f32::NEG_INFINITY, 0.0, 0.0, -0.0, 0.0];
        assert_eq!(found, expected.map(f32::to_bits), "{instructions:?}");
    }
}

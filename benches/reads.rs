//! x
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use std::time::Instant;
use synaptic_balance::solve::blocks::*;

struct Net {
    sizes: Vec<usize>,
    w: Vec<Vec<f64>>,
    b: Vec<Vec<f64>>,
}

fn normal(rng: &mut ChaCha8Rng) -> f64 {
    let (a, b): (f64, f64) = (rng.random(), rng.random());
    (-2.0 * (1.0 - a).ln()).sqrt() * (std::f64::consts::TAU * b).cos()
}

fn net(sizes: &[usize], skew: f64, layer: f64, seed: u64) -> Net {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut w = vec![];
    let mut b = vec![];
    for k in 0..sizes.len() - 1 {
        let s = (2.0 / sizes[k] as f64).sqrt();
        let l = (layer * normal(&mut rng)).exp();
        w.push(
            (0..sizes[k] * sizes[k + 1])
                .map(|_| {
                    l * s
                        * normal(&mut rng)
                        * if skew > 0.0 {
                            (skew * normal(&mut rng)).exp()
                        } else {
                            1.0
                        }
                })
                .collect(),
        );
        b.push(
            (0..sizes[k + 1])
                .map(|_| {
                    l * 0.1
                        * s
                        * normal(&mut rng)
                        * if skew > 0.0 {
                            (skew * normal(&mut rng)).exp()
                        } else {
                            1.0
                        }
                })
                .collect(),
        );
    }
    Net {
        sizes: sizes.to_vec(),
        w,
        b,
    }
}

fn blocks(n: &Net) -> Blocks<'_> {
    let mut p = Blocks::new(2.0).unwrap();
    let last = n.sizes.len() - 2;
    let mut prev = None;
    for k in 0..=last {
        let to = (k < last).then(|| p.add_group(n.sizes[k + 1]));
        p.add_dense(
            to,
            prev,
            n.sizes[k + 1],
            n.sizes[k],
            Weights::Double(&n.w[k]),
        )
        .unwrap();
        if to.is_some() {
            p.add_dense(to, None, n.sizes[k + 1], 1, Weights::Double(&n.b[k]))
                .unwrap();
        }
        prev = to;
    }
    p
}

fn run(name: &str, n: &Net) {
    let mut p = blocks(n);
    let t = Instant::now();
    let u = vec![1.0; p.shape().units()];
    let mut sums = Sums::new(p.shape());
    for _ in 0..5 {
        p.read(Extent::All, &u, &u, &mut sums);
    }
    let tr = t.elapsed().as_secs_f64() / 5.0;
    let mut trace = vec![];
    let t = Instant::now();
    let r = balance_blocks(&mut p, &BlockOptions::default(), &mut |d| trace.push(d));
    let el = t.elapsed().as_secs_f64();
    match r {
        Ok(s) => println!(
            "{name}: reads {:.2} passes {} sweeps {} newton {} deficit {:.1e} time {:.3} ms, read {:.3} ms ({:.1} GB/s)",
            s.reads,
            s.passes,
            s.sweeps,
            s.newton_steps,
            s.deficit,
            el * 1e3,
            tr * 1e3,
            p.bytes() as f64 / tr / 1e9
        ),
        Err(e) => println!("{name}: {e} time {:.3} ms", el * 1e3),
    }
    let shown: Vec<String> = trace.iter().take(60).map(|d| format!("{d:.0e}")).collect();
    println!("   {}", shown.join(" "));
}

fn main() {
    let ae = [784, 200, 100, 50, 100, 200, 784];
    run("ae", &net(&ae, 0.0, 0.0, 1));
    for d in [2, 3, 5, 20, 100, 200] {
        run(&format!("w64 d{d}"), &net(&vec![64; d + 1], 0.0, 0.0, 1));
    }
    run("w16 d20", &net(&vec![16; 21], 0.0, 0.0, 1));
    run("w64 d20 layers off", &net(&vec![64; 21], 0.0, 4.0, 1));
    for s in [1.0, 2.0, 4.0, 8.0, 12.0] {
        run(&format!("ae skew {s}"), &net(&ae, s, 0.0, 1));
    }
    run("w64 d20 skew 4", &net(&vec![64; 21], 4.0, 0.0, 1));
    run("w64 d100 skew 4", &net(&vec![64; 101], 4.0, 0.0, 1));
}

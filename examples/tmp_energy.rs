use std::time::Instant;
use synaptic_balance::formats::*;
use synaptic_balance::numbers::*;
use synaptic_balance::solve::blocks::*;
use synaptic_balance::solve::energy::*;
fn main() {
    let path = std::env::args().nth(1).unwrap();
    let t = Instant::now();
    let arch = Architecture::named("relu").unwrap();
    let model = MappedPerceptron::open(path.as_ref(), &arch).unwrap();
    let mut blocks = model.blocks(2.0).unwrap();
    println!("open {:?}", t.elapsed());
    let t = Instant::now();
    let found = balance_blocks(&mut blocks, &BlockOptions::default(), &mut |_| {}).unwrap();
    println!(
        "balance {:?} reads {} deficit {:e}",
        t.elapsed(),
        found.reads,
        found.deficit
    );
    let t = Instant::now();
    let problem = model.energy_problem(&parse_rational("2").unwrap()).unwrap();
    println!("problem {:?}", t.elapsed());
    let t = Instant::now();
    let wide: Vec<Wide> = found
        .multipliers
        .iter()
        .map(|m| Wide::from_f64(*m))
        .collect();
    let mut step = NewtonStep::at(&mut blocks, &found);
    let certificate = energy_certificate(
        &problem,
        point_of(&wide).unwrap(),
        &mut |side| step.solve(side, 1e-9),
        &mut |size| println!("   {size:e}"),
    );
    println!("certificate {:?} reads {}", t.elapsed(), step.reads());
    let certificate = certificate.unwrap();
    let t = Instant::now();
    let certified = verify_energy(&problem, &certificate).unwrap();
    println!(
        "verify {:?}; grid {} exceptions {} gap/R {:e} radius {:?} not enclosed {}",
        t.elapsed(),
        certificate.grid,
        certificate.exceptions.len(),
        rational_to_f64(&(certified.gap() / certified.regularizer())),
        certified.radius().map(|r| rational_to_f64(&r)),
        certified.not_enclosed()
    );
}

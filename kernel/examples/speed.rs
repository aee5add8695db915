use std::time::Instant;
use synaptic_balance_kernel::*;
fn main() {
    let (n, m) = (1000usize, 1000usize);
    let mut x = 1u64;
    let mut next = || { x = x.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407); (x >> 40) as f32 / (1u64 << 24) as f32 - 0.5 };
    let w: Vec<[u8; 4]> = (0..n * m).map(|_| next().to_le_bytes()).collect();
    let one = Rational::from_integer(1.into());
    let mut forms = vec![Form::one()];
    for v in 0..n { forms.push(Form::new([(v, one.clone())])); }
    for v in 0..m { forms.push(Form::new([(n + v, -one.clone())])); }
    let block = Block { entries: Entries::F32(&w), rows: (1..=n).collect(), columns: (n + 1..=n + m).collect(), layout: Layout::Dense, power: Rational::from_integer(2.into()), coefficient: one };
    let problem = Problem::new(n + m, forms, vec![block]).unwrap();
    let certificate = Certificate { point: (0..n + m).map(|i| Number::new((1_000_000_007u128 * (i as u128 + 12345) * 998244353).into(), -60)).collect(), bits: 80, grid: 140, exceptions: Default::default() };
    let reader = Reader::new(&problem, &certificate).unwrap();
    for _ in 0..5 {
        let start = Instant::now();
        let band = reader.read(0, 0..n).unwrap();
        println!("{:?}", start.elapsed());
        std::hint::black_box(&band);
    }
}

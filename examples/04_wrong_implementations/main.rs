//! Writes networks as six kinds of wrong implementations leave them, for `synbal check` to find out:
//!
//! `cargo run --release --example 04_wrong_implementations -- DIR` and then, for instance,
//! `synbal check DIR/digits/before.json DIR/digits/w1.json`.

mod wrong;

use synaptic_balance::formats::{Weight, read_network, write_network};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::args_os()
        .nth(1)
        .ok_or("usage: 04_wrong_implementations DIR")?;
    let folder = std::path::PathBuf::from(folder);
    for made in wrong::made() {
        let place = folder.join(made.network);
        std::fs::create_dir_all(&place)?;
        let before = write_network(&made.before);
        let weights: Vec<Weight> = made.after.into_iter().map(Weight::Float).collect();
        let after = read_network(before.as_bytes())?.with_weights(&weights);
        std::fs::write(place.join("before.json"), before)?;
        std::fs::write(place.join(format!("{}.json", made.by)), after)?;
        println!("{}: before.json {}.json", place.display(), made.by);
    }
    Ok(())
}

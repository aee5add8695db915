//! The order in which operators can be computed. Files should keep it; some converters do not, and runtimes sort for
//! themselves.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use super::functions::every;
use super::message::Node;

/// The places of operators, each behind those whose results it reads, and otherwise as they are. Those of a cycle come
/// last.
pub(super) fn order(nodes: &[Node]) -> Vec<usize> {
    let mut makers: HashMap<&str, usize> = HashMap::new();
    for (place, node) in nodes.iter().enumerate() {
        for name in node.output.iter().filter(|name| !name.is_empty()) {
            makers.entry(name).or_insert(place);
        }
    }
    let reads = |place: usize| {
        let mut found = Vec::new();
        for node in every(&nodes[place]) {
            let attributes = node.attribute.iter();
            let graphs = attributes.flat_map(|own| own.g.iter().chain(&own.graphs));
            let results = graphs.flat_map(|graph| &graph.output);
            let results = results.filter_map(|output| output.name.as_ref());
            let names = node.input.iter().chain(results);
            let makers = names.filter_map(|name| makers.get(name.as_str()));
            found.extend(makers.copied().filter(|maker| *maker != place));
        }
        found.sort_unstable();
        found.dedup();
        found
    };
    let read: Vec<Vec<usize>> = (0..nodes.len()).map(reads).collect();
    let is_behind = |(place, read): (usize, &Vec<usize>)| read.iter().all(|maker| *maker < place);
    if read.iter().enumerate().all(is_behind) {
        return (0..nodes.len()).collect();
    }
    let mut readers = vec![Vec::new(); nodes.len()];
    let mut missing: Vec<usize> = read.iter().map(Vec::len).collect();
    for (place, read) in read.iter().enumerate() {
        for maker in read {
            readers[*maker].push(place);
        }
    }
    let ready = (0..nodes.len()).filter(|place| missing[*place] == 0);
    let mut ready: BinaryHeap<Reverse<usize>> = ready.map(Reverse).collect();
    let mut sorted = Vec::with_capacity(nodes.len());
    while let Some(Reverse(place)) = ready.pop() {
        sorted.push(place);
        for reader in &readers[place] {
            missing[*reader] -= 1;
            if missing[*reader] == 0 {
                ready.push(Reverse(*reader));
            }
        }
    }
    sorted.extend((0..nodes.len()).filter(|place| missing[*place] != 0));
    sorted
}

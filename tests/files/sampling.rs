//! How much of everything tests look at.

/// Whether tests that sample run on everything, as before a change lands: `SYNBAL_FULL=1 cargo test`.
pub fn in_full() -> bool {
    std::env::var_os("SYNBAL_FULL").is_some()
}

//! How the program is linked where it is built for tests.

/// Tests start the program thousands of times, and half of a start goes into moving 60 MB of code that is not optimised
/// to where it happens to lie. A release build stays as the platform links it.
fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let is = |name, value| std::env::var(name).is_ok_and(|own| own == value);
    let is_gnu_linux = is("CARGO_CFG_TARGET_OS", "linux") && is("CARGO_CFG_TARGET_ENV", "gnu");
    if is("PROFILE", "debug") && is_gnu_linux {
        println!("cargo:rustc-link-arg-bins=-no-pie");
    }
}

//! The algebra and the statements proved with it, through the public interface.

mod algebra;
mod learning;
mod network;
mod statements;
mod support;

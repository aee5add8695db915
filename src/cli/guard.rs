//! A panic is a defect of the program: it is reported as one, and takes nothing else with it.

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind, set_hook, take_hook};
use std::sync::Once;

use super::Failure;
use super::called::Interrupted;

thread_local! {
    static GUARDED: Cell<bool> = const { Cell::new(false) };
    static LAST: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// From now on a panic in [`guarded`] work is silent; any other is printed as before.
pub fn install() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(set);
}

fn set() {
    let before = take_hook();
    set_hook(Box::new(move |fault: &PanicHookInfo| {
        if GUARDED.get() {
            let text = fault.to_string().replace('\n', " ");
            LAST.with_borrow_mut(|last| *last = Some(text));
        } else {
            before(fault);
        }
    }));
}

/// Does some work; if it panics, nothing was decided, and the message says where.
pub fn guarded<R>(work: impl FnOnce() -> Result<R, Failure>) -> Result<R, Failure> {
    let outer = GUARDED.replace(true);
    // What is shared is locks of libraries that know of panics, and nothing is used after one but to end.
    let outcome = catch_unwind(AssertUnwindSafe(work));
    GUARDED.set(outer);
    outcome.unwrap_or_else(|payload| {
        if payload.is::<Interrupted>() {
            return Err(Failure::Incomplete(
                "interrupted: nothing was decided".into(),
            ));
        }
        let known = LAST.with_borrow_mut(Option::take);
        let text = known.unwrap_or_else(|| match payload.downcast_ref::<String>() {
            Some(text) => format!("panicked: {text}"),
            None => "panicked".to_owned(),
        });
        Err(Failure::Incomplete(format!(
            "a defect of this program, nothing was decided: {text}"
        )))
    })
}

//! Calls under way without the interpreter lock, which closing waits for.

use relevel_kernel::engine::EngineError;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Counts those inside, and can be shut.
#[derive(Default)]
pub struct Gate {
    state: Mutex<State>,
    left: Condvar,
}

#[derive(Default)]
struct State {
    inside: usize,
    is_shut: bool,
}

/// Somebody inside; drop it to leave.
pub struct Inside<'a>(&'a Gate);

impl Gate {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Go in. The same thread may do so again.
    ///
    /// # Errors
    /// [`EngineError::Refused`] where it is shut.
    pub fn enter(&self) -> Result<Inside<'_>, EngineError> {
        let mut state = self.state();
        if state.is_shut {
            return Err(EngineError::Refused("the store is closed"));
        }
        state.inside += 1;
        Ok(Inside(self))
    }

    /// Let nobody in any more, and wait until all have left. Not for those inside.
    pub fn shut(&self) {
        let mut state = self.state();
        state.is_shut = true;
        while state.inside > 0 {
            state = self.left.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        self.0.state().inside -= 1;
        self.0.left.notify_all();
    }
}

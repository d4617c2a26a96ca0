//! What threads share, in places that `make schedules` tries under many orders of their steps: the standard library's, or with
//! `--cfg shuttle` that of a scheduler which decides at each of these who goes on.

#[cfg(shuttle)]
pub use shuttle::sync::{Condvar, Mutex, MutexGuard, RwLock, RwLockReadGuard, atomic};
#[cfg(not(shuttle))]
pub use std::sync::{Condvar, Mutex, MutexGuard, RwLock, RwLockReadGuard, atomic};
pub use std::sync::{PoisonError, TryLockError};

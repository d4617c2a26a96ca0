//! `Reader.get`: as long as nothing has to wait for the disk, without letting go of the interpreter lock. `Reader.get_many`: without
//! that lock, so that threads read beside each other.

use super::arguments;
use super::reader::{Attached, Reader};
use super::store::{Store, hook_of};
use crate::turn::{detach_long, give_way};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList};
use relevel_kernel::engine::{EngineError, GetOptions, Got, View, Waiting};
use std::borrow::Cow;
use std::ops::Range;

/// Keys that are looked up at a time.
const MANY: usize = 512;
/// So few keys are found before another thread has taken the interpreter lock.
const FEW: usize = 16;
/// Values that are held before Python has them: those of the keys so far, where they have more bytes than this.
const HELD_SIZE: usize = 4 << 20;

impl Store {
    /// The value of `key` in `view` as of `sequence`.
    ///
    /// # Errors
    /// As [`Store::finish`].
    #[inline]
    pub fn look_up<'py>(
        &self,
        py: Python<'py>,
        view: &View,
        key: &[u8],
        sequence: u64,
        options: GetOptions,
    ) -> PyResult<Option<Bound<'py, PyBytes>>> {
        give_way(py);
        if !self.order_may_fail {
            match view.get(&self.tables, key, sequence, options, |value| PyBytes::new(py, value)) {
                Ok(Got { value, charged: None }) => return Ok(value),
                Ok(Got { value, charged: Some(number) }) => {
                    self.charge(py, number);
                    return Ok(value);
                }
                Err(EngineError::WouldBlock) => {}
                Err(error) => return Err(self.error(py, error)),
            }
        }
        self.look_up_waiting(py, view, key, sequence, options)
    }

    #[inline(never)]
    fn look_up_waiting<'py>(
        &self,
        py: Python<'py>,
        view: &View,
        key: &[u8],
        sequence: u64,
        options: GetOptions,
    ) -> PyResult<Option<Bound<'py, PyBytes>>> {
        let options = GetOptions { waiting: Waiting::Allowed, ..options };
        let result = py.detach(|| {
            let _inside = self.gate.enter()?;
            view.get(&self.tables, key, sequence, options, <[u8]>::to_vec)
        });
        let got = self.finish(py, result)?;
        if let Some(number) = got.charged {
            self.charge(py, number);
        }
        Ok(got.value.map(|value| PyBytes::new(py, &value)))
    }

    /// The values of the first keys, of at least one, in one piece of memory. The keys' order must not be a supplied one.
    ///
    /// # Errors
    /// As [`Store::finish`].
    fn look_up_many(
        &self,
        py: Python<'_>,
        view: &View,
        keys: &[Cow<'_, [u8]>],
        sequence: u64,
        options: GetOptions,
    ) -> PyResult<Values> {
        let options = GetOptions { waiting: Waiting::Allowed, ..options };
        let result = detach_long(py, || {
            let _inside = self.gate.enter()?;
            let mut values = Values::default();
            for key in keys {
                let start = values.bytes.len();
                let got = view.get(&self.tables, key, sequence, options, |value| {
                    values.bytes.extend_from_slice(value);
                    start..values.bytes.len()
                })?;
                values.places.push(got.value);
                values.charged = got.charged.or(values.charged);
                if values.bytes.len() >= HELD_SIZE {
                    break;
                }
            }
            Ok(values)
        });
        let values = self.finish(py, result)?;
        if let Some(number) = values.charged {
            self.charge(py, number);
        }
        Ok(values)
    }

    /// Tell the hook of a table that was searched in vain too often.
    #[cold]
    fn charge(&self, py: Python<'_>, number: u64) {
        if let Some(hook) = hook_of(py, &self.on_seek_charge) {
            // What it raises is nobody's: the read has its value.
            let _ = hook.call1(py, (number,));
        }
    }
}

/// What was found for some keys.
#[derive(Default)]
struct Values {
    bytes: Vec<u8>,
    /// Where in `bytes` the value of each key is.
    places: Vec<Option<Range<usize>>>,
    /// A table that has been searched in vain once too often.
    charged: Option<u64>,
}

/// The whole key.
#[inline]
fn prefixed<'a>(attached: &Attached, key: &'a [u8]) -> Cow<'a, [u8]> {
    if attached.prefix.is_empty() { Cow::Borrowed(key) } else { Cow::Owned([&attached.prefix, key].concat()) }
}

#[pymethods]
impl Reader {
    #[pyo3(signature = (key, default=None, *, verify_checksums=None, fill_cache=None),
           text_signature = "($self, key, default=None, *, verify_checksums=None, fill_cache=True)")]
    fn get<'py>(
        &self,
        py: Python<'py>,
        key: &Bound<'py, PyAny>,
        default: Option<Bound<'py, PyAny>>,
        verify_checksums: Option<&Bound<'py, PyAny>>,
        fill_cache: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        let key = arguments::key(key)?;
        let verify = match verify_checksums {
            None => None,
            some => Some(arguments::flag("verify_checksums", some)?),
        };
        let fill_cache = fill_cache.is_none() || arguments::flag("fill_cache", fill_cache)?;
        let attached = self.attached()?;
        let store = attached.store.get();
        let options =
            GetOptions { verify: verify.unwrap_or(store.verify_checksums), fill_cache, waiting: Waiting::Never };
        // First the view, then the number: what the view has left out is hidden at every later number.
        let view = store.views.present();
        let sequence = attached.sequence.unwrap_or_else(|| store.writes.last_sequence());
        let value = store.look_up(py, &view, &prefixed(attached, key), sequence, options)?;
        Ok(value.map(Bound::into_any).or(default))
    }

    #[pyo3(signature = (keys, default=None))]
    fn get_many<'py>(
        &self,
        py: Python<'py>,
        keys: &Bound<'py, PyAny>,
        default: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyList>> {
        let attached = self.attached()?;
        let store = attached.store.get();
        let options = GetOptions { verify: store.verify_checksums, fill_cache: true, waiting: Waiting::Never };
        let (view, last) = store.views.present_at(|| store.writes.last_sequence());
        let sequence = attached.sequence.unwrap_or(last);
        let values = PyList::empty(py);
        let mut keys = keys.try_iter()?;
        loop {
            let some = keys.by_ref().take(MANY).collect::<PyResult<Vec<_>>>()?;
            let some = some.iter().map(|key| Ok(prefixed(attached, arguments::key(key)?)));
            let some = some.collect::<PyResult<Vec<_>>>()?;
            if some.is_empty() {
                return Ok(values);
            }
            let mut rest = &*some;
            while rest.len() > FEW && !store.order_may_fail {
                let found = store.look_up_many(py, &view, rest, sequence, options)?;
                rest = rest.get(found.places.len()..).unwrap_or_default();
                for place in found.places {
                    let value = place.and_then(|place| found.bytes.get(place)).map(|value| PyBytes::new(py, value));
                    values.append(value.map(Bound::into_any).or_else(|| default.clone()))?;
                }
            }
            for key in rest {
                let value = store.look_up(py, &view, key, sequence, options)?;
                values.append(value.map(Bound::into_any).or_else(|| default.clone()))?;
            }
        }
    }
}

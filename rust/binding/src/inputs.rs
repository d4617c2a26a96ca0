//! The inputs of a cursor: tables, logs and levels. Nothing is opened before the cursor first reads.

use crate::convert::{Order, Source};
use crate::watch::Watched;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyString;
use relevel_kernel::cursor::EntryCursor;
use relevel_kernel::file_pool::FilePool;
use relevel_kernel::level::{LevelCursor, LevelTable};
use relevel_kernel::memory_run::{Bounds, LogRun, LogRunOptions};
use relevel_kernel::merge::{self, Standing};
use relevel_kernel::table::{Handle, Opener, TableCursor};
use std::path::PathBuf;
use std::sync::Arc;

/// What all tables of a cursor may read ahead together, in bytes.
const AHEAD_IN_ALL: usize = 64 << 20;
/// The most and the least that one table reads ahead.
const AHEAD: (usize, usize) = (16 << 10, 256 << 10);

/// One table as an input of a cursor. Opened when first needed.
#[pyclass(frozen, module = "relevel._kernel")]
pub struct TableInput(TableSpec);

/// One log as an input of a cursor; sorted in memory, in runs spilled to ``temp_dir`` past ``memory_limit`` bytes.
#[pyclass(frozen, module = "relevel._kernel")]
pub struct LogInput(LogSpec);

/// Tables whose key ranges are disjoint and ascend: read one after another, one open at a time.
#[pyclass(frozen, module = "relevel._kernel")]
pub struct LevelInput(Vec<TableSpec>);

#[derive(Clone)]
struct TableSpec {
    source: Source,
    name: Arc<Py<PyString>>,
    standing: Standing,
    blocks: Option<Arc<[Handle]>>,
    smallest: Option<Vec<u8>>,
    largest: Option<Vec<u8>>,
}

#[derive(Clone)]
struct LogSpec {
    source: Source,
    name: Arc<Py<PyString>>,
    standing: Standing,
    temp_dir: PathBuf,
    memory_limit: usize,
}

fn standing_of(name: &str) -> PyResult<Standing> {
    match name {
        "current" => Ok(Standing::Current),
        "superseded" => Ok(Standing::Superseded),
        "unproven" => Ok(Standing::Unproven),
        _ => Err(PyValueError::new_err(format!(
            "unknown standing {name:?}: an input is \"current\", \"superseded\" or \"unproven\""
        ))),
    }
}

#[pymethods]
impl TableInput {
    #[new]
    #[pyo3(signature = (source, name, standing="current", *, blocks=None, smallest=None, largest=None))]
    fn new(
        source: Source,
        name: Py<PyString>,
        standing: &str,
        blocks: Option<Vec<(u64, u64)>>,
        smallest: Option<Vec<u8>>,
        largest: Option<Vec<u8>>,
    ) -> PyResult<Self> {
        let handle = |(offset, size)| Handle { offset, size };
        let blocks = blocks.map(|blocks| blocks.into_iter().map(handle).collect());
        let (name, standing) = (Arc::new(name), standing_of(standing)?);
        Ok(Self(TableSpec { source, name, standing, blocks, smallest, largest }))
    }
}

#[pymethods]
impl LogInput {
    #[new]
    #[pyo3(signature = (source, name, standing="current", *, temp_dir, memory_limit=67_108_864))]
    fn new(
        source: Source,
        name: Py<PyString>,
        standing: &str,
        temp_dir: PathBuf,
        memory_limit: usize,
    ) -> PyResult<Self> {
        let (name, standing) = (Arc::new(name), standing_of(standing)?);
        Ok(Self(LogSpec { source, name, standing, temp_dir, memory_limit }))
    }
}

#[pymethods]
impl LevelInput {
    #[new]
    fn new(py: Python<'_>, tables: Vec<Py<TableInput>>) -> PyResult<Self> {
        let specs: Vec<TableSpec> = tables.iter().map(|table| table.bind(py).get().0.clone()).collect();
        match specs.iter().find(|spec| spec.smallest.is_none() || spec.largest.is_none()) {
            Some(spec) => Err(PyValueError::new_err(format!(
                "{}: a table of a level needs smallest and largest",
                spec.name.bind(py).to_cow()?
            ))),
            None => Ok(Self(specs)),
        }
    }
}

/// Any input, as Python gives it.
#[derive(FromPyObject)]
pub enum Input {
    /// A table.
    Table(Py<TableInput>),
    /// A log.
    Log(Py<LogInput>),
    /// A level.
    Level(Py<LevelInput>),
}

/// Inputs made ready for a merge.
pub struct Sources {
    /// For the kernel.
    pub sources: Vec<merge::Source>,
    /// The files' names, by input number.
    pub names: Vec<Arc<Py<PyString>>>,
}

impl Sources {
    /// Make cursors over `inputs`. Entries of logs outside `bounds` are not wanted.
    pub fn of(py: Python<'_>, inputs: &[Input], order: &Order, bounds: &Bounds) -> Self {
        let tables_at_once = inputs.iter().filter(|input| !matches!(input, Input::Log(_))).count();
        let ahead = (AHEAD_IN_ALL / tables_at_once.max(1)).clamp(AHEAD.0, AHEAD.1);
        let mut maker = Maker { order, ahead, pool: FilePool::default(), names: Vec::new(), sources: Vec::new() };
        for input in inputs {
            match input {
                Input::Table(table) => maker.add_table(&table.bind(py).get().0),
                Input::Log(log) => maker.add_log(&log.bind(py).get().0, bounds.clone()),
                Input::Level(level) => maker.add_level(&level.bind(py).get().0),
            }
        }
        Self { sources: maker.sources, names: maker.names }
    }
}

struct Maker<'a> {
    order: &'a Order,
    /// How far each table reads ahead.
    ahead: usize,
    pool: FilePool,
    names: Vec<Arc<Py<PyString>>>,
    sources: Vec<merge::Source>,
}

impl Maker<'_> {
    fn number(&mut self, name: &Arc<Py<PyString>>) -> u32 {
        self.names.push(name.clone());
        u32::try_from(self.names.len() - 1).unwrap_or(u32::MAX)
    }

    fn add(&mut self, cursor: Box<dyn EntryCursor>, standing: Standing, inputs: Vec<u32>, is_log: bool) {
        self.sources.push(merge::Source { cursor, standing, inputs, is_log });
    }

    fn add_table(&mut self, spec: &TableSpec) {
        let input = self.number(&spec.name);
        let cursor = self.table_maker(input, spec);
        self.add(cursor(), spec.standing, vec![input], false);
    }

    fn add_log(&mut self, spec: &LogSpec, bounds: Bounds) {
        let input = self.number(&spec.name);
        let options = LogRunOptions { temp_dir: spec.temp_dir.clone(), memory_limit: spec.memory_limit, bounds };
        let run = LogRun::new(input, self.opener(&spec.source), self.order.comparator.clone(), options);
        self.add(Box::new(run), spec.standing, vec![input], true);
    }

    /// Tables of one standing out of a level are apart and ascend as the level's do.
    fn add_level(&mut self, specs: &[TableSpec]) {
        for standing in [Standing::Current, Standing::Superseded, Standing::Unproven] {
            let of_standing = specs.iter().filter(|spec| spec.standing == standing);
            let tables: Vec<LevelTable> = of_standing
                .map(|spec| {
                    let input = self.number(&spec.name);
                    let largest = spec.largest.clone().unwrap_or_default();
                    LevelTable { input, largest, cursor: self.table_maker(input, spec) }
                })
                .collect();
            if !tables.is_empty() {
                let inputs = tables.iter().map(|table| table.input).collect();
                let level = LevelCursor::new(self.order.comparator.clone(), tables);
                self.add(Box::new(level), standing, inputs, false);
            }
        }
    }

    fn table_maker(&self, input: u32, spec: &TableSpec) -> Box<dyn Fn() -> Box<dyn EntryCursor> + Send> {
        let (order, ahead, pool) = (self.order.clone(), self.ahead, self.pool.clone());
        let (source, blocks) = (spec.source.clone(), spec.blocks.clone());
        Box::new(move || {
            let opener = opener(&pool, &source, &order);
            let cursor = TableCursor::new(input, opener, order.comparator.clone(), blocks.clone());
            Box::new(cursor.reading_ahead(ahead))
        })
    }

    fn opener(&self, source: &Source) -> Opener {
        opener(&self.pool, source, self.order)
    }
}

fn opener(pool: &FilePool, source: &Source, order: &Order) -> Opener {
    let (pool, source, callbacks) = (pool.clone(), source.clone(), order.callbacks.clone());
    Box::new(move || {
        let opened = source.open_by(|path| pool.source(path))?;
        Ok(Arc::new(Watched::new(opened, callbacks.clone())))
    })
}

/// The place of each name among all in order, the same for equal names.
pub fn rank_names(py: Python<'_>, names: &[Arc<Py<PyString>>]) -> PyResult<Vec<u32>> {
    let texts: Vec<String> =
        names.iter().map(|name| Ok(name.bind(py).to_cow()?.into_owned())).collect::<PyResult<_>>()?;
    let mut sorted: Vec<&String> = texts.iter().collect();
    sorted.sort_unstable();
    sorted.dedup();
    let rank = |text| u32::try_from(sorted.partition_point(|other| *other < text)).unwrap_or(u32::MAX);
    Ok(texts.iter().map(rank).collect())
}

/// Add the classes.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<TableInput>()?;
    module.add_class::<LogInput>()?;
    module.add_class::<LevelInput>()
}

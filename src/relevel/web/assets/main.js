// The page: puts its parts together, and keeps up with what the server learns.

import { get, post } from "./api.js";
import { Basket } from "./basket.js";
import { lineOf } from "./bytes.js";
import { Detail } from "./detail.js";
import { $, count, h, icon, plural, size } from "./dom.js";
import { Files } from "./files.js";
import { Keys } from "./keys.js";
import { Shortcuts } from "./shortcuts.js";
import * as theme from "./theme.js";
import { Timeline } from "./timeline.js";

const BUSY = 250;
const QUIET = 2500;

theme.apply();

let state = null;
let generation = 0;
let isReady = false;
let told = "";

function notice(kind, text, ...actions) {
  const key = `${kind} ${text}`;
  if (told === key) return;
  told = key;
  const box = $("notice");
  box.className = `notice ${kind}`;
  box.replaceChildren(h("span", {}, text), ...actions.filter(Boolean), h("button", { class: "icon", type: "button", "aria-label": "Dismiss", onclick: () => (box.hidden = true) }, icon("close")));
  box.hidden = false;
}

function onError(error) {
  if (error.name === "AbortError") return;
  const gone = error instanceof TypeError ? "The server does not answer any more: was it ended?" : error.message;
  notice("refused", gone, error instanceof TypeError ? null : reloadButton());
}

const reloadButton = () => h("button", { class: "button small", type: "button", onclick: reload }, "Look again");

const files = new Files($("view-files"), onError);
const basket = new Basket(onError);
const detail = new Detail($("detail"), { onGo: (sequence) => timeline.go(sequence), onAdd: (key, sequence) => addVersion(key, sequence), onError });
const keys = new Keys($("keys"), {
  onSelect: (row) => detail.show(row, timeline.sequence),
  onAdd: (row) => addVersion(row.key, row.then.sequence),
  onAddState: (prefix, onlyGone) => addState(prefix, onlyGone),
  onError,
});
const timeline = new Timeline($("timeline"), (sequence) => {
  keys.grid.setAt(sequence).catch(onError);
}, onError);

function addVersion(key, sequence) {
  basket.addVersion(key, sequence);
}

function addState(prefix, onlyGone) {
  if (isReady) basket.addState(prefix, timeline.sequence, onlyGone);
}

async function reload() {
  try {
    isReady = false;
    $("notice").hidden = true;
    told = "";
    await post("/api/reload");
    await follow();
  } catch (error) {
    onError(error);
  }
}

function showProgress() {
  const { phase, progress } = state;
  const box = $("progress");
  const what = { surveying: "Reading and verifying every file", indexing: "Counting changes and keys" }[phase];
  box.hidden = !what;
  if (!what) return;
  const done = phase === "surveying" ? `${size(progress.done)} of ${size(progress.total)}` : `${count(progress.done)} of ${count(progress.total)}`;
  box.querySelector(".progress-text").textContent = progress.total ? `${what}: ${done}` : `${what}…`;
  if (progress.total) box.querySelector("progress").value = Math.min(1, progress.done / progress.total);
}

function showHealth() {
  const badge = $("health");
  const { worst, finding_count: found, phase } = state;
  const known = phase === "ready" || phase === "indexing";
  badge.hidden = !known && found === 0;
  badge.className = `badge ${found ? worst : "sound"}`;
  badge.textContent = found ? plural(found, "finding") : "nothing wrong";
}

// What is larger than what is looked at: said as long as it is so.
function showUnseen() {
  const { count: found, limit, first } = state.unseen;
  const box = $("unseen");
  box.hidden = found === 0;
  if (found === 0) return;
  const [largest] = [...first].sort((one, other) => other.span.size - one.span.size);
  const what = `${plural(found, "block or record", "blocks and records")} of more than ${size(limit)}: not looked at, the largest of ${size(largest.span.size)}. Keys in them are missing here, or marked as in doubt.`;
  box.replaceChildren(h("span", {}, what), h("button", { class: "button small", type: "button", onclick: () => choose("files") }, "Show them"));
}

async function deletions() {
  const runs = await get("/api/runs");
  if (!runs) return;
  timeline.runs = runs;
  timeline.load();
  const [largest] = runs;
  if (!largest) return;
  const rest = runs.length > 1 ? ` There are ${plural(runs.length - 1, "more run")} on the timeline.` : "";
  const before = h("button", { id: "look-before", class: "button small primary", type: "button", onclick: () => timeline.go(largest.first - 1) }, "Look at the state before");
  const undo = h("button", { class: "button small", type: "button", onclick: () => basket.addDeletions(largest.first, largest.last) }, "Put these keys into the basket");
  const of = largest.prefix.size ? `, of keys that begin with “${lineOf(largest.prefix)}”` : "";
  notice("deletions", `${plural(largest.count, "deletion")} in one run, ${count(largest.first)} to ${count(largest.last)}${of}.${rest}`, before, undo);
}

async function becomeReady() {
  isReady = true;
  timeline.horizon = state.horizon;
  timeline.open(state.oldest, state.newest, keys.grid.at);
  keys.grid.at = timeline.sequence;
  keys.grid.setAt(timeline.sequence).catch(onError);
  keys.grid.setTotal(state.key_count);
  await Promise.all([files.load(state), deletions()]);
  document.body.dataset.ready = "true";
}

async function refresh() {
  state = await get("/api/state");
  if (generation !== 0 && state.generation !== generation) isReady = false;
  const isFirst = generation !== state.generation;
  generation = state.generation;
  $("path").textContent = state.path;
  $("path").title = state.path;
  document.title = `${state.path.split("/").filter(Boolean).pop() || "relevel"} · relevel`;
  showProgress();
  showHealth();
  showUnseen();
  basket.update(state);
  if (isFirst) {
    detail.clear();
    files.load(state);
    keys.grid.renew().catch(onError);
  }
  if (state.phase === "indexing" && files.data === null) files.load(state);
  if (state.phase === "ready" && !isReady) await becomeReady();
  if (state.phase === "failed" && state.error) notice("refused", state.error, reloadButton());
  if (state.has_changed && isReady) notice("changed", "The directory has changed since it was opened. What is shown is how it was then.", reloadButton());
}

let timer = 0;

async function follow() {
  clearTimeout(timer);
  try {
    await refresh();
  } catch (error) {
    onError(error);
  }
  const isBusy = !isReady || state?.job?.running;
  timer = setTimeout(follow, isBusy && state?.phase !== "failed" ? BUSY : QUIET);
}

function choose(name) {
  for (const one of ["time", "files"]) {
    $(`tab-${one}`).setAttribute("aria-selected", String(one === name));
    $(`view-${one}`).hidden = one !== name;
  }
  if (name === "files") files.load(state);
}

const shortcuts = new Shortcuts();
shortcuts.list("↑ ↓ PgUp PgDn Home End", "move through the keys");
shortcuts.add("/", "search", () => { choose("time"); keys.text.focus(); keys.text.select(); });
shortcuts.add("[", "one change back", () => timeline.go(timeline.sequence - 1));
shortcuts.add("]", "one change on", () => timeline.go(timeline.sequence + 1));
shortcuts.add("{", "a hundredth of the timeline back", () => timeline.go(timeline.sequence - (timeline.view.last - timeline.view.first) / 100));
shortcuts.add("}", "a hundredth of the timeline on", () => timeline.go(timeline.sequence + (timeline.view.last - timeline.view.first) / 100));
shortcuts.add("n", "now: the newest change", () => timeline.go(timeline.newest));
shortcuts.add("d", "the state before the next mass deletion", () => {
  const runs = [...timeline.runs].sort((one, other) => one.first - other.first);
  const run = runs.find((one) => one.first - 1 > timeline.sequence) || runs[0];
  if (run) timeline.go(run.first - 1);
});
shortcuts.add("+", "zoom in", () => timeline.zoom(0.5));
shortcuts.add("-", "zoom out", () => timeline.zoom(2));
shortcuts.add("0", "show the whole timeline", () => timeline.show(timeline.oldest, timeline.newest));
shortcuts.add("g", "the list of keys", () => { choose("time"); keys.grid.body.focus(); });
shortcuts.add("b", "put the chosen key into the basket, as it was", () => keys.grid.row?.then?.value && addVersion(keys.grid.row.key, keys.grid.row.then.sequence));
shortcuts.add("a", "put all that is listed by prefix into the basket", () => keys.add.click());
shortcuts.add("B", "open the basket", () => basket.open());
shortcuts.add("1", "time", () => choose("time"));
shortcuts.add("2", "files", () => choose("files"));
shortcuts.add("t", "dark or light", theme.toggle);
shortcuts.add("?", "this list", () => shortcuts.show());
shortcuts.list("Esc", "close, or leave a field");

$("tab-time").addEventListener("click", () => choose("time"));
$("tab-files").addEventListener("click", () => choose("files"));
$("health").addEventListener("click", () => choose("files"));
$("theme").addEventListener("click", theme.toggle);
$("help").addEventListener("click", () => shortcuts.show());
follow();

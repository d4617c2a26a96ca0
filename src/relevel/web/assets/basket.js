// The basket: what is wanted back, and the two ways to have it: a new database, or a patch.

import { post } from "./api.js";
import { lineOf, plainLine } from "./bytes.js";
import { $, count, h, icon, plural } from "./dom.js";

const MOST_TOLD = 5;

// An item as it is sent back, and its bytes as they are shown.
function asSent(item) {
  if (item.kind === "version") return { ...item, key: item.key.head, shown: item.key };
  if (item.kind === "state") return { ...item, prefix: item.prefix.head, shown: item.prefix };
  return item;
}

function described(item) {
  if (item.kind === "deletions") return ["every key deleted in one run", `by changes ${count(item.first)} to ${count(item.last)}, as it was before`];
  if (item.kind === "version") return [lineOf(item.shown) || "empty key", `version ${count(item.sequence)}`];
  return [item.shown.size ? `${lineOf(item.shown)}…` : "every key", `as it was after change ${count(item.sequence)}${item.only_gone ? ", what is gone now" : ""}`];
}

// What a new database may lack: what damage has cost, and what compactions may have dropped.
function warnings({ findings, loss_count: lost, is_complete: isComplete, doubts, is_proved: isProved }) {
  const losses = findings.filter((finding) => finding.loss).slice(0, MOST_TOLD);
  const told = losses.map((finding) => h("li", {}, `${finding.code}: ${plainLine(finding.message)}`));
  if (lost > losses.length) told.push(h("li", {}, `and ${count(lost - losses.length)} more: see Files`));
  return [
    !isComplete && h("div", { id: "restored-damage", class: "warned", role: "alert" }, h("strong", {}, `Done, but ${plural(lost, "finding")}: what is damaged may be missing.`), h("ul", {}, told)),
    !isProved && h("div", { id: "restored-doubt", class: "warned", role: "alert" }, h("strong", {}, "Not proved to be all that was there then."), h("ul", {}, doubts.slice(0, MOST_TOLD).map((doubt) => h("li", {}, plainLine(doubt))))),
  ];
}

export class Basket {
  constructor(onError) {
    this.onError = onError;
    this.items = [];
    this.state = null;
    this.withRest = true;
    this.dialog = $("basket");
    this.dialog.addEventListener("click", (event) => event.target === this.dialog && this.dialog.close());
    $("open-basket").addEventListener("click", () => this.open());
  }

  open() {
    this.draw();
    if (!this.dialog.open) this.dialog.showModal();
  }

  update(state) {
    const before = JSON.stringify([this.state?.job, this.state?.basket, this.state?.phase, this.state?.refused]);
    this.state = state;
    this.items = state.basket.map(asSent);
    $("basket-count").textContent = count(this.items.length);
    $("open-basket").classList.toggle("full", this.items.length > 0);
    if (this.dialog.open && before !== JSON.stringify([state.job, state.basket, state.phase, state.refused])) this.draw();
  }

  addVersion(key, sequence) {
    return this.set([...this.items.filter((item) => item.kind !== "version" || item.key !== key.head), { kind: "version", key: key.head, sequence }]);
  }

  addState(prefix, sequence, onlyGone) {
    return this.set([...this.items.filter((item) => item.kind !== "state" || item.prefix !== prefix), { kind: "state", prefix, sequence, only_gone: onlyGone }]);
  }

  addDeletions(first, last) {
    return this.set([...this.items.filter((item) => item.kind !== "deletions" || item.first !== first), { kind: "deletions", first, last }]);
  }

  async set(items) {
    try {
      this.update(await post("/api/basket", { items: items.map(({ shown, ...item }) => item) }));
    } catch (error) {
      this.onError(error);
    }
  }

  entry(item, index) {
    const [what, how] = described(item);
    return h(
      "li",
      {},
      h("span", { class: "basket-what" }, h("strong", {}, what), h("span", { class: "hint" }, how)),
      h("button", { class: "icon", type: "button", title: "Take it out", "aria-label": `Take ${what} out`, onclick: () => this.set(this.items.filter((_, at) => at !== index)) }, icon("close")),
    );
  }

  draw() {
    const { target } = this.state;
    const isEmpty = this.items.length === 0;
    const refused = this.state.refused[this.withRest ? "with_rest" : "alone"];
    const choice = (value, title, text) =>
      h("label", { class: "choice" }, h("input", { type: "radio", name: "rest", checked: this.withRest === value, onchange: () => { this.withRest = value; this.draw(); } }), h("span", {}, h("strong", {}, title), h("span", { class: "hint" }, text)));
    this.dialog.replaceChildren(
      h("header", { class: "drawer-head" }, h("h2", {}, "Basket"), h("button", { class: "icon", type: "button", "aria-label": "Close", onclick: () => this.dialog.close() }, icon("close"))),
      isEmpty
        ? h("p", { class: "blank" }, "Nothing is in it yet. Put versions in with + or b, or all of a prefix with the button above the keys.")
        : h("ul", { class: "basket-list" }, this.items.map((item, index) => this.entry(item, index))),
      h(
        "section",
        { class: "drawer-part" },
        h("h3", {}, "Restore into a new database"),
        choice(true, "With everything else as it is now", "The database of today, and what is in the basket put back."),
        choice(false, "Only what is in the basket", "A database of its own."),
        target === null ? h("p", { class: "hint" }, "To write one from here, start with ", h("code", {}, "--restore-to DIR"), ".") : h("p", { class: "place" }, target),
        refused && h("p", { id: "restore-refused", class: "warned", role: "alert" }, plainLine(refused)),
        h("button", { id: "restore", class: "button primary", type: "button", disabled: isEmpty || target === null || Boolean(refused) || this.state.job?.running || this.state.phase !== "ready", onclick: () => this.restore() }, "Restore"),
        this.outcome(),
      ),
      h(
        "section",
        { class: "drawer-part" },
        h("h3", {}, "Or download a patch"),
        h("p", { class: "hint" }, "JSON lines that ", h("code", {}, "relevel load"), " writes into a database."),
        this.state.worst === "damage" && h("p", { id: "patch-damage", class: "warned" }, "The database is damaged: what is damaged may be missing from it, see Files."),
        this.state.refused.alone && h("p", { class: "warned" }, plainLine(this.state.refused.alone)),
        isEmpty || this.state.refused.alone || this.state.phase !== "ready" ? h("span", { class: "button disabled" }, "patch.jsonl") : h("a", { id: "patch", class: "button", href: "/download/patch.jsonl", download: "patch.jsonl" }, "patch.jsonl"),
      ),
    );
  }

  outcome() {
    const { job } = this.state;
    if (!job) return null;
    if (job.running) return h("p", { class: "hint", role: "status" }, `Writing: ${plural(job.done, "entry", "entries")} so far…`);
    if (job.error) return h("p", { class: "refused", role: "alert" }, job.error);
    return [this.written(job.report), ...warnings(job.report)];
  }

  written(report) {
    const isSure = report.is_complete && report.is_proved;
    return h("p", { id: "restored", class: isSure ? "done" : "hint", role: "status" }, `${plural(report.entry_count, "entry", "entries")} are in ${report.destination}. The database looked at was not changed.`);
  }

  async restore() {
    try {
      this.update(await post("/api/restore", { with_rest: this.withRest }));
    } catch (error) {
      this.onError(error);
    }
    this.draw();
  }
}

// The keys and what narrows them down: a key to go to, a prefix, bytes in a value, what became of them since.

import { get } from "./api.js";
import { fromText, lineOf } from "./bytes.js";
import { count, h } from "./dom.js";
import { Grid } from "./grid.js";

const KINDS = [
  ["prefix", "Prefix", "Begins with…"],
  ["key", "Go to key", "Or the first after it…"],
  ["contains", "Value", "Contains…"],
];
const SINCE = [
  ["", "All", "Every key on disk"],
  ["gone", "Gone", "There then, gone now"],
  ["changed", "Changed", "There then, with another value now"],
  ["later", "Later", "Not there then, there now"],
];

export class Keys {
  constructor(root, { onSelect, onAdd, onAddState, onError }) {
    Object.assign(this, { onAddState, onError });
    this.status = "";
    this.kind = h("select", { "aria-label": "What to search", onchange: () => this.kindChanged() }, KINDS.map(([value, label]) => h("option", { value }, label)));
    this.text = h("input", { type: "search", spellcheck: "false", autocomplete: "off", "aria-label": "Search", placeholder: KINDS[0][2] });
    this.chips = h("div", { class: "chips", role: "group", "aria-label": "What became of it since" }, SINCE.map(([value, label, title]) => h("button", { type: "button", class: "chip", title, "data-status": value, "aria-pressed": value === "", onclick: () => this.choose(value) }, label)));
    this.told = h("span", { class: "told", role: "status" });
    this.add = h("button", { class: "button small", type: "button", onclick: () => this.onAddState(this.prefix, this.status === "gone") });
    const form = h("form", { class: "search", onsubmit: (event) => this.submit(event) }, this.kind, this.text);
    this.text.addEventListener("input", () => {
      this.name();
      clearTimeout(this.waiting);
      if (this.kind.value !== "key") this.waiting = setTimeout(() => this.search(), 180);
    });
    root.append(h("div", { class: "toolbar" }, form, this.chips, h("span", { class: "spring" }), this.told, this.add));
    this.grid = new Grid(root, { onSelect, onAdd, onShown: (grid) => this.tell(grid) });
    this.name();
  }

  get prefix() {
    return this.kind.value === "prefix" ? fromText(this.text.value) : "";
  }

  kindChanged() {
    this.text.placeholder = KINDS.find(([value]) => value === this.kind.value)[2];
    this.text.focus();
    this.name();
    if (this.kind.value !== "key") this.search();
  }

  choose(status) {
    this.status = status;
    for (const chip of this.chips.children) chip.setAttribute("aria-pressed", String(chip.dataset.status === status));
    this.name();
    this.search();
  }

  // What the button puts into the basket.
  name() {
    const isPrefix = this.kind.value === "prefix" && this.text.value !== "";
    const what = isPrefix ? `all of “${lineOf({ head: this.prefix, size: this.text.value.length })}”` : "everything";
    this.add.textContent = this.status === "gone" ? `Add ${what} that is gone` : `Add ${what}`;
    this.add.title = "As it was after the change looked at (a)";
  }

  submit(event) {
    event.preventDefault();
    if (this.kind.value === "key") this.goTo();
    else this.search();
    this.grid.body.focus();
  }

  search() {
    clearTimeout(this.waiting);
    const text = this.kind.value === "key" ? "" : this.text.value;
    const parameters = {};
    if (text) parameters[this.kind.value] = fromText(text);
    if (this.status) parameters.status = this.status;
    this.grid.setQuery(Object.keys(parameters).length ? { parameters } : null).catch(this.onError);
  }

  async goTo() {
    try {
      if (this.grid.query) this.choose("");
      const { row } = await get("/api/position", { key: fromText(this.text.value) });
      this.grid.reveal(row);
    } catch (error) {
      this.onError(error);
    }
  }

  tell(grid) {
    if (!grid.isKnown) this.told.textContent = "";
    else if (!grid.query) this.told.textContent = grid.total ? `${count(grid.total)} keys` : "";
    else this.told.textContent = grid.next === null ? `${count(grid.window.rows.length)} keys` : `${count(grid.window.rows.length)} keys and more`;
  }
}

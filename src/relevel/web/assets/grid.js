// The keys, as many as there are: only the rows in sight are asked for and made.
//
// Without a search a row has a number that stays the same at every sequence number, so rows are asked for by number. A search
// gives a list that grows as one scrolls.

import { get, newest } from "./api.js";
import { count, h } from "./dom.js";
import { rowOf } from "./rows.js";

export const ROW = 30;
const AROUND = 40;
const LONGEST = 8_000_000; // pixels; browsers draw nothing that is much longer
const PAGE = 200;

export class Grid {
  constructor(root, { onSelect, onAdd, onShown }) {
    Object.assign(this, { onSelect, onAdd, onShown });
    this.total = 0;
    this.top = 0;
    this.at = null;
    this.query = null;
    this.window = { first: 0, rows: [] };
    this.next = null;
    this.isKnown = true;
    this.selected = null;
    this.isTold = true;
    this.expected = 0;
    this.load = newest(() => this.fetch());
    this.layer = h("div", { class: "layer" });
    this.spacer = h("div", { class: "spacer" });
    this.body = h("div", { class: "grid-body", role: "grid", tabindex: 0, "aria-label": "Keys, then and now" }, this.layer, this.spacer);
    this.headRow = this.head();
    root.append(this.headRow, this.body);
    this.body.addEventListener("scroll", () => this.scrolled());
    this.body.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    this.body.addEventListener("keydown", (event) => this.key(event));
    new ResizeObserver(() => this.reload()).observe(this.body);
  }

  head() {
    const cell = (name, text) => h("span", { class: `cell ${name}` }, text);
    this.thenHead = cell("then", "Then");
    return h("div", { class: "row head" }, cell("sign", ""), cell("key", "Key"), this.thenHead, cell("now", "Now"), cell("versions", "Versions"), cell("add", ""));
  }

  get visible() {
    return Math.ceil(this.body.clientHeight / ROW);
  }

  get length() {
    return this.query ? this.window.rows.length : this.total;
  }

  get row() {
    return this.selected === null ? null : this.window.rows[this.selected - this.window.first] || null;
  }

  setTotal(total) {
    this.total = total;
    this.layOut();
    this.reload();
  }

  // Look at another sequence number; rows stay where they are.
  setAt(at) {
    this.at = at;
    this.thenHead.textContent = at === null ? "Then" : `After change ${count(at)}`;
    return this.load();
  }

  setQuery(query) {
    this.query = query;
    this.window = { first: 0, rows: [] };
    this.next = null;
    this.selected = null;
    this.scrollTo(0);
    return this.load();
  }

  layOut() {
    const height = this.length * ROW;
    this.spacer.style.height = `${Math.max(0, Math.min(height, LONGEST) - this.body.clientHeight)}px`;
    this.headRow.style.paddingRight = `${8 + this.body.offsetWidth - this.body.clientWidth}px`;
    this.scale = height > LONGEST ? height / LONGEST : 1;
  }

  reload() {
    this.layOut();
    return this.load();
  }

  // Of another database nothing that is here counts.
  renew() {
    if (this.query) this.query.shownAt = undefined;
    return this.reload();
  }

  async fetch() {
    const at = this.at;
    if (this.query) await this.fetchList(at);
    else await this.fetchWindow(at);
    this.layOut();
    this.draw();
    this.body.dataset.at = at === null ? "" : at;
    this.tell();
    this.onShown(this);
  }

  async fetchWindow(at) {
    const first = Math.max(0, Math.floor(this.top) - AROUND);
    const answer = await get("/api/rows", { at, row: first, limit: this.visible + 2 * AROUND });
    if (this.query) return;
    this.isKnown = answer.is_known;
    this.window = { first, rows: answer.rows };
    if (this.total === 0) this.next = answer.next;
  }

  async fetchList(at) {
    const query = this.query;
    const isSame = query.shownAt === at && this.window.rows.length > 0;
    const needed = Math.floor(this.top) + this.visible + AROUND;
    let rows = isSame ? this.window.rows : [];
    let start = isSame ? this.next : query.start || undefined;
    this.body.classList.toggle("searching", start !== null && rows.length < needed);
    while (start !== null && rows.length < needed && this.query === query && this.at === at) {
      const answer = await get("/api/rows", { at, ...query.parameters, start, limit: PAGE });
      rows = rows.concat(answer.rows);
      start = answer.next;
      this.isKnown = answer.is_known;
      query.looked = (query.looked || 0) + answer.looked_at;
      if (rows.length > 0 && this.query === query) {
        this.window = { first: 0, rows };
        this.layOut();
        this.draw();
      }
    }
    this.body.classList.remove("searching");
    if (this.query !== query) return;
    query.shownAt = at;
    this.window = { first: 0, rows };
    this.next = start;
  }

  draw() {
    const first = Math.floor(this.top);
    const { rows } = this.window;
    const drawn = [];
    for (let index = first; index <= first + this.visible; index += 1) {
      const row = rows[index - this.window.first];
      if (!row) continue;
      const element = rowOf(row, index, { selected: index === this.selected, onSelect: (at) => this.select(at), onAdd: this.onAdd });
      element.style.top = `${(index - this.top) * ROW}px`;
      drawn.push(element);
    }
    if (drawn.length === 0 && this.window.rows.length === 0) drawn.push(h("p", { class: "empty" }, this.nothing));
    this.layer.replaceChildren(...drawn);
    this.layer.style.height = `${this.body.clientHeight}px`;
    this.body.setAttribute("aria-rowcount", this.query && this.next !== null ? -1 : this.length + 1);
    if (this.selected !== null) this.body.setAttribute("aria-activedescendant", `row-${this.selected}`);
  }

  // Why no row is shown.
  get nothing() {
    if (!this.isKnown) return "What was there then is not known yet: the database is still being read.";
    return this.query ? "No key fits." : "No key is here.";
  }

  get last() {
    return Math.max(0, this.length - this.body.clientHeight / ROW);
  }

  scrollTo(row) {
    this.top = Math.min(Math.max(0, row), this.last);
    const range = this.body.scrollHeight - this.body.clientHeight;
    this.expected = this.scale > 1 ? (this.top / Math.max(1, this.last)) * range : this.top * ROW;
    this.body.scrollTop = this.expected;
    this.moved();
  }

  scrolled() {
    if (Math.abs(this.body.scrollTop - this.expected) < 1.5) return;
    this.expected = this.body.scrollTop;
    const range = this.body.scrollHeight - this.body.clientHeight;
    this.top = this.scale > 1 ? (this.expected / Math.max(1, range)) * this.last : this.expected / ROW;
    this.moved();
  }

  wheel(event) {
    if (!(this.scale > 1) || event.ctrlKey) return;
    event.preventDefault();
    this.scrollTo(this.top + event.deltaY / ROW);
  }

  // What is in sight may not be here yet.
  moved() {
    this.draw();
    const { first, rows } = this.window;
    const end = first + rows.length;
    const isHere = this.top >= first && (this.top + this.visible <= end || end >= this.length);
    const isList = this.query && (this.next === null || this.top + this.visible + AROUND / 2 < rows.length);
    if (this.query ? !isList : !isHere) this.load();
  }

  select(index) {
    if (index < 0 || index >= this.length) return;
    this.selected = index;
    if (index < this.top) this.scrollTo(index);
    else if (index + 1 > this.top + this.body.clientHeight / ROW) this.scrollTo(index + 1 - Math.floor(this.body.clientHeight / ROW));
    else this.draw();
    this.isTold = false;
    this.tell();
  }

  // Tell of the chosen row, once it is here.
  tell() {
    if (this.isTold || !this.row) return;
    this.isTold = true;
    this.onSelect(this.row);
  }

  // Bring a row into sight and choose it.
  reveal(index) {
    this.scrollTo(index - Math.floor(this.visible / 3));
    this.select(index);
  }

  key(event) {
    const page = Math.max(1, this.visible - 2);
    const here = this.selected ?? Math.floor(this.top) - 1;
    const steps = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1, PageDown: page, PageUp: -page };
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key in steps) this.select(Math.min(Math.max(0, here + steps[event.key]), this.length - 1));
    else if (event.key === "Home") this.select(0);
    else if (event.key === "End") this.select(this.length - 1);
    else return;
    event.preventDefault();
  }
}

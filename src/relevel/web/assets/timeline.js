// The timeline: puts above the line, deletions below it, by sequence number; and the slider that chooses one.

import { get, newest } from "./api.js";
import { count, h, icon, plural, svg } from "./dom.js";

const HALF = 38;
const HEIGHT = 2 * HALF;
const NARROWEST = 20;
const MOST_MARKS = 12;

const DAY = new Intl.DateTimeFormat("sv-SE", { dateStyle: "short" });
const TIME = new Intl.DateTimeFormat("sv-SE", { timeStyle: "medium" });

// Between which times, in words; the day once where it is one.
function span(first, last) {
  const [from, to] = [first, last].map((time) => (time === null ? null : new Date(time)));
  const full = (time) => `${DAY.format(time)} ${TIME.format(time)}`;
  if (from === null && to === null) return "";
  if (from === null) return `estimated before ${full(to)}`;
  if (to === null) return `estimated after ${full(from)}`;
  if (full(from) === full(to)) return `estimated ${full(from)}`;
  return `estimated ${full(from)} to ${DAY.format(from) === DAY.format(to) ? TIME.format(to) : full(to)}`;
}

export class Timeline {
  constructor(root, onChange, onError) {
    Object.assign(this, { onChange, onError });
    this.sequence = this.oldest = this.newest = 0;
    this.view = { first: 0, last: 0 };
    this.runs = [];
    this.horizon = null;
    this.data = null;
    this.load = newest(() => this.fetch());
    this.build(root);
    new ResizeObserver(() => this.data && this.load()).observe(this.chart);
  }

  build(root) {
    this.number = h("input", { class: "sequence", "aria-label": "Sequence number, or a time", title: "A sequence number, or a time: 2026-11-21 04:00", spellcheck: "false" });
    this.number.addEventListener("change", () => this.typed(this.number.value.trim()));
    this.doubt = h("span", { class: "pill doubt", hidden: true }, "not all is known here");
    this.when = h("span", { class: "when" });
    this.slider = h("input", { type: "range", class: "slider", min: 0, max: 0, "aria-label": "Sequence number looked at" });
    this.slider.addEventListener("input", () => this.go(Number(this.slider.value)));
    this.chart = svg("svg", { class: "chart", height: HEIGHT, role: "img", "aria-label": "Puts and deletions by sequence number" });
    this.marks = h("div", { class: "marks" });
    this.ticks = h("div", { class: "ticks", "aria-hidden": "true" });
    this.playhead = h("div", { class: "playhead", "aria-hidden": "true" });
    this.future = h("div", { class: "future", "aria-hidden": "true" });
    this.plot = h("div", { class: "plot" }, this.marks, this.chart, this.future, this.playhead);
    const step = (by, label, title) => h("button", { class: "icon", type: "button", title, "aria-label": title, onclick: () => this.go(this.sequence + by) }, icon(label));
    const zoom = (label, title, act) => h("button", { class: "icon", type: "button", title, "aria-label": title, onclick: act }, icon(label));
    root.append(
      h(
        "div",
        { class: "timeline-head" },
        h("h2", {}, "As it was after change"),
        h("span", { class: "stepper" }, step(-1, "back", "One change back ([)"), this.number, step(1, "on", "One change on (])")),
        h("button", { class: "button small", type: "button", title: "The newest change (n)", onclick: () => this.go(this.newest) }, "Now"),
        this.when,
        this.doubt,
        h("span", { class: "spring" }),
        h("span", { class: "legend" }, h("i", { class: "swatch put" }), "puts", h("i", { class: "swatch delete" }), "deletions", h("i", { class: "swatch none" }), "no longer on disk"),
        h(
          "span",
          { class: "zoom" },
          zoom("less", "Zoom out (-)", () => this.zoom(2)),
          zoom("add", "Zoom in (+)", () => this.zoom(0.5)),
          zoom("all", "Show all (0)", () => this.show(this.oldest, this.newest)),
        ),
      ),
      this.plot,
      this.slider,
      this.ticks,
    );
    this.plot.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    this.plot.addEventListener("pointerdown", (event) => this.press(event));
  }

  // The range is known: draw all of it, at the newest change.
  open(oldest, newestNumber, sequence) {
    [this.oldest, this.newest] = [oldest, newestNumber];
    this.sequence = Math.min(sequence ?? newestNumber, newestNumber);
    this.show(oldest, newestNumber);
    this.tellWhen();
  }

  go(sequence) {
    this.sequence = Math.min(Math.max(Math.round(sequence) || 0, Math.max(0, this.oldest - 1)), this.newest);
    const span = this.view.last - this.view.first;
    if (this.sequence < this.view.first - 1 || this.sequence > this.view.last) {
      this.show(this.sequence - span / 2, this.sequence + span / 2);
    }
    this.place();
    this.when.textContent = "";
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => this.tellWhen(), 150);
    this.onChange(this.sequence);
  }

  // A number, or a time, of which the last change before it is an estimate.
  async typed(text) {
    this.number.blur();
    if (/^[\d,. ]+$/.test(text)) this.go(Number(text.replace(/\D/g, "")));
    else {
      try {
        this.go((await get("/api/before", { time: text })).sequence);
      } catch (error) {
        this.place();
        this.onError(error);
      }
    }
  }

  async tellWhen() {
    const sequence = this.sequence;
    try {
      const moment = await get("/api/when", { sequence });
      if (sequence !== this.sequence) return;
      this.when.textContent = span(moment.not_before, moment.not_after);
      this.when.title = ["LevelDB stores no clock: this is an estimate.", ...moment.evidence].join("\n");
    } catch {
      this.when.textContent = "";
    }
  }

  zoom(factor, center = this.sequence) {
    const { first, last } = this.view;
    const span = Math.max(NARROWEST, (last - first) * factor);
    const share = last > first ? (center - first) / (last - first) : 0.5;
    this.show(center - span * share, center + span * (1 - share));
  }

  show(first, last) {
    const whole = this.newest - this.oldest;
    const span = Math.min(whole, Math.max(last - first, Math.min(whole, NARROWEST)));
    const begin = Math.min(Math.max(Math.round(first), this.oldest), this.newest - Math.floor(span));
    this.view = { first: begin, last: Math.min(this.newest, Math.round(begin + span)) };
    this.slider.min = Math.max(0, this.view.first - 1);
    this.slider.max = this.view.last;
    this.place();
    this.load();
  }

  async fetch() {
    const width = Math.max(100, Math.round(this.chart.getBoundingClientRect().width));
    const data = await get("/api/timeline", { first: this.view.first, last: this.view.last, buckets: width });
    if (data === null) return;
    this.data = data;
    this.draw(width);
  }

  x(sequence, width) {
    const { first, last } = this.view;
    return ((sequence - first) / Math.max(1, last + 1 - first)) * width;
  }

  draw(width) {
    const { puts, deletions, first, width: step } = this.data;
    const area = (counts, side) => {
      let path = `M${this.x(first, width).toFixed(1)} ${HALF}`;
      counts.forEach((found, index) => {
        const y = HALF - side * Math.min(1, found / step) * (HALF - 2);
        path += `V${y.toFixed(1)}H${this.x(first + (index + 1) * step, width).toFixed(1)}`;
      });
      return `${path}V${HALF}Z`;
    };
    this.chart.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
    this.chart.replaceChildren(
      svg("path", { class: "put", d: area(puts, 1) }),
      svg("path", { class: "delete", d: area(deletions, -1) }),
      svg("line", { class: "axis", x1: 0, x2: width, y1: HALF, y2: HALF }),
    );
    this.drawMarks(width);
    this.drawTicks(width);
    this.place();
  }

  drawMarks(width) {
    const { first, last } = this.view;
    const seen = this.runs.filter((run) => run.last >= first && run.first <= last).slice(0, MOST_MARKS);
    const taken = [];
    this.marks.replaceChildren(
      ...seen.map((run) => {
        const [left, right] = [Math.max(0, this.x(run.first, width)), Math.min(width, this.x(run.last + 1, width))];
        const middle = Math.min(Math.max((left + right) / 2, 70), width - 70);
        const isFree = taken.every((other) => Math.abs(other - middle) > 150);
        if (isFree) taken.push(middle);
        const label = isFree ? plural(run.count, "deletion") : "";
        const title = `${plural(run.count, "deletion")} in one run, ${count(run.first)} to ${count(run.last)}: look at the state before`;
        const mark = h("button", { class: isFree ? "mark-run" : "mark-run bare", type: "button", title, "aria-label": title, onclick: () => this.go(run.first - 1) }, label);
        mark.style.left = `${isFree ? middle : (left + right) / 2}px`;
        return mark;
      }),
    );
  }

  drawTicks(width) {
    const { first, last } = this.view;
    const rough = (last - first) / Math.max(2, width / 130);
    const power = 10 ** Math.floor(Math.log10(Math.max(1, rough)));
    const step = Math.max(1, [1, 2, 5, 10].map((factor) => factor * power).find((found) => found >= rough) || 10 * power);
    const ticks = [];
    for (let at = Math.ceil(first / step) * step; at <= last; at += step) {
      const tick = h("span", {}, count(at));
      const x = this.x(at, width);
      if (x > width - 40 || (x < 20 && x > 0)) continue;
      tick.style.left = `${x}px`;
      ticks.push(tick);
    }
    this.ticks.replaceChildren(...ticks);
  }

  place() {
    const width = this.chart.getBoundingClientRect().width;
    const x = this.x(this.sequence + 1, width);
    this.playhead.hidden = x < -1 || x > width + 1;
    this.future.style.left = `${Math.min(Math.max(x, 0), width)}px`;
    this.playhead.style.left = `${Math.min(Math.max(x, 0), width)}px`;
    this.slider.value = this.sequence;
    this.doubt.hidden = this.isComplete();
    this.doubt.title = this.horizon ? this.horizon.reason : "";
    this.slider.setAttribute("aria-valuetext", `after change ${count(this.sequence)} of ${count(this.newest)}`);
    if (document.activeElement !== this.number) this.number.value = count(this.sequence);
  }

  // Whether all that was there is still on disk.
  isComplete() {
    if (!this.horizon) return true;
    const { sequence, gap } = this.horizon;
    return (gap !== null && this.sequence < gap) || (sequence !== null && this.sequence >= sequence);
  }

  at(event) {
    const box = this.chart.getBoundingClientRect();
    const { first, last } = this.view;
    return first - 1 + ((event.clientX - box.left) / box.width) * (last + 1 - first);
  }

  wheel(event) {
    event.preventDefault();
    const { first, last } = this.view;
    if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
      const by = ((event.deltaX || event.deltaY) / 800) * (last - first);
      this.show(first + by, last + by);
    } else {
      this.zoom(Math.exp(event.deltaY / 400), this.at(event));
    }
  }

  press(event) {
    if (event.button !== 0 || event.target.closest("button")) return;
    this.plot.setPointerCapture(event.pointerId);
    const move = (moved) => this.go(this.at(moved));
    const end = () => {
      this.plot.removeEventListener("pointermove", move);
      this.plot.removeEventListener("pointerup", end);
      this.plot.removeEventListener("pointercancel", end);
    };
    this.plot.addEventListener("pointermove", move);
    this.plot.addEventListener("pointerup", end);
    this.plot.addEventListener("pointercancel", end);
    move(event);
    this.slider.focus({ preventScroll: true });
  }
}

// The files: levels as strips, what every byte is, and what is wrong.

import { get } from "./api.js";
import { lineOf } from "./bytes.js";
import { count, h, plural, size } from "./dom.js";

const PROOFS = {
  manifest: "proved by a whole manifest",
  "partial-manifest": "a damaged manifest says part of it",
  "log-file": "no manifest, but LOG says it",
  none: "no manifest: not proved",
};
const WORST = ["lost", "missing", "unseen", "salvaged", "healed", "spared", "intact"];
const LEGEND = [["intact", "intact"], ["healed", "put back"], ["salvaged", "saved in part"], ["spared", "damaged, nothing lost"], ["lost", "lost"], ["unseen", "too large to be looked at"], ["past", "no longer counts"]];
const WORDS = Object.fromEntries(LEGEND);
const MOST_ROWS = 400;
const KEY = 40;

const short = (key) => {
  const text = lineOf(key);
  return text.length > KEY ? `${text.slice(0, KEY)}…` : text || "empty key";
};
const isPast = (file) => !["live", "unproven", "missing"].includes(file.standing);
const placeOf = (file) => (file.standing === "live" || file.standing === "unproven" ? (file.level === null ? file.kind : `level ${file.level}`) : file.standing);
const worstOf = (file) => (file.missing ? "lost" : WORST.find((look) => file.strip.some((piece) => piece[2] === look)) || "intact");

export class Files {
  constructor(root, onError) {
    Object.assign(this, { root, onError });
    this.width = "size";
    this.data = null;
    this.chosen = null;
  }

  async load(state) {
    try {
      this.state = state;
      this.data = await get("/api/overview");
      this.draw();
    } catch (error) {
      this.onError(error);
    }
  }

  draw() {
    if (this.data === null) {
      this.root.replaceChildren(h("p", { class: "blank" }, "The files are being read…"));
      return;
    }
    this.root.replaceChildren(this.summary(), this.levels(), h("div", { class: "two" }, this.table(), this.findings()));
  }

  summary() {
    const { data, state } = this;
    const bytes = data.files.reduce((sum, file) => sum + file.size, 0);
    const fact = (name, value, hint = "") => h("div", { class: "fact" }, h("dt", {}, name), h("dd", {}, value, hint && h("span", { class: "hint" }, hint)));
    const standing = Object.entries(data.size_by_standing).filter(([, found]) => found).map(([name, found]) => `${size(found)} ${name}`).join(" · ");
    const codecs = Object.entries(data.codecs);
    return h(
      "dl",
      { class: "facts" },
      fact("Written by", data.producer),
      fact("Order of keys", data.comparator || "not known"),
      fact("What counts", PROOFS[data.proof] || data.proof, data.manifest || ""),
      fact("On disk", `${size(bytes)} in ${plural(data.file_count, "file")}`, standing),
      fact("Keys on disk", state.key_count === null ? "being counted" : count(state.key_count), "whatever became of them"),
      fact("Changes", state.newest ? `${count(state.oldest)} to ${count(state.newest)}` : "being counted", "sequence numbers"),
      fact("Decoded as", state.decoder || "being guessed", state.guess ? `a guess: ${state.guess}` : ""),
      fact("Blocks", codecs.length ? codecs.map(([name, found]) => `${count(found)} ${name === "none" ? "not compressed" : name}`).join(" · ") : "none"),
    );
  }

  levels() {
    const files = this.data.files.filter((file) => (file.kind === "table" || file.kind === "log") && file.standing !== "stranger");
    const groups = new Map();
    for (const file of files) {
      const name = isPast(file) ? file.standing : file.level === null ? (file.kind === "log" ? "logs" : file.standing) : `level ${file.level}`;
      groups.set(name, [...(groups.get(name) || []), file]);
    }
    const order = (name) => (name === "logs" ? -1 : name.startsWith("level") ? Number(name.slice(6)) : 100);
    const names = [...groups.keys()].sort((one, other) => order(one) - order(other));
    const largest = Math.max(1, ...names.map((name) => groups.get(name).reduce((sum, file) => sum + file.size + file.missing, 0)));
    const choice = (value, label) => h("button", { type: "button", "aria-pressed": this.width === value, disabled: value === "keys" && !this.data.ranks, onclick: () => { this.width = value; this.draw(); } }, label);
    return h(
      "section",
      { class: "panel" },
      h("header", { class: "panel-head" }, h("h2", {}, "Levels"), h("div", { class: "segments" }, choice("size", "By size"), choice("keys", "By keys")), h("span", { class: "spring" }), h("span", { class: "legend" }, LEGEND.map(([look, label]) => [h("i", { class: `swatch ${look}` }), label]).flat())),
      h("div", { class: "level-list" }, names.map((name) => this.level(name, groups.get(name), largest))),
    );
  }

  level(name, files, largest) {
    const track = h("div", { class: "track" });
    let offset = 0;
    for (const file of files) {
      const bytes = file.size + file.missing;
      const rank = this.data.ranks?.[file.name];
      let place = [offset / largest, bytes / largest];
      if (this.width === "keys") {
        if (!rank || !this.state.key_count) continue;
        place = [rank[0] / this.state.key_count, Math.max(0, rank[1] - rank[0]) / this.state.key_count];
      }
      offset += bytes;
      const keys = file.keys?.lower ? `\n${short(file.keys.lower)} … ${short(file.keys.upper)}` : "";
      const segment = h("button", { class: `segment ${isPast(file) ? "past" : file.size ? "intact" : "missing"}`, type: "button", "aria-label": `${file.name}, ${size(bytes)}`, title: `${file.name} · ${size(bytes)} · ${WORDS[worstOf(file)]}${keys}`, onclick: () => this.choose(file.name) }, this.hurts(file, bytes));
      segment.style.left = `${place[0] * 100}%`;
      segment.style.width = `max(3px, ${place[1] * 100}% - 1px)`;
      track.append(segment);
    }
    const bytes = files.reduce((sum, file) => sum + file.size, 0);
    return h("div", { class: "level" }, h("span", { class: "level-name" }, name), track, h("span", { class: "level-size" }, `${plural(files.length, "file")} · ${size(bytes)}`));
  }

  // Where in a file something is damaged.
  hurts(file, bytes) {
    return file.strip
      .filter(([, , look]) => look !== "intact")
      .map(([offset, length, look]) => {
        const mark = h("i", { class: look });
        mark.style.left = `${(offset / bytes) * 100}%`;
        mark.style.width = `max(2px, ${(length / bytes) * 100}%)`;
        return mark;
      });
  }

  choose(name) {
    this.chosen = name;
    for (const row of this.root.querySelectorAll(".file")) {
      const isIt = row.dataset.name === name;
      row.classList.toggle("chosen", isIt);
      if (isIt) row.scrollIntoView({ block: "nearest" });
    }
  }

  table() {
    const { files, file_count: all } = this.data;
    const shown = files.slice(0, MOST_ROWS);
    return h(
      "section",
      { class: "panel" },
      h("header", { class: "panel-head" }, h("h2", {}, "Damage map"), h("span", { class: "hint" }, shown.length < all ? `${count(shown.length)} of ${count(all)} files, the worst hurt among them` : "every file from its first byte to its last")),
      h("div", { class: "file-list" }, shown.map((file) => this.file(file))),
    );
  }

  file(file) {
    const whole = Math.max(1, file.size + file.missing);
    const strip = h("div", { class: "strip" });
    for (const [, length, look] of [...file.strip, ...(file.missing ? [[file.size, file.missing, "missing"]] : [])]) {
      const piece = h("i", { class: look === "intact" && isPast(file) ? "past" : look });
      piece.style.flexGrow = length / whole;
      if (look !== "intact") piece.title = `${size(length)} ${look}`;
      strip.append(piece);
    }
    const facts = [placeOf(file), size(file.size)];
    if (file.entries) facts.push(plural(file.entries, "entry", "entries"));
    if (file.sequences) facts.push(`changes ${count(file.sequences[0])} to ${count(file.sequences[1])}`);
    return h(
      "div",
      { class: `file${this.chosen === file.name ? " chosen" : ""}`, "data-name": file.name },
      h("div", { class: "file-line" }, h("strong", {}, file.name), h("span", { class: "hint" }, facts.join(" · "))),
      strip,
      file.keys?.lower ? h("div", { class: "file-keys" }, `${short(file.keys.lower)} … ${short(file.keys.upper)}`) : null,
    );
  }

  findings() {
    const { findings, finding_count: all } = this.data;
    return h(
      "section",
      { class: "panel" },
      h("header", { class: "panel-head" }, h("h2", {}, "Findings"), h("span", { class: "hint" }, findings.length < all ? `${count(findings.length)} of ${count(all)}, the worst first` : all ? plural(all, "finding") : "")),
      findings.length === 0 ? h("p", { class: "blank" }, "Nothing is wrong: every block and record was read and verified.") : h("ul", { class: "finding-list" }, findings.map((finding) => this.finding(finding))),
    );
  }

  finding(finding) {
    const { span } = finding;
    const where = span.size ? `${span.file} at ${count(span.offset)}, ${size(span.size)}` : `${span.file}${span.offset ? ` at ${count(span.offset)}` : ""}`;
    const unseen = this.state.unseen.first.find((other) => other.span.file === span.file && other.span.offset === span.offset && other.code === finding.code);
    const range = unseen ? unseen.keys : finding.keys;
    const keys = range && (range.lower || range.upper) ? `Keys at risk: ${range.lower ? short(range.lower) : "the first"} … ${range.upper ? short(range.upper) : "the last"}` : null;
    return h(
      "li",
      { class: "finding" },
      h("div", {}, h("span", { class: `pill ${finding.severity}` }, finding.severity), h("code", {}, finding.code)),
      h("p", {}, finding.message),
      h("button", { class: "link", type: "button", onclick: () => this.choose(span.file) }, where),
      keys ? h("p", { class: "hint" }, keys) : null,
      h("p", { class: "hint" }, finding.next_step),
      unseen ? h("p", { class: "command" }, h("code", {}, unseen.command)) : null,
    );
  }
}

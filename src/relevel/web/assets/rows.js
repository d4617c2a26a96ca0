// One row of the keys: what it was then, beside what it is now.

import { lineOf, plainLine } from "./bytes.js";
import { count, h, icon, size } from "./dom.js";

export const STATUS = {
  same: { sign: "", title: "As it is now" },
  changed: { sign: "≠", title: "Has another value now" },
  gone: { sign: "−", title: "Was there, is gone now" },
  later: { sign: "+", title: "Not there yet, came later" },
  absent: { sign: "·", title: "Not there, neither then nor now; versions of it are on disk" },
};

const LEAD = 24;

const WORD = /[\p{L}\p{N}_.]+|\s+|[^\p{L}\p{N}_.\s]/gu;

// How long the longest row of words is that both have from each pair of places on.
function lengths(one, other) {
  const table = Array.from({ length: one.length + 1 }, () => new Uint16Array(other.length + 1));
  for (let i = one.length - 1; i >= 0; i -= 1) {
    for (let j = other.length - 1; j >= 0; j -= 1) {
      table[i][j] = one[i] === other[j] ? table[i + 1][j + 1] + 1 : Math.max(table[i + 1][j], table[i][j + 1]);
    }
  }
  return table;
}

// The words of two lines, each with whether the other line has it too.
function compared(one, other) {
  const [left, right] = [one, other].map((text) => text.match(WORD) || []);
  const table = lengths(left, right);
  const found = [[], []];
  let [i, j] = [0, 0];
  while (i < left.length || j < right.length) {
    if (i < left.length && j < right.length && left[i] === right[j]) {
      found[0].push([left[i], true]);
      found[1].push([right[j], true]);
      [i, j] = [i + 1, j + 1];
    } else if (j >= right.length || (i < left.length && table[i + 1][j] >= table[i][j + 1])) {
      found[0].push([left[i], false]);
      i += 1;
    } else {
      found[1].push([right[j], false]);
      j += 1;
    }
  }
  return found;
}

// Words joined to pieces; of what both begin with, the end.
function marked(words, tag, value) {
  const pieces = [];
  for (const [word, isShared] of words) {
    const last = pieces.at(-1);
    if (last && last[1] === isShared) last[0] += word;
    else pieces.push([word, isShared]);
  }
  if (pieces.length > 1 && pieces[0][1] && pieces[0][0].length > LEAD) pieces[0][0] = `…${pieces[0][0].slice(1 - LEAD)}`;
  return [...pieces.map(([text, isShared]) => (isShared ? text : h(tag, {}, text))), more(value)];
}

const more = (value) => {
  const shown = Math.floor((value.head.length * 3) / 4);
  return shown < value.size ? h("span", { class: "more" }, ` … ${size(value.size)}`) : null;
};

function plain(value) {
  return [value.size === 0 ? h("span", { class: "hint" }, "empty") : lineOf(value), more(value)];
}

function then(row) {
  const { status } = row;
  if (status === "changed") return marked(compared(lineOf(row.then.value), lineOf(row.now.value))[0], "del", row.then.value);
  if (row.then?.value) return plain(row.then.value);
  if (row.then) return [h("span", { class: "hint" }, `deleted by ${count(row.then.sequence)}`)];
  return [h("span", { class: "hint" }, "not there yet")];
}

function now(row) {
  const { status } = row;
  if (status === "changed") return marked(compared(lineOf(row.then.value), lineOf(row.now.value))[1], "ins", row.now.value);
  if (row.now?.value) return plain(row.now.value);
  const { sequence, type } = row.newest;
  return [h("span", { class: "hint" }, type === "delete" ? `deleted by ${count(sequence)}` : "gone, and nothing says how")];
}

const doubt = (row) => (row.in_doubt ? h("span", { class: "pill doubt", title: "Another version of this key may be in what is too large to be looked at" }, "in doubt") : null);

function named(row) {
  if (row.decoded) return h("span", { title: lineOf(row.key) }, plainLine(row.decoded));
  return lineOf(row.key) || h("span", { class: "hint" }, "empty key");
}

export function rowOf(row, index, { selected, onSelect, onAdd }) {
  const { sign, title } = STATUS[row.status];
  const canAdd = Boolean(row.then?.value);
  return h(
    "div",
    {
      class: `row ${row.status}`,
      role: "row",
      id: `row-${index}`,
      "aria-rowindex": index + 2,
      "aria-selected": selected ? "true" : "false",
      onclick: () => onSelect(index, row),
    },
    h("span", { class: "cell sign", role: "gridcell", title, "aria-label": title }, sign),
    h("span", { class: "cell key", role: "gridcell" }, doubt(row), named(row)),
    h("span", { class: "cell then", role: "gridcell" }, then(row)),
    h("span", { class: "cell now", role: "gridcell" }, now(row)),
    h("span", { class: "cell versions", role: "gridcell", title: "Versions on disk" }, count(row.versions)),
    h(
      "span",
      { class: "cell add", role: "gridcell" },
      h(
        "button",
        {
          type: "button",
          tabindex: -1,
          disabled: !canAdd,
          title: canAdd ? "Put this version into the basket (b)" : "There is no value here",
          "aria-label": "Put this version into the basket",
          onclick: (event) => {
            event.stopPropagation();
            onAdd(row);
          },
        },
        icon("add"),
      ),
    ),
  );
}

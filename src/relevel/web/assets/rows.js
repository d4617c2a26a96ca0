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

// Two lines of text and where they differ: the part that both begin with, the middles, the part that both end with.
function parted(one, other) {
  const least = Math.min(one.length, other.length);
  let start = 0;
  while (start < least && one[start] === other[start]) start += 1;
  let end = 0;
  while (end < least - start && one[one.length - 1 - end] === other[other.length - 1 - end]) end += 1;
  const cut = (text) => {
    const before = text.slice(0, start);
    return [before.length > LEAD ? `…${before.slice(-LEAD + 1)}` : before, text.slice(start, text.length - end), text.slice(text.length - end)];
  };
  return [cut(one), cut(other)];
}

const more = (value) => {
  const shown = Math.floor((value.head.length * 3) / 4);
  return shown < value.size ? h("span", { class: "more" }, ` … ${size(value.size)}`) : null;
};

function plain(value) {
  return [value.size === 0 ? h("span", { class: "hint" }, "empty") : lineOf(value), more(value)];
}

function marked(parts, tag, value) {
  return [parts[0], h(tag, {}, parts[1]), parts[2], more(value)];
}

function then(row) {
  const { status } = row;
  if (status === "changed") return marked(parted(lineOf(row.then.value), lineOf(row.now.value))[0], "del", row.then.value);
  if (row.then?.value) return plain(row.then.value);
  if (row.then) return [h("span", { class: "hint" }, `deleted by ${count(row.then.sequence)}`)];
  return [h("span", { class: "hint" }, "not there yet")];
}

function now(row) {
  const { status } = row;
  if (status === "changed") return marked(parted(lineOf(row.then.value), lineOf(row.now.value))[1], "ins", row.now.value);
  if (row.now?.value) return plain(row.now.value);
  const { sequence, type } = row.newest;
  return [h("span", { class: "hint" }, type === "delete" ? `deleted by ${count(sequence)}` : "gone, and nothing says how")];
}

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
    h("span", { class: "cell key", role: "gridcell" }, named(row)),
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

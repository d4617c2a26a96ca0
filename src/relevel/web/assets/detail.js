// The selected key: its versions with where they lie, and the value of one of them.

import { downloadOf, get } from "./api.js";
import { decode, hexOf, jsonOf, lineOf, plainLine, plainText, textOf } from "./bytes.js";
import { count, h, icon, plural, size } from "./dom.js";

const STATES = { live: "what it is now", shadowed: "overwritten", deleted: "deleted", unknown: "not proved" };

export class Detail {
  constructor(root, { onGo, onAdd, onError }) {
    Object.assign(this, { root, onGo, onAdd, onError });
    this.key = null;
    this.form = null;
    this.clear();
  }

  clear() {
    this.key = null;
    this.root.replaceChildren(h("div", { class: "blank" }, h("p", {}, "Choose a key to see every version of it that is still on disk."), h("p", { class: "hint" }, "↑ ↓ to move, b to put it into the basket, ? for all keys")));
  }

  async show(row, at) {
    const key = row.key.head;
    const isNew = key !== this.key;
    this.key = key;
    try {
      if (isNew || !this.found) {
        const found = await get("/api/versions", { key });
        if (this.key !== key) return;
        this.found = found;
      }
      const then = this.found.versions.find((version) => version.sequence <= at) || this.found.versions[0];
      this.chosen = then;
      this.draw(at);
    } catch (error) {
      this.onError(error);
    }
  }

  draw(at) {
    const { versions, more, key } = this.found;
    const list = h("ol", { class: "version-list" }, versions.map((version) => this.entry(version, at)));
    this.viewer = h("div", { class: "viewer" });
    this.root.replaceChildren(
      h("header", { class: "detail-head" }, h("h2", { class: "key-title" }, this.found.decoded ? plainLine(this.found.decoded) : lineOf(key) || "empty key"), this.found.decoded ? h("p", { class: "hint raw-key" }, lineOf(key)) : null, h("p", { class: "hint" }, `${plural(versions.length, "version")}${more ? " and more" : ""} on disk · key of ${size(key.size)}`)),
      list,
      this.viewer,
    );
    list.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest" });
    this.open(this.chosen);
  }

  entry(version, at) {
    const isThen = version === this.chosen;
    const where = version.level === null ? version.standing : `level ${version.level}${version.standing === "live" ? "" : `, ${version.standing}`}`;
    return h(
      "li",
      { class: `version ${version.type} ${version.state}`, "aria-current": isThen ? "true" : null },
      h(
        "button",
        { class: "version-open", type: "button", onclick: () => this.choose(version, at) },
        h("span", { class: "version-line" }, h("strong", {}, count(version.sequence)), h("span", { class: `pill ${version.type}` }, version.type === "put" ? "put" : "deletion"), h("span", { class: `state ${version.state}` }, version.type === "delete" ? "" : STATES[version.state]), version.integrity === "intact" ? null : h("span", { class: "pill doubt", title: "No checksum vouches for it: it was healed" }, "healed")),
        h("span", { class: "version-place" }, `${version.file} at ${count(version.offset)} · ${where}${version.value ? ` · ${size(version.value.size)}` : ""}`),
      ),
      h("button", { class: "icon", type: "button", title: "Look at the database right after this change", "aria-label": "Look at the database right after this change", onclick: () => this.onGo(version.sequence) }, icon("moment")),
      version.value ? h("button", { class: "icon", type: "button", title: "Put this version into the basket", "aria-label": "Put this version into the basket", onclick: () => this.onAdd(this.found.key, version.sequence) }, icon("add")) : h("span", {}),
    );
  }

  choose(version, at) {
    this.chosen = version;
    this.draw(at);
  }

  async open(version) {
    if (!version.value) {
      this.viewer.replaceChildren(h("p", { class: "hint pad" }, "A deletion has no value."));
      return;
    }
    const key = this.key;
    try {
      const value = await get("/api/value", { key, sequence: version.sequence });
      if (this.key === key && this.chosen === version) this.view(version, value);
    } catch (error) {
      this.onError(error);
    }
  }

  view(version, value) {
    const live = this.found.versions.find((other) => other.state === "live" && other !== version && other.value);
    const forms = { Text: () => textOf(value), JSON: () => jsonOf(value), Hex: () => hexOf(value) };
    const json = jsonOf(value);
    if (isTelling(value)) forms.Decoded = () => pretty(value.decoded);
    const names = [forms.Decoded ? "Decoded" : null, "Text", json === null ? null : "JSON", "Hex", live ? "Diff" : null].filter(Boolean);
    const form = names.includes(this.form) ? this.form : forms.Decoded ? "Decoded" : json === null ? (looksBinary(value) ? "Hex" : "Text") : "JSON";
    const body = h("pre", { class: "value", tabindex: 0 });
    const tabs = names.map((name) =>
      h("button", { type: "button", role: "tab", "aria-selected": name === form, onclick: () => { this.form = name; this.view(version, value); } }, name),
    );
    const shown = decode(value.head).length;
    this.viewer.replaceChildren(
      h("div", { class: "viewer-head" }, h("div", { class: "segments", role: "tablist", "aria-label": "How the value is shown" }, tabs), h("span", { class: "spring" }), h("a", { class: "link", href: downloadOf(this.key, version.sequence), download: "" }, `Download ${size(value.size)}`)),
      shown < value.size ? h("p", { class: "hint pad" }, `The first ${size(shown)} of ${size(value.size)}.`) : "",
      value.undecoded ? h("p", { class: "hint pad" }, `Not decoded: ${plainLine(value.undecoded)}`) : "",
      body,
    );
    if (form === "Diff") this.compare(body, version, live);
    else body.textContent = forms[form]();
  }

  async compare(body, version, live) {
    try {
      const found = await get("/api/difference", { key: this.key, before: version.sequence, after: live.sequence });
      const tags = { both: "span", old: "del", new: "ins" };
      body.replaceChildren(...found.pieces.map((piece) => h(tags[piece.kind], {}, textOf({ head: piece.bytes, size: 0 }))));
      if (!found.is_whole) body.append(h("span", { class: "hint" }, "\n… heads only"));
    } catch (error) {
      this.onError(error);
    }
  }
}

// Whether decoding says more than the text of the bytes does.
function isTelling(value) {
  if (value.decoded === null || value.decoded === undefined) return false;
  return value.decoded !== textOf(value) && jsonOf(value) === null;
}

function pretty(text) {
  try {
    return plainText(/^\s*[[{]/.test(text) ? JSON.stringify(JSON.parse(text), null, 2) : text);
  } catch {
    return plainText(text);
  }
}

function looksBinary(value) {
  const bytes = decode(value.head).subarray(0, 256);
  return bytes.filter((byte) => byte < 9 || (byte > 13 && byte < 32) || byte > 126).length > bytes.length / 4;
}

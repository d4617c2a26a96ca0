// Keys of the keyboard: what each does, and the sheet that lists them.

import { $, h, icon } from "./dom.js";

export class Shortcuts {
  constructor() {
    this.acts = new Map();
    this.listed = [];
    this.dialog = $("shortcuts");
    this.dialog.addEventListener("click", (event) => event.target === this.dialog && this.dialog.close());
    document.addEventListener("keydown", (event) => this.pressed(event));
  }

  add(key, text, act) {
    this.acts.set(key, act);
    this.listed.push([key, text]);
  }

  // Keys that what has the focus takes itself.
  list(key, text) {
    this.listed.push([key, text]);
  }

  pressed(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    const { target } = event;
    const isTyping = target.matches("input:not([type=range]):not([type=radio]), select, textarea");
    if (isTyping) {
      if (event.key === "Escape") target.blur();
      return;
    }
    if (document.querySelector("dialog[open]")) return;
    const act = this.acts.get(event.key);
    if (!act) return;
    event.preventDefault();
    act();
  }

  show() {
    this.dialog.replaceChildren(
      h("header", { class: "drawer-head" }, h("h2", {}, "Keyboard"), h("button", { class: "icon", type: "button", "aria-label": "Close", onclick: () => this.dialog.close() }, icon("close"))),
      h("dl", { class: "key-list" }, this.listed.map(([key, text]) => h("div", {}, h("dt", {}, key.split(" ").map((one) => h("kbd", {}, one))), h("dd", {}, text)))),
    );
    this.dialog.showModal();
  }
}

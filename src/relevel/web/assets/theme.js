// Dark or light: as the system has it, until somebody says otherwise here.

const NAME = "relevel-theme";

export function apply() {
  const chosen = localStorage.getItem(NAME);
  if (chosen === "dark" || chosen === "light") document.documentElement.dataset.theme = chosen;
}

export function toggle() {
  const root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  root.dataset.theme = (root.dataset.theme || system) === "dark" ? "light" : "dark";
  localStorage.setItem(NAME, root.dataset.theme);
}

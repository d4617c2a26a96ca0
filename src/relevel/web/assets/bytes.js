// Bytes as text: what is not printable is shown escaped, so that nothing can hide or turn the direction of what is read.

export function decode(base64) {
  const text = atob(base64.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0));
}

export function encode(bytes) {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

export const fromText = (text) => encode(unescape(text));

// What a person types: text, with \xHH and \\ for bytes that cannot be typed.
function unescape(text) {
  const bytes = [];
  const encoder = new TextEncoder();
  for (const part of text.split(/(\\x[0-9a-fA-F]{2}|\\\\)/)) {
    if (/^\\x/.test(part)) bytes.push(parseInt(part.slice(2), 16));
    else bytes.push(...encoder.encode(part === "\\\\" ? "\\" : part));
  }
  return bytes;
}

const HIDDEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/gu;
const HIDDEN_BUT_LINES = /(?![\n\t])[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/gu;
const NAMES = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

function escaped(letter) {
  const code = letter.codePointAt(0);
  if (NAMES[letter]) return NAMES[letter];
  return code < 256 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u{${code.toString(16)}}`;
}

function asUtf8(bytes, isCut) {
  for (let left = 0; left <= (isCut ? 3 : 0); left += 1) {
    try {
      return new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(0, bytes.length - left));
    } catch {
      continue;
    }
  }
  return null;
}

const asBytes = (bytes) =>
  Array.from(bytes, (byte) =>
    byte === 92 ? "\\\\" : byte >= 32 && byte < 127 ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, "0")}`,
  ).join("");

// One line of text for bytes, of which there may be more than are here.
export function lineOf(excerpt) {
  const bytes = decode(excerpt.head);
  const text = asUtf8(bytes, bytes.length < excerpt.size);
  return text === null ? asBytes(bytes) : text.replace(HIDDEN, escaped);
}

// Text that a decoder made, on one line.
export const plainLine = (text) => text.replace(HIDDEN, escaped);

export const plainText = (text) => text.replace(HIDDEN_BUT_LINES, escaped);

export function textOf(excerpt) {
  const bytes = decode(excerpt.head);
  const text = asUtf8(bytes, bytes.length < excerpt.size);
  return text === null ? asBytes(bytes) : text.replace(HIDDEN_BUT_LINES, escaped);
}

// Text laid out as JSON; null where it is none, or not all here.
export function jsonOf(excerpt) {
  const bytes = decode(excerpt.head);
  const text = bytes.length < excerpt.size ? null : asUtf8(bytes, false);
  if (text === null || !/^\s*[[{"]/.test(text)) return null;
  try {
    return JSON.stringify(JSON.parse(text), null, 2).replace(HIDDEN_BUT_LINES, escaped);
  } catch {
    return null;
  }
}

const MOST_HEX = 4096;

export function hexOf(excerpt) {
  const bytes = decode(excerpt.head).subarray(0, MOST_HEX);
  const lines = [];
  for (let at = 0; at < bytes.length; at += 16) {
    const part = [...bytes.subarray(at, at + 16)];
    const digits = part.map((byte) => byte.toString(16).padStart(2, "0"));
    const left = digits.slice(0, 8).join(" ").padEnd(23);
    const right = digits.slice(8).join(" ").padEnd(23);
    const letters = part.map((byte) => (byte >= 32 && byte < 127 ? String.fromCharCode(byte) : "·")).join("");
    lines.push(`${at.toString(16).padStart(6, "0")}  ${left}  ${right}  ${letters}`);
  }
  return lines.join("\n");
}

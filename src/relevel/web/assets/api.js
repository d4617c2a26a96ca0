// What the page asks of the server it came from.

let token = null;

export class Refused extends Error {}

async function answer(response) {
  const type = response.headers.get("Content-Type") || "";
  const body = type.startsWith("application/json") ? await response.json() : { error: await response.text() };
  if (!response.ok) throw new Refused(body?.error || response.statusText);
  return body;
}

function address(path, parameters) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one !== null && one !== undefined) query.append(name, one);
    }
  }
  const text = query.toString();
  return text ? `${path}?${text}` : path;
}

export async function get(path, parameters = {}, signal = undefined) {
  return answer(await fetch(address(path, parameters), { signal }));
}

export async function post(path, body = {}) {
  if (token === null) token = (await get("/api/token")).token;
  return answer(
    await fetch(path, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-Relevel-Token": token },
      body: JSON.stringify(body),
    }),
  );
}

// Runs the newest call only: while one is under way, those in between are forgotten.
export function newest(work) {
  let running = false;
  let waiting = null;
  return async function call(...input) {
    waiting = input;
    if (running) return;
    running = true;
    try {
      while (waiting !== null) {
        const next = waiting;
        waiting = null;
        await work(...next);
      }
    } finally {
      running = false;
    }
  };
}

export const downloadOf = (key, sequence) => address("/download/value", { key, sequence });

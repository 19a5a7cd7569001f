// Server-sent events of a POST, read with fetch, so that a question can carry a body and be stopped.

/** What the server answered instead of a stream. */
export class NotStreamed extends Error {
  constructor(status, body) {
    super(body.message ?? "");
    this.status = status;
    this.code = body.code ?? "";
  }
}

/** Yields {name, data} until the stream ends; throws NotStreamed, TypeError (no network), AbortError (stopped). */
export async function* events(url, body, token, signal) {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", "x-csrf-token": token, accept: "text/event-stream" },
    body: JSON.stringify(body),
    signal,
  });
  if (!response.ok || !response.headers.get("content-type")?.startsWith("text/event-stream")) {
    throw new NotStreamed(response.status, await response.json().catch(() => ({})));
  }
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const parts = (rest + value).split("\n\n");
    rest = parts.pop();
    for (const part of parts) yield parse(part);
  }
}

function parse(part) {
  const field = (name) => part.split("\n").filter((line) => line.startsWith(`${name}: `)).map((line) => line.slice(name.length + 2)).join("\n");
  return { name: field("event"), data: JSON.parse(field("data")) };
}

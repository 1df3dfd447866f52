// Server-sent events over fetch: unlike EventSource it can send a token, and it hears the comments by which the daemon
// says that it is there, so that a connection that died silently is noticed.
import { ask } from "./client";

export interface Frame {
  event: string;
  data: string;
}

export interface StreamHandler {
  opened(): void;
  heard(): void;  // anything at all
  frame(frame: Frame): void;
}

const silenceMeansDead = 40_000;  // a comment comes every 15 s

/** Reads until the stream ends, or throws when it breaks. */
export async function readStream(path: string, handler: StreamHandler): Promise<void> {
  const abort = new AbortController();
  const silence = () => setTimeout(() => abort.abort(), silenceMeansDead);
  let watchdog = silence();
  try {
    const response = await ask(path, "text/event-stream", abort.signal);
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
    handler.opened();
    let rest = "";
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      clearTimeout(watchdog);
      watchdog = silence();
      handler.heard();
      const blocks = (rest + value).split("\n\n");
      rest = blocks.pop()!;
      for (const frame of blocks.map(frameOf)) if (frame.data) handler.frame(frame);
    }
  } finally {
    clearTimeout(watchdog);
    abort.abort();
  }
}

function frameOf(block: string): Frame {
  const frame: Frame = { event: "message", data: "" };
  for (const line of block.split("\n")) {
    const colon = line.indexOf(":");
    const value = line.slice(colon + 1).replace(/^ /, "");
    if (line.startsWith("event:")) frame.event = value;
    if (line.startsWith("data:")) frame.data += (frame.data && "\n") + value;
  }
  return frame;
}

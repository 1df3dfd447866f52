// An answer of the daemon that is asked for again when its topic changes, at most once in `gap` milliseconds.
// What is shown stays until the new answer is there; and an answer that is on its way is waited for, else one that takes
// longer than `gap` would never come while events do.
import { signal } from "@preact/signals";
import { useEffect, useMemo, useRef } from "preact/hooks";
import { getJson } from "../api/client";
import { subscribe } from "./topics";

export interface Loaded<T> {
  data: T | null;
  problem: Error | null;
}

const patience = 40_000;  // as long as the stream's: a connection may have died silently

type Fetch<T> = (signal: AbortSignal) => Promise<T>;

class Resource<T> {
  readonly state = signal<Loaded<T>>({ data: null, problem: null });
  private abort: AbortController | null = null;
  private timer: ReturnType<typeof setTimeout> | null = null;
  private lastStart = 0;
  private loading = false;
  private again = false;

  constructor(private readonly fetch: Fetch<T>, private readonly gap: number) {}

  follow(topics: string): () => void {
    const unsubscribe = topics.split(" ").map((topic) => subscribe(topic, () => this.refresh()));
    this.load();
    return () => {
      unsubscribe.forEach((stop) => stop());
      if (this.timer) clearTimeout(this.timer);
      this.timer = null;
      this.again = false;
      this.abort?.abort();
    };
  }

  private refresh(): void {
    if (this.timer) return;
    const wait = Math.max(0, this.lastStart + this.gap - Date.now());
    this.timer = setTimeout(() => {
      this.timer = null;
      if (this.loading && Date.now() - this.lastStart < patience) this.again = true;
      else this.load();
    }, wait);
  }

  private async load(): Promise<void> {
    this.abort?.abort();
    const abort = (this.abort = new AbortController());
    this.lastStart = Date.now();
    this.loading = true;
    this.again = false;
    try {
      const data = await this.fetch(abort.signal);
      if (!abort.signal.aborted) this.state.value = { data, problem: null };
    } catch (error) {
      if (!abort.signal.aborted) this.state.value = { data: this.state.value.data, problem: error as Error };
    }
    if (this.abort !== abort) return;
    this.loading = false;
    if (this.again) this.refresh();
  }
}

/** Follows what `fetch` gives on one topic or several, with spaces between; `key` names it, and another key is another resource. */
export function useFetched<T>(key: string, topic: string, fetch: Fetch<T>, gap = 1000): Loaded<T> {
  const resource = useMemo(() => new Resource(fetch, gap), [key]);
  useEffect(() => resource.follow(topic), [resource, topic]);
  return resource.state.value;
}

export function useResource<T>(path: string, topic: string, gap = 1000): Loaded<T> {
  return useFetched(path, topic, (signal) => getJson<T>(path, signal), gap);
}

/** The answer to the question before stays in view until that to the new one is there. */
export function useKept<T>(loaded: Loaded<T>): Loaded<T> {
  const kept = useRef<T | null>(null);
  if (loaded.data) kept.current = loaded.data;
  return { data: kept.current, problem: loaded.problem };
}

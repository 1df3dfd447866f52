// Asks the daemon. Addresses are relative to the page, so that the dashboard works under any path.
import type { FieldError, Problem as ProblemDocument } from "./schema";
import { authorization, tokenWanted } from "./token";

export class Problem extends Error {
  constructor(readonly status: number, message: string, readonly hint: string, readonly requestId: string,
    readonly errors: readonly FieldError[] = []) {
    super(message);
  }
}

export function address(path: string): string {
  return new URL(`api/v1/${path}`, document.baseURI).href;
}

/** The daemon's answer, or a Problem. */
export async function ask(path: string, accept: string, signal?: AbortSignal, wanted: RequestInit = {}): Promise<Response> {
  const headers = { ...wanted.headers, Accept: accept, ...authorization() };
  const response = await fetch(address(path), { ...wanted, signal: signal ?? null, headers, cache: "no-store" });
  if (response.status === 401) tokenWanted.value = true;
  if (!response.ok) throw await problemOf(response);
  return response;
}

export async function getJson<T>(path: string, signal?: AbortSignal): Promise<T> {
  return (await (await ask(path, "application/json", signal)).json()) as T;
}

/** Asks for a change. `body` is text, or what becomes JSON. */
export async function send<T>(method: "POST" | "PATCH", path: string, body?: unknown, signal?: AbortSignal, key?: string): Promise<T> {
  const type = method === "PATCH" ? "application/merge-patch+json" : "application/json";
  const headers = { ...(body === undefined ? {} : { "Content-Type": type }), ...(key ? { "Idempotency-Key": key } : {}) };
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return (await (await ask(path, "application/json", signal, { method, headers, body: text ?? null })).json()) as T;
}

interface Page<T> {
  items: T[];
  next_cursor: string | null;
}

/** Every page of a collection; `path` has its query already. */
export async function getAll<T>(path: string, signal?: AbortSignal): Promise<T[]> {
  const items: T[] = [];
  const more = path.includes("?") ? "&" : "?";
  let cursor: string | null = null;
  do {
    const page: Page<T> = await getJson(`${path}${more}limit=1000${cursor ? `&cursor=${cursor}` : ""}`, signal);
    items.push(...page.items);
    cursor = page.next_cursor;
  } while (cursor);
  return items;
}

async function problemOf(response: Response): Promise<Problem> {
  try {
    const problem = (await response.json()) as ProblemDocument;
    return new Problem(response.status, problem.detail, problem.hint, problem.request_id, problem.errors);
  } catch {
    return new Problem(response.status, `${response.status} ${response.statusText}`, "", "");
  }
}

// Where in a JSON text (comments allowed) each value stands, also while the text is not finished.
const token = /\/\/.*|\/\*[\s\S]*?\*\/|"(?:[^"\\\n]|\\.)*"?|[{}[\],:]|[^\s{}[\],:"]+/g;

interface Level {
  array: boolean;
  index: number;
  key: string | null;  // of an object: the one whose value comes
  keyAt: number;
}

export interface Place {
  path: string[];
  begin: number;  // of the value, or of its key
}

/** Every value in order of the text. */
export function placesOf(source: string): Place[] {
  const places: Place[] = [];
  const levels: Level[] = [];
  for (const { 0: piece, index } of source.matchAll(token)) {
    const top = levels[levels.length - 1];
    if (/^\/[/*]/.test(piece) || piece === ":") continue;
    if (piece === "}" || piece === "]") levels.pop();
    else if (piece === ",") { if (top) Object.assign(top, top.array ? { index: top.index + 1 } : { key: null }); }
    else if (top && !top.array && top.key === null) Object.assign(top, { key: piece.replace(/^"|"$/g, ""), keyAt: index });
    else {
      const path = levels.map((level) => (level.array ? String(level.index) : level.key ?? ""));
      places.push({ path, begin: top && !top.array ? top.keyAt : index! });
      if (piece === "{" || piece === "[") levels.push({ array: piece === "[", index: 0, key: null, keyAt: 0 });
    }
  }
  return places;
}

/** The place of a pointer such as "#/axes/layers/0"; of what is absent, that of the nearest value around it. */
export function placeOf(source: string, pointer: string): number {
  const wanted = pointer.replace(/^#?\//, "").split("/").filter(Boolean)
    .map((part) => decodeURIComponent(part).replaceAll("~1", "/").replaceAll("~0", "~"));
  let best: Place = { path: [], begin: 0 };
  for (const place of placesOf(source)) {
    if (place.path.length > best.path.length && place.path.every((part, i) => part === wanted[i])) best = place;
  }
  return best.begin;
}

/** What the caret stands in. */
export function pathAt(source: string, caret: number): string[] {
  let path: string[] = [];
  for (const place of placesOf(source)) if (place.begin <= caret) path = place.path;
  return path;
}

export function lineAt(source: string, place: number): number {
  return source.slice(0, place).split("\n").length;
}

/** Comments become spaces, so that places stay what they are. */
export function withoutComments(source: string): string {
  return source.replace(token, (piece) => (/^\/[/*]/.test(piece) ? piece.replace(/[^\n]/g, " ") : piece));
}

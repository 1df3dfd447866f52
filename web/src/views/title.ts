import { useEffect } from "preact/hooks";
import { text } from "../text";

/** The window's title: what is looked at, then the product. */
export function useTitle(what: string): void {
  useEffect(() => {
    document.title = `${what} · ${text.product}`;
  }, [what]);
}

// A link to a file of the API. Where the daemon wants a token a plain link cannot send it, so the file is fetched.
import type { ComponentChildren } from "preact";
import { address, ask } from "../api/client";
import { token } from "../api/token";

export function Download({ path, file, children }: { path: string; file: string; children: ComponentChildren }) {
  return <a href={address(path)} download={file} onClick={token.value ? (event) => save(event, path, file) : undefined}>{children}</a>;
}

async function save(event: MouseEvent, path: string, file: string): Promise<void> {
  event.preventDefault();
  const url = URL.createObjectURL(await (await ask(path, "*/*")).blob());
  const link = document.createElement("a");
  link.href = url;
  link.download = file;
  link.click();
  URL.revokeObjectURL(url);
}

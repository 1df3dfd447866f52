// A reverse proxy that puts the daemon under a path, as one on a shared host does.
import { createServer, request } from "node:http";

export async function proxyUnder(path, target) {
  const { host, hostname, port } = new URL(target);
  const server = createServer((incoming, outgoing) => {
    if (!incoming.url.startsWith(path)) return outgoing.writeHead(404).end();
    const upstream = request({
      hostname, port, method: incoming.method, path: `/${incoming.url.slice(path.length)}`,
      headers: { ...incoming.headers, host },
    }, (answer) => {
      outgoing.writeHead(answer.statusCode, answer.headers);
      answer.pipe(outgoing);
    });
    upstream.on("error", () => outgoing.destroy());
    outgoing.on("close", () => upstream.destroy());
    incoming.pipe(upstream);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}${path}`,
    close: () => new Promise((resolve) => {
      server.close(resolve);
      server.closeAllConnections();
    }),
  };
}

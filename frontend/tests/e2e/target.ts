/** Something to watch that a test owns: it answers what the test says. */
import http from "node:http";
import type { AddressInfo } from "node:net";

export type Target = { url: string; answer: (status: number) => void; stop: () => void };

export async function startTarget(): Promise<Target> {
  let status = 200;
  const server = http.createServer((_, response) => response.writeHead(status).end(`${status}\n`));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/health`,
    answer: (next) => {
      status = next;
    },
    stop: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

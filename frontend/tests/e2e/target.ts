/** Something to watch that a test owns: it answers what the test says. */
import http from "node:http";
import type { AddressInfo } from "node:net";

/** So long it takes to answer: there is something to be measured. */
const THINKS_MS = 60;

/** `hook`: what takes messages, and always answers well. */
export type Target = { url: string; hook: string; answer: (status: number) => void; stop: () => void };

export async function startTarget(): Promise<Target> {
  let status = 200;
  const server = http.createServer((request, response) => {
    const code = request.url === "/hook" ? 200 : status;
    const answer = () => response.writeHead(code).end(code === 200 ? "ok\n" : "upstream connect error\n");
    setTimeout(answer, THINKS_MS);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    hook: `http://127.0.0.1:${port}/hook`,
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

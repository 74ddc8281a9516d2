/** A check as a command: what the monitor does, done by hand. */
export function curlCommand(method: string, url: string): string {
  const quoted = `'${url.replaceAll("'", "'\\''")}'`;
  const how = method === "HEAD" ? " -I" : method && method !== "GET" ? ` -X ${method}` : "";
  return `curl -sv${how} -o /dev/null ${quoted}`;
}

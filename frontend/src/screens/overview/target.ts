/** What somebody pasted, as a monitor: a web address, or a host and its port. */

export type Target = { name: string; kind: "http" | "tcp"; url: string };

const HOST =
  /^(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z][a-z0-9-]*$|^localhost$|^(?:\d{1,3}\.){3}\d{1,3}$|^\[[0-9a-f:]+\]$/i;

/** Null while it is no address yet. A bare host is a web address; of a port only 80 and 443 are. */
export function readTarget(text: string): Target | null {
  const typed = text.trim();
  if (/^https?:\/\//i.test(typed)) return readUrl(typed);
  const [, host = "", port] = /^(\[[0-9a-f:]+\]|[^:/\s]+):(\d{1,5})$/i.exec(typed) ?? [];
  if (port !== undefined && HOST.test(host) && Number(port) >= 1 && Number(port) <= 65535)
    return { name: `${host}:${port}`, kind: "tcp", url: `${host}:${port}` };
  const [name = ""] = typed.split("/");
  return HOST.test(name) ? readUrl(`https://${typed}`) : null;
}

function readUrl(typed: string): Target | null {
  if (/\s/.test(typed) || !URL.canParse(typed)) return null;
  const { host, hostname, pathname } = new URL(typed);
  if (!HOST.test(hostname)) return null;
  const path = pathname.replace(/\/$/, "");
  return { name: `${host}${path}`.slice(0, 100), kind: "http", url: typed };
}

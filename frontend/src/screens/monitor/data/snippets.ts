/** How a job tells that it ran: what to paste, with the monitor's own address in it. Pure. */
import type { Words } from "@/words";

export const SNIPPETS = ["curl", "cron", "systemd", "python", "powershell", "github"] as const;
export type SnippetName = (typeof SNIPPETS)[number];

export const SNIPPET_TITLES: Record<SnippetName, string> = {
  curl: "curl",
  cron: "cron",
  systemd: "systemd",
  python: "Python",
  powershell: "PowerShell",
  github: "GitHub Actions",
};

/** `schedule` is the monitor's cron expression, if it has one. */
export function snippetFor(name: SnippetName, url: string, schedule: string, words: Words): string {
  const said = words.monitor.heartbeat.code;
  switch (name) {
    case "curl":
      return [
        `# ${said.done}`,
        `curl -fsS -m 10 --retry 3 ${url}`,
        `# ${said.started}`,
        `curl -fsS -m 10 --retry 3 ${url}/start`,
        `# ${said.output}`,
        `job 2>&1 | curl -fsS -m 10 --retry 3 --data-binary @- ${url}`,
      ].join("\n");
    case "cron":
      return [
        `# ${said.exit}`,
        `${schedule || "0 3 * * *"} /usr/local/bin/job; curl -fsS -m 10 --retry 3 ${url}/$? >/dev/null`,
      ].join("\n");
    case "systemd":
      return [
        `# /etc/systemd/system/job.service`,
        "[Service]",
        "Type=oneshot",
        `ExecStartPre=-/usr/bin/curl -fsS -m 10 --retry 3 ${url}/start`,
        "ExecStart=/usr/local/bin/job",
        // The shell's own variables: systemd writes "$$" for "$". A killed job has a signal's name as its status.
        `ExecStopPost=-/bin/sh -c '[ "$$SERVICE_RESULT" = success ] && s=0 || s=1; curl -fsS -m 10 --retry 3 ${url}/$$s'`,
      ].join("\n");
    case "python":
      return [
        "import urllib.request",
        "",
        `PING = "${url}"`,
        "",
        'urllib.request.urlopen(PING + "/start", timeout=10)',
        "try:",
        "    job()",
        "except Exception:",
        '    urllib.request.urlopen(PING + "/fail", timeout=10)',
        "    raise",
        "urllib.request.urlopen(PING, timeout=10)",
      ].join("\n");
    case "powershell":
      return [
        `$ping = "${url}"`,
        'Invoke-RestMethod "$ping/start" -TimeoutSec 10 | Out-Null',
        "& C:\\Jobs\\job.exe",
        'Invoke-RestMethod "$ping/$LASTEXITCODE" -TimeoutSec 10 | Out-Null',
      ].join("\n");
    case "github":
      return [
        "- name: Backup",
        "  run: ./backup.sh",
        `- name: ${said.tell}`,
        "  if: always()",
        `  run: curl -fsS -m 10 --retry 3 ${url}/\${{ job.status == 'success' && '0' || '1' }}`,
      ].join("\n");
  }
}

/** A check as a command: what the monitor does, done by hand. */
export function curlCommand(method: string, url: string): string {
  const quoted = `'${url.replaceAll("'", "'\\''")}'`;
  const how = method === "HEAD" ? " -I" : method && method !== "GET" ? ` -X ${method}` : "";
  return `curl -sv${how} -o /dev/null ${quoted}`;
}

/** How a job calls its address: the same snippets after saving a heartbeat and on its screen. Pure texts, to copy. */

export const SNIPPETS = ["curl", "cron", "systemd", "python", "powershell", "github"] as const;
export type SnippetKind = (typeof SNIPPETS)[number];

export type SnippetOptions = {
  /** The monitor's cron expression, if it has one. */
  cron?: string;
  /** Seconds between two runs, without a cron expression. */
  periodS?: number | null;
  /** The job's name, for comments. */
  name?: string;
};

/** A snippet tells the start, the end and the exit status, and a job does not fail because a ping does. */
export function snippetOf(kind: SnippetKind, pingUrl: string, options: SnippetOptions = {}): string {
  const url = pingUrl.replace(/\/+$/, "");
  return MAKERS[kind](url, options).join("\n");
}

const CURL = "curl -fsS -m 10 --retry 3 -o /dev/null";

const MAKERS: Record<SnippetKind, (url: string, options: SnippetOptions) => string[]> = {
  curl: (url) => [`ping=${url}`, `${CURL} "$ping/start"`, "/usr/local/bin/job", `${CURL} "$ping/$?"`],
  cron: (url, options) => [
    ...comment(options.name),
    `PING=${url}`,
    `${cronOf(options)} ${CURL} "$PING/start"; /usr/local/bin/job; ${CURL} "$PING/$?"`,
  ],
  systemd: (url) => [
    "# sudo systemctl edit job.service",
    "[Service]",
    `Environment=PING=${url}`,
    `ExecStartPre=-/usr/bin/${CURL} \${PING}/start`,
    "# Killed by a signal, it has no exit status.",
    "ExecStopPost=-/bin/sh -c 'case $$EXIT_CODE in exited) end=$$EXIT_STATUS;; *) end=fail;; esac; \\",
    `  ${CURL} "$$PING/$$end"'`,
  ],
  python: (url) => [
    "import subprocess, urllib.request",
    "",
    `PING = "${url}"`,
    "",
    "def ping(path, body=None):",
    "    try:",
    '        urllib.request.urlopen(f"{PING}/{path}", data=body, timeout=10)',
    "    except OSError as error:",
    '        print(f"The ping failed: {error}")',
    "",
    'ping("start")',
    'job = subprocess.run(["/usr/local/bin/job"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)',
    "ping(job.returncode % 256, job.stdout[-10_000:])",
  ],
  powershell: (url) => [
    `$ping = "${url}"`,
    'function Ping($end) { try { Invoke-RestMethod "$ping/$end" -TimeoutSec 10 | Out-Null } catch { Write-Warning $_ } }',
    "Ping start",
    "& C:\\jobs\\job.exe",
    "Ping ($LASTEXITCODE -band 255)",
  ],
  github: (url) => [
    "# Keep the address as a secret of the repository: PING_URL =",
    `# ${url}`,
    "steps:",
    `  - run: ${CURL} "\${{ secrets.PING_URL }}/start"`,
    "    continue-on-error: true",
    "  - run: ./job.sh",
    "  - if: success()",
    `    run: ${CURL} "\${{ secrets.PING_URL }}"`,
    "  - if: failure() || cancelled()",
    `    run: ${CURL} "\${{ secrets.PING_URL }}/fail"`,
  ],
};

function comment(name: string | undefined): string[] {
  const line = (name ?? "").replaceAll(/[\r\n%]+/g, " ").trim();
  return line ? [`# ${line}`] : [];
}

/** When cron runs the job: as the monitor says, else a schedule that fits its period, else every five minutes. */
export function cronOf({ cron, periodS }: SnippetOptions): string {
  const said = (cron ?? "").trim();
  if (said) return said;
  if (!periodS) return "*/5 * * * *";
  if (periodS % 86_400 === 0) return periodS === 86_400 ? "0 3 * * *" : `0 3 */${periodS / 86_400} * *`;
  if (periodS % 3600 === 0 && 86_400 % periodS === 0) return `0 ${every(periodS / 3600)} * * *`;
  if (periodS % 60 === 0 && 3600 % periodS === 0) return `${every(periodS / 60)} * * * *`;
  return "*/5 * * * *";
}

const every = (step: number) => (step === 1 ? "*" : `*/${step}`);

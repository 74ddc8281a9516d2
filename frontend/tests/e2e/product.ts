/** A product of a test's own, which it may kill, start again, and give another build of the app. */
import { type ChildProcess, spawn } from "node:child_process";
import fs from "node:fs";
import net, { type AddressInfo } from "node:net";
import os from "node:os";
import path from "node:path";

export const ROOT = path.resolve("..");
const STARTED_AFTER_MS = 120_000;
const MAILED_AFTER_MS = 20_000;

async function freePort(): Promise<number> {
  const server = net.createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

export class Product {
  private process: ChildProcess | null = null;
  /** Its e-mails are printed: no test names a mail server. */
  private printed = "";
  private readonly data = fs.mkdtempSync(path.join(os.tmpdir(), "sentrypulse-e2e-own-"));

  private constructor(private readonly port: number) {}

  /** `prepare` fills the empty data folder. */
  static async start(prepare?: (env: NodeJS.ProcessEnv) => void): Promise<Product> {
    const product = new Product(await freePort());
    prepare?.(product.env);
    await product.start();
    return product;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  private get env(): NodeJS.ProcessEnv {
    const own = { PORT: String(this.port), DATA_DIR: this.data, PROBE_ALLOW_PRIVATE: "1", LOG_LEVEL: "WARNING" };
    return { ...process.env, ...own };
  }

  /** With the data it had. `app`: a folder with another build. */
  async start(app?: string): Promise<void> {
    this.process = spawn(path.join(ROOT, ".venv/bin/python"), [path.join(ROOT, "manage.py"), "up"], {
      env: { ...this.env, ...(app ? { APP_DIR: app } : {}) },
      stdio: ["ignore", "pipe", "inherit"],
    });
    this.process.stdout?.setEncoding("utf8").on("data", (text: string) => (this.printed += text));
    const until = Date.now() + STARTED_AFTER_MS;
    while (!(await this.answers())) {
      if (Date.now() > until || this.process.exitCode !== null) throw new Error("The product did not start.");
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
  }

  private async answers(): Promise<boolean> {
    try {
      return (await fetch(`${this.url}/sign-in/`)).ok;
    } catch {
      return false;
    }
  }

  /** Where the newest e-mail to this address leads. */
  async linkMailedTo(email: string, to: string): Promise<string> {
    const until = Date.now() + MAILED_AFTER_MS;
    for (;;) {
      const letter = this.printed.split(`To: ${email}`).at(-1) ?? "";
      const link = letter.split(/\s/).find((word) => word.startsWith(`${this.url}${to}`));
      if (link) return link;
      if (Date.now() > until) throw new Error(`No e-mail to ${email} leads to ${to}.`);
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
  }

  async kill(): Promise<void> {
    const dying = this.process;
    this.process = null;
    if (!dying || dying.exitCode !== null) return;
    const dead = new Promise((resolve) => dying.once("exit", resolve));
    dying.kill("SIGKILL");
    await dead;
  }

  async end(): Promise<void> {
    await this.kill();
    fs.rmSync(this.data, { recursive: true, force: true });
  }
}

const TEXTS = /\.(?:html|js|json|css|txt)$/;

/** The app as the next version would be: every script and style has another address, as if all had changed. */
export function makeNextVersion(): string {
  const app = fs.mkdtempSync(path.join(os.tmpdir(), "sentrypulse-e2e-app-"));
  fs.cpSync("out", app, { recursive: true, filter: (name) => !/\.(?:br|gz)$/.test(name) });
  const { build } = JSON.parse(fs.readFileSync(path.join(app, "version.json"), "utf8")) as { build: string };
  const next = `${build.slice(0, -4)}next`;
  for (const name of fs.readdirSync(app, { recursive: true, encoding: "utf8" })) {
    const file = path.join(app, name);
    if (!TEXTS.test(name) || !fs.statSync(file).isFile()) continue;
    const text = fs.readFileSync(file, "utf8");
    fs.writeFileSync(file, text.replaceAll(build, next).replaceAll("static/chunks/", "static/chunks2/"));
  }
  for (const folder of [build, "chunks"]) {
    const from = path.join(app, "_next/static", folder);
    const to = folder === build ? next : "chunks2";
    if (fs.existsSync(from)) fs.renameSync(from, path.join(app, "_next/static", to));
  }
  return app;
}

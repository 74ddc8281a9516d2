/** A company with a past: simulated monitors, three people, one real outage. For the screens and their pictures. */
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import type { Page } from "@playwright/test";
import { callApi, expect, PASSWORD } from "./app";
import { Product, ROOT } from "./product";
import { startTarget, type Target } from "./target";

export type Harbourline = { product: Product; target: Target; end: () => Promise<void> };

const DAYS = process.env.PICTURES ? "90" : "8";

/** Simulated once for all workers of a run. */
const PAST = process.env.E2E_HARBOURLINE ?? path.join(os.tmpdir(), `sentrypulse-harbourline-${process.ppid}`);

function makePast(env: NodeJS.ProcessEnv): void {
  if (fs.existsSync(PAST)) return;
  const run = (...args: string[]) =>
    execFileSync(path.join(ROOT, ".venv/bin/python"), args, {
      cwd: ROOT,
      env: { ...env, DATA_DIR: PAST },
      stdio: ["ignore", "ignore", "inherit"],
    });
  run("manage.py", "migrate", "-v0");
  run("manage.py", "simulate", "--monitors", "44", "--days", DAYS, "--interval", "600");
  run("frontend/tests/e2e/harbourline.py", PASSWORD);
}

export async function startHarbourline(): Promise<Harbourline> {
  const target = await startTarget();
  const product = await Product.start((env) => {
    makePast(env);
    fs.cpSync(PAST, env.DATA_DIR ?? "", { recursive: true });
  });
  const end = async () => {
    target.stop();
    await product.end();
  };
  return { product, target, end };
}

export async function signInAs(page: Page, product: Product, name: "mira" | "jonas" | "vera"): Promise<void> {
  await page.goto(`${product.url}/sign-in/`);
  await page.getByRole("textbox").first().fill(`${name}@harbourline.example`);
  await page.locator("input[type=password]").fill(PASSWORD);
  await page.locator("button[type=submit]").click();
  await expect(page.getByRole("table")).toBeVisible();
}

/** `down`: has a past, and is down at this moment. */
export type Ids = { portal: number; incident: number; down: number; ofKind: Record<string, number> };

type List<T> = { results: T[] };
type Row = { id: number; name: string; kind: string; status: string; incident: { id: number } | null };

/** Monitors by name and kind; the first time, "Partner portal" is made, goes down, and is talked about. */
export async function prepareOutage(page: Page, { target }: Harbourline): Promise<Ids> {
  const list = async () => (await callApi<List<Row>>(page, "GET", "monitors/?page_size=200&ordering=name")).results;
  const find = async () => (await list()).find((one) => one.name === "Partner portal");
  if (!(await find())) await makeOutage(page, target);
  const rows = await list();
  const portal = rows.find((one) => one.name === "Partner portal");
  const ofKind: Record<string, number> = {};
  for (const { kind, id, name } of rows) if (name !== "Partner portal") ofKind[kind] ??= id;
  const down = rows.find((one) => one.name === "Search EU");
  return { portal: portal?.id ?? 0, incident: portal?.incident?.id ?? 0, down: down?.id ?? 0, ofKind };
}

async function makeOutage(page: Page, target: Target): Promise<void> {
  const hook = { name: "Ops webhook", kind: "webhook", config: { url: target.hook } };
  const channel = await callApi<{ id: number }>(page, "POST", "channels/", hook);
  const wanted = {
    name: "Partner portal",
    kind: "http",
    url: target.url,
    interval_s: 20,
    recheck_s: 5,
    tags: ["partners"],
  };
  const { id } = await callApi<Row>(page, "POST", "monitors/", wanted);
  const rules = await callApi<List<{ id: number; steps: { channels: number[] }[] }>>(page, "GET", "alert-rules/");
  for (const { id: rule, steps } of rules.results) {
    const channels = [...(steps[0]?.channels ?? []), channel.id];
    await callApi(page, "PATCH", `alert-rules/${rule}/`, { steps: [{ after_min: 0, channels }] });
  }
  const monitor = () => callApi<Row>(page, "GET", `monitors/${id}/`);
  await expect.poll(async () => (await monitor()).status, { timeout: 60_000 }).toBe("up");
  target.answer(503);
  await callApi(page, "POST", `monitors/${id}/check`);
  await expect.poll(async () => (await monitor()).incident, { timeout: 60_000 }).not.toBeNull();
  const incident = (await monitor()).incident?.id ?? 0;
  await callApi(page, "POST", `incidents/${incident}/acknowledge`);
  const said = [
    { text: "Payment pods restart since the 14:10 release. Who takes the rollback?" },
    {
      text: "We see errors when signing in and are looking into it. Orders that were paid are safe.",
      status: "identified",
    },
  ];
  for (const update of said) await callApi(page, "POST", `incidents/${incident}/updates`, update);
}

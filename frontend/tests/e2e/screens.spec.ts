/** Every screen, light, dark and on a phone: axe finds nothing serious, nothing scrolls sideways.
 *  With PICTURES=folder each is photographed there instead; SCREENS_LANGUAGE=de shows the app in German. */
import path from "node:path";
import type { Page } from "@playwright/test";
import { de } from "../../src/words/de";
import { en } from "../../src/words/en";
import { callApi, expect, expectAccessible, PASSWORD, test } from "./app";
import { type Harbourline, type Ids, prepareOutage, signInAs, startHarbourline } from "./harbourline";

const language = process.env.SCREENS_LANGUAGE === "de" ? "de" : "en";
const words = language === "de" ? de : en;
const { account, overview, incidents, monitorForm } = words;

test.describe.configure({ timeout: 300_000 });

let harbourline: Harbourline;
test.beforeAll(async () => {
  test.setTimeout(400_000);
  harbourline = await startHarbourline();
});
test.afterAll(() => harbourline.end());
test.beforeEach(async ({ page }) => {
  await page.addInitScript((chosen) => localStorage.setItem("sentrypulse:language", chosen), language);
});

/** The screen is as it should be; `whole`: the picture shows all of the page. */
async function look(page: Page, name: string, whole = false): Promise<void> {
  await expect(page.locator("[aria-busy=true]")).toHaveCount(0);
  await page.waitForLoadState("networkidle", { timeout: 1000 }).catch(() => undefined); // it polls: hardly ever idle
  await page.waitForTimeout(300); // charts are drawn after their box is measured
  if (process.env.PICTURES) return photograph(page, name, whole);
  await expectAccessible(page);
  const beside = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  expect.soft(beside, `${name} is wider than its window`).toBeLessThanOrEqual(0);
  const cut = await page.evaluate(() =>
    Array.from(document.querySelectorAll("[role=dialog] :is(a, button, input, p)"))
      .filter((one) => one.getBoundingClientRect().right > innerWidth)
      .map((one) => one.textContent),
  );
  expect.soft(cut, `${name} has a dialog that is cut`).toEqual([]);
}

async function photograph(page: Page, name: string, whole: boolean): Promise<void> {
  const file = path.join(process.env.PICTURES ?? "", `${name}-${test.info().project.name}.png`);
  const window = page.viewportSize();
  if (whole && window) {
    // A window as high as the page: what sticks to its edges is at the edges.
    const height = await page.evaluate(() => document.documentElement.scrollHeight);
    await page.setViewportSize({ ...window, height: Math.max(height, window.height) });
    await page.waitForTimeout(300);
  }
  await page.screenshot({ path: file });
  if (window) await page.setViewportSize(window);
}

/** Open an address of Harbourline's, and wait for what is on it. */
async function open(page: Page, address: string, what: string | RegExp): Promise<void> {
  await page.goto(`${harbourline.product.url}${address}`);
  await expect(page.getByText(what).filter({ visible: true }).first()).toBeVisible();
}

test("before the sign-in @screens", async ({ page }) => {
  await open(page, "/sign-in/", account.checksRunning);
  await look(page, "sign-in");
  await open(page, "/register/", account.checksRunning);
  await look(page, "register");
  await open(page, "/reset-password/", account.reset.title);
  await look(page, "reset");
  await page.getByLabel(account.email).fill("mira@harbourline.example");
  await page.getByRole("button", { name: account.reset.send }).click();
  await expect(page.getByText(account.reset.sentTitle)).toBeVisible();
  await look(page, "reset-sent");
  await open(page, "/reset-password/?uid=1&token=x", account.reset.deadTitle);
  await look(page, "reset-dead");
  await open(page, "/verify-email/?key=x", account.verify.deadTitle);
  await look(page, "verify-dead");
  await open(page, "/invitations/accept/?token=x", account.invitation.title);
  await look(page, "invitation");
  await open(page, "/nowhere/", words.notFound.title);
  await look(page, "not-found");
});

test("where e-mails lead @screens", async ({ page, context }) => {
  const { product } = harbourline;
  const email = `amara${Date.now()}@harbourline.example`;
  const follow = async (to: string, what: string) => {
    await page.goto(await product.linkMailedTo(email, to));
    await expect(page.getByText(what).first()).toBeVisible();
  };
  await open(page, "/register/", account.registerTitle);
  await page.getByLabel(account.name).fill("Amara Diallo");
  await page.getByLabel(account.email).fill(email);
  await page.getByLabel(account.password, { exact: true }).fill(PASSWORD);
  await page.getByRole("button", { name: account.register }).click();
  await expect(page.getByText(overview.firstSteps.title)).toBeVisible();
  await follow("/verify-email", account.verify.explain(email));
  await look(page, "verify");
  await page.getByRole("button", { name: account.verify.confirm }).click();
  await expect(page.getByText(account.verify.doneTitle)).toBeVisible();
  await look(page, "verify-done");

  await context.clearCookies();
  await open(page, "/reset-password/", account.reset.title);
  await page.getByLabel(account.email).fill(email);
  await page.getByRole("button", { name: account.reset.send }).click();
  await follow("/reset-password", account.reset.chooseTitle);
  await look(page, "reset-choose");
  await page.getByLabel(account.newPassword, { exact: true }).fill(`${PASSWORD} anew`);
  await page.getByRole("button", { name: account.reset.save }).click();
  await expect(page.getByText(account.reset.doneTitle)).toBeVisible();
  await look(page, "reset-done");

  await signInAs(page, product, "mira");
  const { teams } = await callApi<{ teams: { id: number }[] }>(page, "GET", "auth/me");
  await callApi(page, "POST", `teams/${teams[0]?.id}/invitations/`, { email, role: "member" });
  await follow("/invitations/accept", account.invitation.as("mira@harbourline.example"));
  await look(page, "invitation-of-another");
  await page.getByRole("button", { name: account.invitation.accept }).click();
  await expect(page.getByRole("alert").filter({ hasText: /./ }).first()).toBeVisible();
  await look(page, "invitation-refused");
  await context.clearCookies();
  await follow("/invitations/accept", account.invitation.explain);
  await look(page, "invitation-signed-out");
  await page.getByRole("link", { name: account.invitation.register }).click();
  await expect(page.getByText(account.invitedExplain)).toBeVisible();
  await look(page, "register-invited");
});

test("the first steps @screens", async ({ page }) => {
  await open(page, "/register/", account.registerTitle);
  await page.getByLabel(account.name).fill("Amara Diallo");
  await page.getByLabel(account.email).fill(`amara${Date.now()}@harbourline.example`);
  await page.getByLabel(account.password, { exact: true }).fill(PASSWORD);
  await page.getByRole("button", { name: account.register }).click();
  await expect(page.getByText(overview.firstSteps.title)).toBeVisible();
  await look(page, "first-steps");
  await page.getByLabel(overview.firstSteps.label).fill(harbourline.target.url);
  await expect(page.getByRole("img", { name: /^Waterfall|^Wasserfall/ })).toBeVisible();
  await look(page, "first-steps-result", true);
  await open(page, "/incidents/", incidents.empty.none);
  await look(page, "incidents-empty");
  await open(page, "/alerts/", words.nav.alerts);
  await look(page, "no-screen-yet");
});

test("the monitors @screens", async ({ page, isMobile }) => {
  await signInAs(page, harbourline.product, "mira");
  const { portal, down, ofKind } = await prepareOutage(page, harbourline);
  await open(page, "/", "Partner portal");
  await expect(page.getByRole("row").first()).toBeVisible();
  await look(page, "overview");
  await open(page, "/?status=down&status=degraded", "Partner portal");
  await look(page, "overview-filtered");
  await open(page, "/?q=nothing+of+that+name", overview.empty.clear);
  await look(page, "overview-nothing");
  if (isMobile) await lookAtFilters(page);
  else await lookAtListTools(page);
  await open(page, `/monitors/${portal}/`, words.monitor.heat.title);
  await look(page, "monitor-down", true);
  await open(page, `/monitors/${down}/`, words.monitor.heat.title);
  await look(page, "monitor-outage", true);
  for (const kind of ["http", "heartbeat", "dns", "tcp", "tls", "ping"])
    if (ofKind[kind]) {
      await open(page, `/monitors/${ofKind[kind]}/`, words.monitor.days.title);
      await look(page, `monitor-${kind}`, true);
    }
});

test("monitors of the kinds that nobody simulates @screens", async ({ page }) => {
  await signInAs(page, harbourline.product, "mira");
  const { origin } = new URL(harbourline.target.url);
  const wanted = [
    { kind: "smtp", name: "Mail gateway", url: "127.0.0.1:1" },
    { kind: "websocket", name: "Live prices", url: origin.replace("http", "ws") },
    {
      kind: "domain",
      name: "Apex domain",
      url: "harbourline.example",
      interval_s: 3600,
      config: { rdap_url: `${origin}/` },
    },
  ];
  const ids: number[] = [];
  for (const one of wanted) {
    const { id } = await callApi<{ id: number }>(page, "POST", "monitors/", one);
    ids.push(id);
    const checked = async () =>
      (await callApi<{ last_checked_at: string | null }>(page, "GET", `monitors/${id}/`)).last_checked_at;
    await expect.poll(checked, { timeout: 60_000 }).not.toBeNull();
    await open(page, `/monitors/${id}/`, words.monitor.incidents.title);
    await look(page, `monitor-${one.kind}`, true);
  }
  await callApi(page, "POST", "monitors/bulk", { action: "delete", ids });
});

async function lookAtListTools(page: Page): Promise<void> {
  await open(page, "/", "Partner portal");
  for (const index of [2, 3, 5]) {
    const row = page.getByRole("row").nth(index);
    await row.hover();
    await row.getByRole("checkbox").check();
  }
  await look(page, "overview-selection");
  await page.keyboard.press("Escape");
  await page.keyboard.press("Control+k");
  await page.getByRole("combobox").fill("che");
  await look(page, "palette");
  await page.keyboard.press("Escape");
  await page.keyboard.press("?");
  await expect(page.getByRole("dialog")).toBeVisible();
  await look(page, "keys");
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: overview.sort.trouble }).click();
  await page.getByRole("menuitem", { name: overview.rows.one }).click();
  await page.reload();
  await expect(page.getByText("Partner portal")).toBeVisible();
  for (const key of ["j", "j", " "]) await page.keyboard.press(key);
  await expect(page.getByRole("complementary")).toContainText("Search EU");
  await expect(page.getByRole("complementary").getByRole("listitem").first()).toBeVisible();
  await look(page, "overview-peek");
  await page.keyboard.press("j");
  await expect(page.getByRole("complementary")).toContainText("Payments EU");
  await page.keyboard.press("Escape");
  await expect(page.getByRole("complementary")).toBeHidden();
  await look(page, "overview-one-line");
}

async function lookAtFilters(page: Page): Promise<void> {
  await open(page, "/", "Partner portal");
  await page.getByRole("button", { name: overview.filters }).click();
  const filters = page.getByRole("dialog", { name: overview.filters });
  await filters.getByText(words.states.down).click();
  await expect(filters.getByRole("button", { name: overview.showThese(2) })).toBeVisible();
  await look(page, "overview-filters");
  await filters.getByRole("button", { name: overview.showThese(2) }).click();
  await expect(page.getByText("Partner portal")).toBeVisible();
  await expect(page.getByText("Payments EU")).toBeHidden();
}

test("the form @screens", async ({ page }) => {
  await signInAs(page, harbourline.product, "mira");
  const { portal } = await prepareOutage(page, harbourline);
  await open(page, "/monitors/new/", monitorForm.sections.target.title);
  await look(page, "form-new", true);
  await page.getByRole("button", { name: new RegExp(`^${monitorForm.kind}`) }).click();
  await look(page, "form-kinds");
  await page.keyboard.press("Escape");
  await page.locator("[data-path=url]").fill(harbourline.target.url);
  await page.locator("[data-path=name]").fill("Partner portal US");
  await expect(page.getByRole("img", { name: /^Waterfall|^Wasserfall/ })).toBeVisible();
  await look(page, "form-tested");
  for (const kind of ["heartbeat", "dns", "smtp", "websocket"]) {
    await open(page, `/monitors/new/?kind=${kind}`, monitorForm.sections.target.title);
    await look(page, `form-${kind}`, true);
  }
  await open(page, `/monitors/${portal}/edit/`, monitorForm.sections.target.title);
  await page.locator("[data-path=name]").fill("Partner portal EU");
  await look(page, "form-edit", true);
  await callApi(page, "PATCH", `monitors/${portal}/`, { timeout_s: 8 });
  await page.getByRole("button", { name: monitorForm.save }).click();
  await expect(page.getByRole("dialog")).toBeVisible();
  await look(page, "form-conflict");
  await callApi(page, "PATCH", `monitors/${portal}/`, { timeout_s: 10 });
});

test("a heartbeat that was just made @screens", async ({ page }) => {
  await signInAs(page, harbourline.product, "mira");
  const wanted = { name: "Nightly backup", kind: "heartbeat", config: { period_s: 86400, grace_s: 1800 } };
  const { id } = await callApi<{ id: number }>(page, "POST", "monitors/", wanted);
  await open(page, `/monitors/new/?saved=${id}`, monitorForm.saved.title);
  await look(page, "heartbeat-saved", true);
});

test("the incidents @screens", async ({ page }) => {
  await signInAs(page, harbourline.product, "mira");
  const ids = await prepareOutage(page, harbourline);
  await open(page, "/incidents/", "503");
  await look(page, "incidents");
  await open(page, `/incidents/${ids.incident}/`, incidents.timeline.title);
  await look(page, "incident-open", true);
  await page
    .getByRole("radio", { name: incidents.composer.public })
    .or(page.getByRole("button", { name: incidents.composer.public }))
    .click();
  await look(page, "incident-public", true);
  await page.keyboard.press("Escape");
  await page.locator("body").click({ position: { x: 1, y: 1 } });
  await page.keyboard.press("r");
  await expect(page.getByRole("dialog")).toBeVisible();
  await look(page, "resolve");
  const past = await callApi<{ results: { id: number }[] }>(page, "GET", "incidents/?open=false&page_size=1");
  await open(page, `/incidents/${past.results[0]?.id}/`, incidents.timeline.title);
  await look(page, "incident-resolved", true);
});

test("who may only look @screens", async ({ page }) => {
  await signInAs(page, harbourline.product, "mira");
  const ids: Ids = await prepareOutage(page, harbourline);
  await page.context().clearCookies();
  await signInAs(page, harbourline.product, "vera");
  await look(page, "viewer-overview");
  await open(page, `/monitors/${ids.portal}/`, words.monitor.days.title);
  await look(page, "viewer-monitor");
  await open(page, `/incidents/${ids.incident}/`, incidents.timeline.title);
  await look(page, "viewer-incident");
});

test("a session that ended, a server that is away @screens", async ({ page, context }) => {
  await signInAs(page, harbourline.product, "mira");
  await context.setOffline(true);
  await page.evaluate(() => window.dispatchEvent(new Event("offline")));
  await expect(page.getByText(words.offline.word, { exact: true }).first()).toBeVisible();
  await look(page, "offline");
  await context.setOffline(false);
  await context.clearCookies();
  await page.evaluate(() => window.dispatchEvent(new Event("online")));
  await expect(page.getByRole("dialog", { name: words.session.title })).toBeVisible();
  await look(page, "session-ended");
});

/** The whole way of a person with an outage: from the account to the status page that tells of it. */
import type { Page } from "@playwright/test";
import { callApi, expect, register, test } from "./app";
import { startTarget, type Target } from "./target";

let target: Target;
test.beforeAll(async () => {
  target = await startTarget();
});
test.afterAll(() => target.stop());

test("a person registers, watches a server through an outage, and signs out", async ({ page }) => {
  test.setTimeout(240_000);
  await register(page);

  await page.getByRole("link", { name: "Add monitor" }).click();
  await page.getByLabel("URL", { exact: true }).fill(target.url);
  await page.getByLabel("Name").fill("Checkout");
  await page.getByRole("button", { name: "Test", exact: false }).first().click();
  await expect(page.getByRole("img", { name: /^Waterfall of a check/ })).toBeVisible();
  await page.getByRole("button", { name: "Add monitor" }).click();
  await expect(page).toHaveURL(/\/monitors\/\d+\/$/);
  await expect(page.getByRole("heading", { name: /^Up/ })).toBeVisible();
  const id = Number(/monitors\/(\d+)/.exec(page.url())?.[1]);

  // Status pages have no screen yet: the API makes one.
  const slug = `checkout-${Date.now()}`;
  const components = [{ name: "Web shop", monitors: [id] }];
  await callApi(page, "POST", "status-pages/", { slug, title: "Harbourline", components });

  target.answer(503);
  await page.getByRole("button", { name: "Check now" }).click();
  await expect(page.getByRole("heading", { name: /^Down for/ })).toBeVisible();
  await expect(page.getByText("503").first()).toBeVisible();
  await expect(page).toHaveTitle(/^1 down/);

  await page
    .getByRole("link", { name: /^Incident #/ })
    .first()
    .click();
  await expect(page.getByRole("heading", { name: /^Down for/ })).toBeVisible();
  await page.getByRole("button", { name: "Acknowledge" }).click();
  await expect(page.getByText(/^Mira Okafor acknowledged at/)).toBeVisible();

  const status = await page.context().newPage();
  await status.goto(`/status/${slug}/`);
  await expectHeading(status, "Major outage");
  await expect(status.getByRole("heading", { name: "Trouble with Web shop" })).toBeVisible();

  target.answer(200);
  await page.goto(`/monitors/${id}/`);
  await expect(page.getByRole("heading", { name: /^Up/ })).toBeVisible({ timeout: 90_000 });
  await page.getByRole("link", { name: "Incidents", exact: true }).first().click();
  await expect(page.getByRole("row", { name: /Checkout/ }).getByRole("img", { name: "Resolved" })).toBeVisible();
  await expectHeading(status, "All systems operational");
  await status.close();

  await page.getByRole("button", { name: "Mira Okafor", exact: true }).click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await expect(page.getByRole("heading", { name: "Sign in" })).toBeVisible();
  await page.goto("/");
  await expect(page).toHaveURL(/\/sign-in\//);
});

/** A status page is written anew within seconds; it is read until it says so. */
async function expectHeading(page: Page, name: string): Promise<void> {
  await expect(async () => {
    await page.reload();
    await expect(page.getByRole("heading", { name })).toBeVisible({ timeout: 1000 });
  }).toPass({ timeout: 60_000 });
}

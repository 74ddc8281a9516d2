/** The server dies, or another version of the app is served, while somebody types: nothing is lost. */
import fs from "node:fs";
import { alert, expect, register, test } from "./app";
import { makeNextVersion, Product } from "./product";

let product: Product;
let nextVersion: string;
test.beforeAll(async () => {
  test.setTimeout(180_000);
  nextVersion = makeNextVersion();
  product = await Product.start();
});
test.afterAll(async () => {
  await product.end();
  fs.rmSync(nextVersion, { recursive: true });
});

test("the server dies while a form is filled in: it is told, nothing is lost, it recovers", async ({ page }) => {
  test.setTimeout(240_000);
  await register(page, product.url);
  await page.getByRole("link", { name: "Add monitor" }).click();
  const url = page.getByLabel("URL", { exact: true });
  await url.fill("https://shop.example/health");
  await product.kill();
  await page.getByLabel("Name").fill("Harbour shop");
  await page.getByRole("button", { name: "Add monitor" }).click();
  await expect(alert(page).last()).toContainText("The server does not answer.");
  await expect(page.getByRole("status").getByText("Offline")).toBeVisible();
  await expect(url).toHaveValue("https://shop.example/health");

  await product.start();
  await page.getByRole("button", { name: "Try now" }).click();
  await expect(page.getByRole("status").getByText("Offline")).toBeHidden();
  await expect(page.getByLabel("Name")).toHaveValue("Harbour shop");
  await page.getByRole("button", { name: "Add monitor" }).click();
  await expect(page.getByRole("heading", { name: "Harbour shop" })).toBeVisible();
});

test("a new version is served while a tab is open: it is offered, and what is typed stays", async ({ page }) => {
  test.setTimeout(240_000);
  await register(page, product.url);
  await page.getByRole("link", { name: "Add monitor" }).click();
  await page.getByLabel("URL", { exact: true }).fill("https://shop.example/health");
  await product.kill();
  await product.start(nextVersion);
  await page.getByLabel("Name").fill("Harbour shop");
  await page.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
  await expect(page.getByText("A new version is here. What you typed is kept.")).toBeVisible();
  await page.getByRole("button", { name: "Reload" }).click();
  await expect(page.getByText(/^Your draft of/)).toBeVisible();
  await expect(page.getByLabel("Name")).toHaveValue("Harbour shop");
  await expect(page.getByText("A new version is here.")).toBeHidden();
});

test("a tab of the former version finds its scripts gone: it goes on in the new one", async ({ page }) => {
  test.setTimeout(240_000);
  await product.kill();
  await product.start();
  await register(page, product.url);
  await product.kill();
  await product.start(nextVersion);
  await page.getByRole("link", { name: "Incidents", exact: true }).click();
  await expect(page.getByText("No incidents yet.")).toBeVisible();
});

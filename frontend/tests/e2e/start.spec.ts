import { alert, expect, expectAccessible, PASSWORD, register, test } from "./app";

test("somebody registers, pastes an address, sees its waterfall, and comes back @screens", async ({
  page,
  baseURL,
}) => {
  const email = await register(page);
  await expectAccessible(page);

  await page.getByLabel("URL, or host and port").fill(`${baseURL}/demo/ok`);
  await expect(page.getByRole("img", { name: /^Waterfall of a check/ })).toBeVisible();
  await expect(page.getByText(/HTTP 200/)).toBeVisible();
  await page.getByRole("button", { name: "Watch it" }).click();

  const row = page.getByRole("row", { name: /demo\/ok/ });
  await expect(row).toBeVisible();
  await expect(page.getByRole("button", { name: "1 up" })).toBeVisible();
  await expectAccessible(page);

  await page.context().clearCookies({ name: "sessionid" });
  await page.goto("/sign-in/");
  await page.getByLabel("E-mail").fill(email);
  await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(row).toBeVisible();
});

test("a wrong password is told at its field @screens", async ({ page }) => {
  await page.goto("/sign-in/");
  await expectAccessible(page);
  await page.getByLabel("E-mail").fill("nobody@harbourline.example");
  await page.getByLabel("Password", { exact: true }).fill("wrong");
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(alert(page)).toBeVisible();
});

test("a session that ended asks for the password over the page, and goes on", async ({ page, context }) => {
  const email = await register(page);
  await context.clearCookies();
  await page.getByLabel("URL, or host and port").fill("https://shop.example");
  await page.getByRole("button", { name: "Watch it" }).click();
  await expect(page.getByRole("dialog", { name: "Your session ended" })).toBeVisible();
  await page.getByLabel(`Password of ${email}`).fill(PASSWORD);
  await page.getByRole("button", { name: "Sign in and go on" }).click();
  await expect(page.getByRole("row", { name: /shop\.example/ })).toBeVisible();
});

test("a server that is away is told, and what is typed stays", async ({ page, context }) => {
  await register(page);
  await context.setOffline(true);
  const field = page.getByLabel("URL, or host and port");
  await field.fill("https://shop.example");
  await page.getByRole("button", { name: "Watch it" }).click();
  await expect(alert(page)).toContainText("The server does not answer.");
  await expect(field).toHaveValue("https://shop.example");
  await context.setOffline(false);
  await page.getByRole("button", { name: "Watch it" }).click();
  await expect(page.getByRole("row", { name: /shop\.example/ })).toBeVisible();
});

test("the palette finds a page by keyboard, and ? lists the keys", async ({ page }) => {
  await register(page);
  await page.keyboard.press("Control+k");
  await page.getByRole("combobox", { name: "Find or do" }).fill("inci");
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/\/incidents\/$/);
  await page.keyboard.press("?");
  await expect(page.getByRole("dialog", { name: "Keys" })).toBeVisible();
  await expectAccessible(page);
});

test("an address that leads nowhere says so, in the app's own page", async ({ page }) => {
  const answer = await page.goto("/nowhere/at/all");
  expect(answer?.status()).toBe(404);
  await expect(page.getByRole("heading", { name: "There is no such page" })).toBeVisible();
});

test("an address that nobody confirmed is told, and the e-mail is sent again", async ({ page }) => {
  const email = await register(page);
  const told = page.getByRole("status").filter({ hasText: `${email} is not confirmed yet` });
  await told.getByRole("button", { name: "Send the e-mail again" }).click();
  await expect(told.getByRole("button", { name: "Sent" })).toBeVisible();
});

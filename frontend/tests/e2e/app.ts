/** What every browser test needs: a person with an account, and a page that tells what its policy refused. */
import AxeBuilder from "@axe-core/playwright";
import { test as base, expect, type Page } from "@playwright/test";

export const PASSWORD = "a long password 42";
let people = 0;

type Fixtures = { refused: string[] };

/** A test fails when the page's policy refused anything, or a script threw. */
export const test = base.extend<Fixtures>({
  refused: [
    async ({ page }, use) => {
      const refused: string[] = [];
      page.on("console", (message) => {
        if (/Content Security Policy|Refused to(?!.*MIME type)/.test(message.text())) refused.push(message.text());
      });
      page.on("pageerror", (error) => refused.push(String(error)));
      await use(refused);
      expect(refused).toEqual([]);
    },
    { auto: true },
  ],
});

export { expect };

/** `origin`: of a product of the test's own. */
export async function register(page: Page, origin = ""): Promise<string> {
  people += 1;
  const email = `mira${Date.now()}-${people}@harbourline.example`;
  await page.goto(`${origin}/register/`);
  await page.getByLabel("Name").fill("Mira Okafor");
  await page.getByLabel("E-mail").fill(email);
  await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
  await page.getByRole("button", { name: "Make an account" }).click();
  await expect(page.getByRole("heading", { name: "What should we watch first?" })).toBeVisible();
  return email;
}

/** axe finds nothing serious. Softly: a test that looks at many screens tells all that is wrong. */
export async function expectAccessible(page: Page): Promise<void> {
  const found = await new AxeBuilder({ page }).analyze();
  const bad = found.violations.filter((one) => one.impact === "serious" || one.impact === "critical");
  expect.soft(bad.map((one) => `${one.id}: ${one.nodes.map((node) => node.html).join(" ")}`)).toEqual([]);
}

/** What the page itself tells; Next announces pages by the same role. */
export function alert(page: Page) {
  return page.locator("[role=alert]:not(#__next-route-announcer__)");
}

/** Ask the API as the person of this page. */
export async function callApi<T>(
  page: Page,
  method: "GET" | "POST" | "PATCH",
  path: string,
  body?: object,
): Promise<T> {
  const cookies = await page.context().cookies();
  const token = cookies.find((one) => one.name === "csrftoken")?.value ?? "";
  const answer = await page.request.fetch(new URL(`/api/v1/${path}`, page.url()).href, {
    method,
    headers: { "X-CSRFToken": token },
    ...(body ? { data: body } : {}),
  });
  expect(answer.ok(), await answer.text()).toBe(true);
  return (await answer.json()) as T;
}

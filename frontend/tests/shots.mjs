// Pictures of screens, to look at: light, dark and phone of each address.
//   node tests/shots.mjs URL EMAIL PASSWORD FOLDER PATH …       (EMAIL "-": signed out)
// TEAM=2 chooses a team, PRESS="Control+k c h" presses keys, LOOKS=light,phone, LOCALE=de-DE, FULL=1 the whole page.
import fs from "node:fs";
import { chromium } from "@playwright/test";

const [url, email, password, folder, ...paths] = process.argv.slice(2);
const LOOKS = {
  light: { viewport: { width: 1440, height: 900 }, colorScheme: "light" },
  dark: { viewport: { width: 1440, height: 900 }, colorScheme: "dark" },
  phone: {
    viewport: { width: 390, height: 844 },
    deviceScaleFactor: 2,
    isMobile: true,
    hasTouch: true,
    colorScheme: "light",
  },
};
const wanted = process.env.LOOKS?.split(",") ?? Object.keys(LOOKS);

async function signIn(context) {
  const page = await context.newPage();
  await page.goto(`${url}/sign-in/`);
  const status = await page.evaluate(
    async ({ email, password }) => {
      await fetch("/_allauth/browser/v1/config");
      const token = /csrftoken=([^;]+)/.exec(document.cookie)?.[1] ?? "";
      const response = await fetch("/_allauth/browser/v1/auth/login", {
        method: "POST",
        headers: { "Content-Type": "application/json", "X-CSRFToken": token },
        body: JSON.stringify({ email, password }),
      });
      return response.status;
    },
    { email, password },
  );
  if (status !== 200) await signInByAdmin(page);
  await page.close();
}

async function signInByAdmin(page) {
  await page.goto(`${url}/admin/login/`);
  await page.fill("input[name=username]", email);
  await page.fill("input[name=password]", password);
  await page.click("input[type=submit]");
}

const nameOf = (path) => path.replaceAll(/[^a-z0-9]+/gi, "-").replaceAll(/^-|-$/g, "") || "overview";

fs.mkdirSync(folder, { recursive: true });
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox"],
});
for (const look of wanted) {
  const context = await browser.newContext({
    ...LOOKS[look],
    locale: process.env.LOCALE ?? "en-GB",
    timezoneId: "Europe/Berlin",
    reducedMotion: "reduce",
  });
  if (process.env.TEAM)
    await context.addInitScript((team) => localStorage.setItem("sentrypulse:team", team), process.env.TEAM);
  if (email !== "-") await signIn(context);
  for (const path of paths) {
    const page = await context.newPage();
    page.on("console", (message) => message.type() === "error" && console.log(`${path} ${look}: ${message.text()}`));
    page.on("pageerror", (error) => console.log(`${path} ${look}: ${error}`));
    await page.goto(url + path);
    await page.waitForLoadState("networkidle").catch(() => undefined);
    await page.waitForTimeout(Number(process.env.WAIT_MS ?? 1500));
    if (process.env.PRESS) for (const key of process.env.PRESS.split(" ")) await page.keyboard.press(key);
    if (process.env.PRESS) await page.waitForTimeout(1000);
    const file = `${folder}/${nameOf(path)}${process.env.NAME ?? ""}-${look}.png`;
    await page.screenshot({ path: file, fullPage: !!process.env.FULL });
    console.log(file);
    await page.close();
  }
  await context.close();
}
await browser.close();

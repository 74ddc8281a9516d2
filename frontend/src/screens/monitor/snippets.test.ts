import { expect, test } from "vitest";
import { cronOf, SNIPPETS, snippetOf } from "./snippets";

const URL = "https://pulse.example/ping/6f1c2b1e-0b1c-4c39-9a64-52a7c1d1f0aa";

test.each(SNIPPETS)("the snippet for %s calls the address and fits on a page", (kind) => {
  const text = snippetOf(kind, URL, { name: "Nightly backup", periodS: 86_400 });
  expect(text).toContain(URL);
  expect(text.split("\n").length).toBeLessThanOrEqual(14);
  expect(text).not.toMatch(/undefined/);
});

test("curl tells the start before the job and its exit status after it", () => {
  const [address, start, job, end] = snippetOf("curl", URL).split("\n");
  expect(address).toBe(`ping=${URL}`);
  expect(start).toContain('"$ping/start"');
  expect(job).toBe("/usr/local/bin/job");
  expect(end).toContain('"$ping/$?"');
});

test("an address that ends in a slash is called without two", () => {
  expect(snippetOf("curl", `${URL}/`)).toBe(snippetOf("curl", URL));
});

test("a crontab has the monitor's own schedule, and its name as a comment without line breaks or per cents", () => {
  const text = snippetOf("cron", URL, { cron: "15 4 * * 1", name: "Backup\n100%" });
  expect(text).toMatch(/^# Backup 100\nPING=.*\n15 4 \* \* 1 curl/);
  expect(text).not.toContain("%");
});

test.each([
  [{ periodS: 300 }, "*/5 * * * *"],
  [{ periodS: 60 }, "* * * * *"],
  [{ periodS: 3600 }, "0 * * * *"],
  [{ periodS: 21_600 }, "0 */6 * * *"],
  [{ periodS: 86_400 }, "0 3 * * *"],
  [{ periodS: 90 }, "*/5 * * * *"],
  [{}, "*/5 * * * *"],
  [{ cron: "@daily", periodS: 60 }, "@daily"],
])("the schedule for %o is %s", (options, schedule) => {
  expect(cronOf(options)).toBe(schedule);
});

test("systemd's unit leaves its variables to the shell, and says so when the job was killed", () => {
  const text = snippetOf("systemd", URL);
  expect(text).toContain("${PING}/start");
  expect(text).toContain("$$EXIT_STATUS");
  expect(text).toContain("*) end=fail");
  expect(text).not.toMatch(/[^$]\$EXIT/);
});

test("a workflow reads the address from a secret and never runs it in a step", () => {
  const steps = snippetOf("github", URL).split("steps:")[1];
  expect(steps).not.toContain(URL);
  expect(steps).toContain("${{ secrets.PING_URL }}/fail");
});

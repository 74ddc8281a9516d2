import { fireEvent, render, screen } from "@testing-library/react";
import { afterEach, expect, test, vi } from "vitest";
import { WithWords } from "@/words";
import { en } from "@/words/en";
import { CopyButton } from "./Notices";

afterEach(() => vi.unstubAllGlobals());

function copy(): void {
  render(
    <WithWords words={en}>
      <CopyButton text="curl https://a.example">Copy it</CopyButton>
    </WithWords>,
  );
  fireEvent.click(screen.getByRole("button", { name: "Copy it" }));
}

test("a page of plain http has no clipboard, and copies all the same", async () => {
  vi.stubGlobal("navigator", { clipboard: undefined });
  let copied = "";
  Object.assign(document, {
    execCommand: () => {
      copied = (document.activeElement as HTMLTextAreaElement).value;
      return true;
    },
  });
  copy();
  expect(await screen.findByRole("button", { name: "Copied" })).toBeTruthy();
  expect(copied).toBe("curl https://a.example");
  expect(document.querySelector("textarea")).toBeNull();
});

test("what was not copied is not told as copied", async () => {
  vi.stubGlobal("navigator", { clipboard: { writeText: () => Promise.reject(new Error("denied")) } });
  Object.assign(document, { execCommand: () => false });
  copy();
  await Promise.resolve();
  expect(screen.queryByRole("button", { name: "Copied" })).toBeNull();
});

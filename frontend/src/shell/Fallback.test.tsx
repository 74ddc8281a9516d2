import { render, screen } from "@testing-library/react";
import { expect, test, vi } from "vitest";
import { WithWords } from "@/words";
import { en } from "@/words/en";
import { Fallback } from "./Fallback";

function Bad(): never {
  throw new Error("a row that cannot be drawn");
}

test("a screen that broke takes nothing of the next one", () => {
  vi.spyOn(console, "error").mockImplementation(() => undefined);
  const show = (place: string, screen: React.ReactNode) => (
    <WithWords words={en}>
      <Fallback place={place}>{screen}</Fallback>
    </WithWords>
  );
  const { rerender } = render(show("/monitors/7/", <Bad />));
  expect(screen.getByText(/a row that cannot be drawn/)).toBeTruthy();
  rerender(show("/monitors/7/", <p>fine</p>));
  expect(screen.queryByText("fine")).toBeNull();
  rerender(show("/", <p>fine</p>));
  expect(screen.getByText("fine")).toBeTruthy();
});

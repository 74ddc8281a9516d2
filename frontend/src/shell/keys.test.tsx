import { render } from "@testing-library/react";
import { expect, test, vi } from "vitest";
import { useKeys } from "./keys";

test("a field that Chrome fills in by itself sends a keydown without a key: nothing happens", () => {
  const act = vi.fn();
  const failed = vi.fn((event: ErrorEvent) => event.preventDefault());
  window.addEventListener("error", failed);
  function Page() {
    useKeys({ p: act });
    return <input type="checkbox" />;
  }
  const { container } = render(<Page />);
  const field = container.querySelector("input");
  field?.dispatchEvent(new Event("keydown", { bubbles: true }));
  expect(failed).not.toHaveBeenCalled();
  field?.dispatchEvent(new KeyboardEvent("keydown", { key: "p", bubbles: true }));
  expect(act).toHaveBeenCalledOnce();
  window.removeEventListener("error", failed);
});

import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { useState } from "react";
import { afterEach, expect, test } from "vitest";
import { WithWords } from "@/words";
import { en } from "@/words/en";
import { type Field, fieldsOf, type Picked, readValue, type Value, writeValue } from "./fields";
import { http } from "./kinds.fixture";
import Variants from "./Variants";

const auth = fieldsOf(http).find((field) => field.path === "config.auth") as Field;

afterEach(cleanup);

function show(stored: unknown, errors: string[] = []) {
  const typed: { value: Value } = { value: readValue(auth, stored) };
  function Held() {
    const [value, setValue] = useState(typed.value as Picked | null);
    const type = (next: Value) => {
      typed.value = next;
      setValue(next as Picked | null);
    };
    return <Variants field={auth} value={value} errors={errors} onType={type} />;
  }
  render(
    <WithWords words={en}>
      <Held />
    </WithWords>,
  );
  return () => writeValue(auth, typed.value);
}

test("a stored password is not shown, and stays unless a new one is typed", () => {
  const sent = show({ type: "basic", username: "mira" });
  const password = screen.getByLabelText<HTMLInputElement>("Password");
  expect(password.value).toBe("");
  expect(password.type).toBe("password");
  expect(screen.getByText("Kept unless you type a new one.")).toBeTruthy();
  expect(sent()).toEqual({ type: "basic", username: "mira" });
  fireEvent.change(password, { target: { value: "new" } });
  expect(sent()).toEqual({ type: "basic", username: "mira", password: "new" });
});

test("another way to log in keeps nothing, and going back keeps the stored one again", () => {
  const sent = show({ type: "basic", username: "mira" });
  const ways = screen.getByLabelText("Log in with");
  fireEvent.change(ways, { target: { value: "bearer" } });
  expect(screen.queryByText("Kept unless you type a new one.")).toBeNull();
  expect(sent()).toEqual({ type: "bearer", token: "" });
  fireEvent.change(ways, { target: { value: "basic" } });
  expect(sent()).toEqual({ type: "basic", username: "mira" });
  fireEvent.change(ways, { target: { value: "" } });
  expect(sent()).toBeNull();
});

test("an error of a part is read with the parts", () => {
  show({ type: "basic", username: "mira" }, ["May not be empty."]);
  expect(screen.getByRole("alert").textContent).toContain("May not be empty.");
});

import { expect, test } from "vitest";
import { toGraphs } from "./overview";

test("ids come as steps from one to the next", () => {
  const graphs = toGraphs({ id_steps: [7, 1, 4], days: ["u", "d", "-"], hours: ["z", "h", "-"] });
  expect(Object.fromEntries(graphs)).toEqual({
    7: { days: "u", hours: "z" },
    8: { days: "d", hours: "h" },
    12: { days: "-", hours: "-" },
  });
});

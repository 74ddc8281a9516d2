import { expect, test } from "vitest";
import { toGraphs } from "./overview";

test("ids come as steps from one to the next", () => {
  const graphs = toGraphs({ id_steps: [7, 1, 4], days: ["u", "d", "-"], hours: ["9", "4", "-"] });
  expect(Object.fromEntries(graphs)).toEqual({
    7: { days: "u", hours: "9" },
    8: { days: "d", hours: "4" },
    12: { days: "-", hours: "-" },
  });
});

/** All monitors in one light list, and only what changed since. */
import { api, type Answer, ask, type Schema } from "./client";

export type Overview = Schema["Overview"];

type Columns = { readonly id: readonly number[] };
type RowOf<C extends Columns> = { [Name in keyof C]: C[Name] extends readonly (infer Value)[] ? Value : never };

export type OverviewRow = RowOf<Schema["MonitorColumns"]>;
export type StateRow = RowOf<Schema["StateColumns"]>;

/** The n-th value of each column is of the n-th row. */
export function toRows<C extends Columns>(columns: C): RowOf<C>[] {
  const named = Object.entries<readonly unknown[]>(columns);
  return columns.id.map(
    (_, place) => Object.fromEntries(named.map(([name, values]) => [name, values[place]])) as RowOf<C>,
  );
}

/** `since`: the token of the last answer. */
export function askOverview(team: number, since: string | null): Promise<Answer<Overview>> {
  const query = since === null ? { team } : { team, since };
  return ask(api.GET("/api/v1/monitors/overview", { params: { query } }));
}

/** The counts alone: for a tab that nobody sees. */
export function askCounts(team: number): Promise<Answer<Overview>> {
  return ask(api.GET("/api/v1/monitors/overview", { params: { query: { team, counts: true } } }));
}

/** `days`: a letter each. `hours`: a digit or letter each, in 35ths of the greatest; `-` where nothing was measured. */
export type Graph = { days: string; hours: string };

export function toGraphs({ id_steps, days, hours }: Schema["GraphColumns"]): ReadonlyMap<number, Graph> {
  let id = 0;
  return new Map(
    id_steps.map((step, place) => {
      id += step;
      return [id, { days: days[place] ?? "", hours: hours[place] ?? "" }];
    }),
  );
}

export const GRAPH_DAYS = 90;

export function callGraphs(team: number) {
  return api.GET("/api/v1/monitors/graphs", { params: { query: { team, days: GRAPH_DAYS, hours: 24 } } });
}

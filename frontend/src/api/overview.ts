/** All monitors in one light list, and only what changed since. */
import { api, type Answer, ask, type Schema } from "./client";

export type Overview = Schema["Overview"];
export type OverviewRow = Overview["monitors"][number];
export type Graphs = Schema["Graphs"];

/** `since`: the token of the last answer. */
export function askOverview(team: number, since: string | null): Promise<Answer<Overview>> {
  const query = since === null ? { team } : { team, since };
  return ask(api.GET("/api/v1/monitors/overview", { params: { query } }));
}

/** The counts alone: for a tab that nobody sees. */
export function askCounts(team: number): Promise<Answer<Overview>> {
  return ask(api.GET("/api/v1/monitors/overview", { params: { query: { team, counts: true } } }));
}

export function callGraphs(team: number) {
  return api.GET("/api/v1/monitors/graphs", { params: { query: { team, days: 90, hours: 24 } } });
}

/** What a day was, from its figures. Pure. */
import type { DayLetter } from "@/charts/Bars";
import type { Stats } from "./shapes";

type Day = Stats["days"][number];

export function letterOfDay(day: Day): DayLetter {
  if (day.downtime_s > 0) return "d";
  if (day.uptime === null) return day.maintenance_s > 0 ? "m" : "-";
  return day.maintenance_s > 0 ? "m" : "u";
}

export function sumDays(days: readonly Day[]): { incidents: number; downS: number; maintenanceS: number } {
  const sum = { incidents: 0, downS: 0, maintenanceS: 0 };
  for (const day of days) {
    sum.incidents += day.incidents;
    sum.downS += day.downtime_s;
    sum.maintenanceS += day.maintenance_s;
  }
  return sum;
}

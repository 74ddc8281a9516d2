/** The last 90 days as bars that fill the width. */
import { tellDay, tellSpan } from "@/time";
import { classes } from "@/ui/classes";
import { useWords } from "@/words";
import { fitBars } from "../chart/cells";
import { useWidth } from "../chart/useWidth";
import { letterOfDay, sumDays } from "../data/days";
import type { Stats } from "../data/shapes";
import { tellUptime } from "../data/uptime";
import { AsTable } from "./AsTable";
import styles from "./Days.module.css";

const HEIGHT = 32;
const TALL = { u: 19, g: 26, d: 32, m: 19, "-": 19 } as const;
const LOOKS = { u: styles.up, g: styles.up, d: styles.down, m: styles.maintenance, "-": styles.noData } as const;

export function Days({ days }: { days: Stats["days"] }) {
  const words = useWords();
  const said = words.monitor.days;
  const [box, width] = useWidth<HTMLDivElement>();
  const bars = fitBars(days.length, width, width < 500 ? 1 : 2);
  const sum = sumDays(days);
  const span = (s: number) => (s > 0 ? tellSpan(s * 1000, words.time) : null);
  const told = said.summary(sum.incidents, span(sum.downS), span(sum.maintenanceS));
  const dayOf = (on: string | undefined) => (on ? tellDay(new Date(`${on}T12:00:00`), words.locale) : "");
  const tell = (day: Stats["days"][number]) =>
    day.uptime === null
      ? said.noData(dayOf(day.on))
      : said.day(dayOf(day.on), said.up(tellUptime(day.uptime, words.locale)), span(day.downtime_s));
  const third = (part: number) => dayOf(days[Math.floor((days.length * part) / 3)]?.on);
  return (
    <section className={styles.section}>
      <div className={styles.head}>
        <h2>{said.title}</h2>
        <span className="grow" />
        <span className="t3 s">{told}</span>
      </div>
      <div ref={box}>
        {width > 0 && (
          <svg
            width={width}
            height={HEIGHT}
            viewBox={`0 0 ${width} ${HEIGHT}`}
            shapeRendering="crispEdges"
            role="img"
            aria-label={`${said.title}: ${told}`}
          >
            <defs>
              <pattern
                id="days-no-data"
                width="4"
                height="4"
                patternUnits="userSpaceOnUse"
                patternTransform="rotate(45)"
              >
                <path d="M0 0v4" className={styles.hatch} />
              </pattern>
            </defs>
            {days.map((day, index) => {
              const letter = letterOfDay(day);
              const bar = bars[index] ?? { x: 0, width: 1 };
              const tall = TALL[letter];
              return (
                <rect
                  key={day.on}
                  className={LOOKS[letter]}
                  x={bar.x}
                  y={HEIGHT - tall}
                  width={bar.width}
                  height={tall}
                  data-tip={tell(day)}
                />
              );
            })}
          </svg>
        )}
      </div>
      <div className={classes("t3 s", styles.axis)} aria-hidden="true">
        <span>{third(0)}</span>
        <span>{third(1)}</span>
        <span>{third(2)}</span>
        <span>{said.today}</span>
      </div>
      <AsTable
        label={said.title}
        head={[said.date, said.uptime, said.downtime]}
        rows={() =>
          days
            .toReversed()
            .map((day) => [dayOf(day.on), tellUptime(day.uptime, words.locale), span(day.downtime_s) ?? "–"])
        }
      />
    </section>
  );
}

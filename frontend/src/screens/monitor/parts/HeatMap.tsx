/** When it is slow: each hour of the week, in five steps. Asked for when it comes into sight. */
import { useEffect, useMemo, useRef, useState } from "react";
import { classes } from "@/ui/classes";
import { StateIcon } from "@/ui/State";
import { useWords } from "@/words";
import { type Heat, heatOf, STEPS } from "../chart/heat";
import { useWidth } from "../chart/useWidth";
import { useHours } from "../data/queries";
import { AsTable } from "./AsTable";
import styles from "./HeatMap.module.css";

const ROW = 20;
const CELL = 18;
const GAP = 2;

export function HeatMap({ id }: { id: number }) {
  const words = useWords();
  const said = words.monitor.heat;
  const [section, seen] = useSeen();
  const { hours, heatMap, ready } = useHours(id, seen);
  const heat = useMemo(() => heatOf(hours, heatMap), [hours, heatMap]);
  if (ready && !heat) return null;
  return (
    <section ref={section} className={styles.section}>
      <div className={styles.head}>
        <h2>{said.title}</h2>
        <span className="grow" />
        <span className="t3 s">{said.explain}</span>
      </div>
      {heat ? (
        <Grid heat={heat} />
      ) : (
        <div className={styles.waiting} aria-busy={seen}>
          {words.common.loading}
        </div>
      )}
    </section>
  );
}

function useSeen() {
  const ref = useRef<HTMLElement>(null);
  const [seen, setSeen] = useState(false);
  useEffect(() => {
    if (!ref.current) return;
    const observer = new IntersectionObserver(
      ([entry]) => {
        if (entry?.isIntersecting) setSeen(true);
      },
      { rootMargin: "400px" },
    );
    observer.observe(ref.current);
    return () => observer.disconnect();
  }, []);
  return [ref, seen] as const;
}

function Grid({ heat }: { heat: Heat }) {
  const words = useWords();
  const said = words.monitor.heat;
  const [box, width] = useWidth<HTMLDivElement>();
  const left = width < 520 ? 36 : 48;
  const step = (width - left + GAP) / 24;
  const days = weekdays(words.locale);
  const ms = (value: number | null) => (value === null ? said.noData : words.overview.ms(value));
  const label = said.label(words.overview.ms(heat.low), words.overview.ms(heat.high));
  const every = width < 520 ? 6 : 3;
  return (
    <>
      <div ref={box}>
        {width > 0 && (
          <svg
            width={width}
            height={7 * ROW + 20}
            viewBox={`0 0 ${width} ${7 * ROW + 20}`}
            role="img"
            aria-label={label}
          >
            <Hatch />
            {heat.cells.map((row, day) => (
              <g key={day}>
                <text x={left - 8} y={day * ROW + 13} textAnchor="end">
                  {days[day]}
                </text>
                {row.map((cell, hour) => (
                  <g key={hour} data-tip={said.cell(`${days[day] ?? ""} ${clock(hour)}`, ms(cell.ms))}>
                    <rect
                      className={classes(styles[`step${cell.step}`])}
                      x={left + hour * step}
                      y={day * ROW}
                      width={Math.max(1, step - GAP)}
                      height={CELL}
                      rx="1"
                    />
                    {cell.down && <Octagon x={left + hour * step + (step - GAP) / 2} y={day * ROW + CELL / 2} />}
                  </g>
                ))}
              </g>
            ))}
            {Array.from({ length: 24 / every }, (_, index) => (
              <text key={index} x={left + index * every * step} y={7 * ROW + 14}>
                {clock(index * every)}
              </text>
            ))}
          </svg>
        )}
      </div>
      <Legend heat={heat} />
      <AsTable
        label={said.title}
        head={[said.weekday, ...Array.from({ length: 24 }, (_, hour) => clock(hour))]}
        rows={() =>
          heat.cells.map((row, day) => [
            days[day],
            ...row.map((cell) => (cell.ms === null ? "–" : words.number(cell.ms))),
          ])
        }
      />
    </>
  );
}

const clock = (hour: number) => `${String(hour).padStart(2, "0")}:00`;

/** From Monday; 5 January 2026 was one. */
function weekdays(locale: string): string[] {
  const format = new Intl.DateTimeFormat(locale, { weekday: "short" });
  return Array.from({ length: 7 }, (_, day) => format.format(new Date(2026, 0, 5 + day)).replace(".", ""));
}

function Hatch() {
  return (
    <defs>
      <pattern id="heat-no-data" width="4" height="4" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
        <path d="M0 0v4" className={styles.hatch} />
      </pattern>
    </defs>
  );
}

/** The sign of "down", on a halo so that it is seen on every step. */
function Octagon({ x, y }: { x: number; y: number }) {
  return (
    <g transform={`translate(${x - 6} ${y - 6})`} className={styles.octagon}>
      <circle cx="6" cy="6" r="7.5" />
      <path d="M3.4.8h5.2l2.6 2.6v5.2l-2.6 2.6H3.4L.8 8.6V3.4z" />
      <path className={styles.cross} d="M4 4l4 4M8 4l-4 4" />
    </g>
  );
}

function Legend({ heat }: { heat: Heat }) {
  const words = useWords();
  const said = words.monitor.heat;
  const anyDown = heat.cells.flat().some((cell) => cell.down);
  const anyEmpty = heat.cells.flat().some((cell) => cell.ms === null);
  return (
    <div className={classes("t3 s", styles.legend)} aria-hidden="true">
      <span>{words.overview.ms(heat.low)}</span>
      {Array.from({ length: STEPS }, (_, index) => (
        <svg key={index} width="20" height="10">
          <rect className={styles[`step${index + 1}`]} width="20" height="10" rx="1" />
        </svg>
      ))}
      <span>{words.overview.ms(heat.high)}</span>
      {anyDown && (
        <span className={styles.item}>
          <StateIcon status="down" size={12} />
          {said.wentDown}
        </span>
      )}
      {anyEmpty && (
        <span className={styles.item}>
          <svg width="20" height="10">
            <rect className={styles.step0} width="20" height="10" />
          </svg>
          {said.noData}
        </span>
      )}
    </div>
  );
}

import { useLayoutEffect, useRef } from "react";
import { tellSpan } from "@/time";
import { classes } from "@/ui/classes";
import { useWords } from "@/words";
import { type Budget, budgetOf } from "../data/budget";
import { useSlos } from "../data/queries";
import type { Monitor, Slo } from "../data/shapes";
import { tellTarget } from "../data/uptime";
import styles from "./Slos.module.css";

/** The error budgets of what was promised for this monitor, itself or by a tag. */
export function Slos({ monitor }: { monitor: Monitor }) {
  const slos = useSlos(monitor);
  return slos.map((slo) => <OneSlo key={slo.id} slo={slo} />);
}

const FAST = 2;

function OneSlo({ slo }: { slo: Slo }) {
  const words = useWords();
  const said = words.monitor.slo;
  const budget = budgetOf(slo);
  const span = (s: number) => tellSpan(s * 1000, words.time);
  const head = { missed: said.missed(span(budget.byS)), kept: said.left(span(budget.byS)), unknown: said.unknown }[
    budget.state
  ];
  const used = said.used(span(budget.usedS), span(budget.totalS));
  return (
    <section>
      <h2>{said.title(tellTarget(slo.target, words.locale), slo.window_days)}</h2>
      <div className={styles.figures}>
        <span className={classes("b", budget.state === "missed" && "down")}>{head}</span>
        {budget.state !== "unknown" && <span className="t3 s">{used}</span>}
      </div>
      {budget.state !== "unknown" && <Bar budget={budget} label={used} />}
      {(budget.burn ?? 0) >= FAST && (
        <p className={classes("t3 s", styles.note)}>{said.burning(words.number(budget.burn ?? 0))}</p>
      )}
    </section>
  );
}

/** What is used of the budget; where it is used up, a mark shows how much of it the budget was. */
function Bar({ budget, label }: { budget: Budget; label: string }) {
  const used = useRef<HTMLElement>(null);
  const mark = useRef<HTMLElement>(null);
  const { usedS, totalS, state } = budget;
  useLayoutEffect(() => {
    const share = totalS > 0 ? usedS / totalS : 1;
    used.current?.style.setProperty("width", `${Math.min(1, Math.max(0, share)) * 100}%`);
    mark.current?.style.setProperty("left", `${(share > 1 ? 1 / share : 1) * 100}%`);
  }, [usedS, totalS]);
  return (
    <div className={styles.bar} role="img" aria-label={label}>
      <i ref={used} className={state === "missed" ? styles.missed : styles.used} />
      {state === "missed" && <u ref={mark} />}
    </div>
  );
}

import { type ComponentProps, type ReactNode, useEffect, useRef } from "react";
import styles from "./Choices.module.css";
import { classes } from "./classes";
import type { Choice } from "./Field";

type BoxProps = Omit<ComponentProps<"input">, "type"> & { children?: ReactNode; mixed?: boolean };

/** Acts on save. Without children give it an `aria-label`. */
export function Checkbox({ children, mixed = false, className, ...input }: BoxProps) {
  const ref = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (ref.current) ref.current.indeterminate = mixed;
  }, [mixed]);
  const box = <input {...input} ref={ref} type="checkbox" className={classes(styles.box, className)} />;
  if (!children) return box;
  return (
    <label className={styles.option}>
      {box}
      <span>{children}</span>
    </label>
  );
}

/** Acts at once. */
export function Switch({ children, ...input }: Omit<ComponentProps<"input">, "type">) {
  const knob = <input {...input} type="checkbox" role="switch" className={styles.switch} />;
  if (!children) return knob;
  return (
    <label className={styles.option}>
      {knob}
      <span>{children}</span>
    </label>
  );
}

type SegmentedProps<V extends string> = {
  label: string;
  choices: readonly Choice<V>[];
  value: V;
  onChoose: (value: V) => void;
};

/** Up to eight windows or views; with more take a `Select`. */
export function Segmented<V extends string>({ label, choices, value, onChoose }: SegmentedProps<V>) {
  return (
    <div className={styles.segmented} role="group" aria-label={label}>
      {choices.map((choice) => (
        <button
          key={choice.value}
          type="button"
          aria-pressed={choice.value === value}
          onClick={() => onChoose(choice.value)}
        >
          {choice.label}
        </button>
      ))}
    </div>
  );
}

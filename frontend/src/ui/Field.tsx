import { type ComponentProps, type ReactNode, type Ref, useId } from "react";
import { useWords } from "@/words";
import { classes } from "./classes";
import styles from "./Field.module.css";
import { Icon } from "./Icon";
import { StateIcon } from "./State";

type Around = {
  label: ReactNode;
  /** At the right of the label: a link, a hint. */
  aside?: ReactNode;
  help?: ReactNode;
  /** The server's sentences for this field. */
  errors?: readonly string[] | undefined;
  optional?: boolean | undefined;
};

type Ids = { id: string; "aria-describedby": string | undefined; "aria-invalid": true | undefined };

/** A label, what it labels, its help and its errors. `children` gets the ids that join them. */
export function Labelled({
  label,
  aside,
  help,
  errors,
  optional,
  children,
}: Around & { children: (ids: Ids) => ReactNode }) {
  const words = useWords();
  const id = useId();
  const bad = !!errors?.length;
  const described = classes(!!help && `${id}-help`, bad && `${id}-errors`);
  return (
    <div className={styles.labelled}>
      <div className="row-x">
        <label htmlFor={id} className="b">
          {label}
        </label>
        {optional && <span className="t3 s">{words.common.optional}</span>}
        <span className="grow" />
        {aside}
      </div>
      {children({ id, "aria-describedby": described || undefined, "aria-invalid": bad || undefined })}
      {help && (
        <div id={`${id}-help`} className={styles.help}>
          {help}
        </div>
      )}
      {bad && (
        <div id={`${id}-errors`} className={styles.errors} role="alert">
          <StateIcon status="down" size={12} />
          <span>{errors.map(words.fromServer).join(" ")}</span>
        </div>
      )}
    </div>
  );
}

type InputProps = Omit<ComponentProps<"input">, "id"> & {
  ref?: Ref<HTMLInputElement>;
  mono?: boolean;
  /** After the field, inside its border: "s", "ms". */
  unit?: string | undefined;
};

export function Field({ label, aside, help, errors, optional, mono, unit, ...input }: Around & InputProps) {
  return (
    <Labelled label={label} aside={aside} help={help} errors={errors} optional={optional}>
      {(ids) => <Input {...ids} {...input} mono={mono ?? false} unit={unit} />}
    </Labelled>
  );
}

/** The bare field; prefer `Field`, which names it. */
export function Input({ mono, unit, className, ...input }: InputProps & { id?: string }) {
  const look = classes(styles.field, mono && "mono", !!unit && styles.figure, className);
  if (!unit) return <input {...input} className={look} />;
  return (
    <span className={styles.united}>
      <input {...input} className={look} />
      <span className={styles.unit}>{unit}</span>
    </span>
  );
}

type AreaProps = Around & Omit<ComponentProps<"textarea">, "id"> & { mono?: boolean };

export function TextArea({ label, aside, help, errors, optional, mono, ...area }: AreaProps) {
  return (
    <Labelled label={label} aside={aside} help={help} errors={errors} optional={optional}>
      {(ids) => <textarea {...ids} rows={3} {...area} className={classes(styles.field, styles.area, mono && "mono")} />}
    </Labelled>
  );
}

export type Choice<V extends string = string> = { value: V; label: string };

type SelectProps<V extends string> = Omit<ComponentProps<"select">, "id" | "value" | "onChange"> & {
  choices: readonly Choice<V>[];
  value: V;
  onChoose: (value: V) => void;
};

/** The browser's own select: it knows every keyboard, screen reader and phone. */
export function Select<V extends string>({ label, aside, help, errors, optional, ...rest }: Around & SelectProps<V>) {
  return (
    <Labelled label={label} aside={aside} help={help} errors={errors} optional={optional}>
      {(ids) => <BareSelect {...ids} {...rest} />}
    </Labelled>
  );
}

export function BareSelect<V extends string>({
  choices,
  value,
  onChoose,
  className,
  ...select
}: SelectProps<V> & { id?: string }) {
  return (
    <span className={classes(styles.pick, className)}>
      <select
        {...select}
        className={styles.field}
        value={value}
        onChange={(event) => onChoose(event.target.value as V)}
      >
        {choices.map((choice) => (
          <option key={choice.value} value={choice.value}>
            {choice.label}
          </option>
        ))}
      </select>
      <Icon name="down" />
    </span>
  );
}

/** A field of the form, by its type. A type that is new here is shown as a text: the server judges what is typed. */
import { Suspense } from "react";
import { lazyPart } from "@/routing/parts";
import { tellInterval } from "@/time";
import { Checkbox } from "@/ui/Choices";
import { Field as TextField, Select, TextArea } from "@/ui/Field";
import { StateIcon } from "@/ui/State";
import { useWords, type Words } from "@/words";
import type { Field, HeaderRow, Picked, Value } from "./fields";
import styles from "./Control.module.css";
import { Monitors } from "./Monitors";
import { Tags } from "./Tags";

const Headers = lazyPart(() => import("./Headers"));
const Variants = lazyPart(() => import("./Variants"));

export type ControlProps = {
  field: Field;
  value: Value;
  errors: readonly string[];
  onType: (value: Value) => void;
  placeholder?: string | undefined;
};

/** The props of a control that knows what its value is. */
export type ControlOf<V extends Value> = Omit<ControlProps, "value"> & { value: V };

/** The server's words in the viewer's language, where there is a translation. */
export function tellServer(text: string, words: Words): string {
  return words.monitorForm.server[text] ?? text;
}

/** What stands around a control: its label, its help, its errors. */
export function useAround(field: Field, errors: readonly string[]) {
  const words = useWords();
  return {
    label: tellServer(field.label, words),
    help: errors.length > 0 ? "" : field.help && tellServer(field.help, words),
    errors: errors.length > 0 ? errors : undefined,
    optional: isOptional(field) || undefined,
  };
}

const OPEN = new Set(["text", "textarea", "list", "tags", "json", "number"]);

function isOptional(field: Field): boolean {
  const empty =
    field.default === null || field.default === "" || (Array.isArray(field.default) && field.default.length === 0);
  return !field.required && OPEN.has(field.type) && empty;
}

export function Control(props: ControlProps) {
  const { field, value, onType } = props;
  switch (field.type) {
    case "switch":
      return <Switched {...props} />;
    case "choice":
      return <Chosen {...props} />;
    case "choices":
      return <Boxes {...props} />;
    case "tags":
      return <Tags {...props} value={value as string[]} onType={onType} />;
    case "monitors":
      return <Monitors {...props} value={value as number[]} onType={onType} />;
    case "headers":
      return (
        <Suspense>
          <Headers {...props} value={value as HeaderRow[]} onType={onType} />
        </Suspense>
      );
    case "variants":
      return (
        <Suspense>
          <Variants {...props} value={value as Picked | null} onType={onType} />
        </Suspense>
      );
    default:
      return <Typed {...props} />;
  }
}

const MONO = new Set(["config.expected_status", "config.cron", "url"]);

function Typed({ field, value, errors, onType, placeholder }: ControlProps) {
  const words = useWords();
  const around = useAround(field, errors);
  const text = typeof value === "string" ? value : "";
  const shared = {
    ...around,
    value: text,
    "data-path": field.path,
    placeholder: placeholder ?? exampleOf(field),
    spellCheck: false,
    required: field.required,
    onChange: (event: { target: { value: string } }) => onType(event.target.value),
  };
  if (field.type === "textarea" || (field.type === "list" && field.items === "text")) {
    const help =
      field.type === "list" ? [words.monitorForm.oneALine, around.help].filter(Boolean).join(" ") : around.help;
    return <TextArea {...shared} help={help} mono rows={field.type === "list" ? 2 : 4} />;
  }
  if (field.type === "number") {
    const long = field.unit === "s" && Number(text) >= 120 ? tellInterval(Number(text), words.time) : "";
    const help = [long && `${words.number(Number(text))} s = ${long}`, around.help].filter(Boolean).join(". ");
    return <TextField {...shared} help={help} inputMode="numeric" autoComplete="off" unit={unitOf(field, words)} />;
  }
  const secret = field.type === "secret";
  return (
    <TextField
      {...shared}
      type={secret ? "password" : "text"}
      autoComplete={secret ? "new-password" : "off"}
      mono={MONO.has(field.path) || field.type === "json"}
      unit={field.type === "list" ? unitOf(field, words) : undefined}
      inputMode={field.path === "url" ? "url" : undefined}
    />
  );
}

function unitOf(field: Field, words: Words): string | undefined {
  return field.unit ? tellServer(field.unit, words) : undefined;
}

/** The example as a placeholder: of what has no default, for a default is there already. */
export function exampleOf(field: Field): string | undefined {
  const { example } = field;
  if (example === null || example === undefined || field.name === "name") return undefined;
  if (Array.isArray(example)) return example.join(field.items === "text" ? "\n" : ", ");
  return typeof example === "string" || typeof example === "number" ? String(example) : undefined;
}

function Switched({ field, value, errors, onType }: ControlProps) {
  const { label, help } = useAround(field, errors);
  return (
    <div className={styles.switched}>
      <Checkbox checked={value === true} data-path={field.path} onChange={(event) => onType(event.target.checked)}>
        {label}
      </Checkbox>
      {help && <span className={styles.help}>{help}</span>}
      <Errors said={errors} />
    </div>
  );
}

function Chosen({ field, value, errors, onType }: ControlProps) {
  const words = useWords();
  const choices = (field.choices ?? []).map((one) => ({ ...one, label: tellServer(one.label, words) }));
  return (
    <Select
      {...useAround(field, errors)}
      data-path={field.path}
      choices={choices}
      value={typeof value === "string" ? value : ""}
      onChoose={onType}
    />
  );
}

function Boxes({ field, value, errors, onType }: ControlProps) {
  const { label, help } = useAround(field, errors);
  const chosen = value as string[];
  const toggle = (one: string) =>
    onType(chosen.includes(one) ? chosen.filter((other) => other !== one) : [...chosen, one]);
  return (
    <fieldset className={styles.boxes}>
      <legend className="b">{label}</legend>
      <div className={styles.options}>
        {field.choices?.map((one, index) => (
          <Checkbox
            key={one.value}
            checked={chosen.includes(one.value)}
            data-path={index === 0 ? field.path : undefined}
            onChange={() => toggle(one.value)}
          >
            {one.label}
          </Checkbox>
        ))}
      </div>
      {help && <span className={styles.help}>{help}</span>}
      <Errors said={errors} />
    </fieldset>
  );
}

/** The server's sentences under a control that has no place for them itself. */
export function Errors({ said }: { said: readonly string[] }) {
  const words = useWords();
  if (said.length === 0) return null;
  return (
    <div className={styles.errors} role="alert">
      <StateIcon status="down" size={12} />
      <span>{said.map(words.fromServer).join(" ")}</span>
    </div>
  );
}

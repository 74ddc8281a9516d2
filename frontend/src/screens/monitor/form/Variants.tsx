import { useState } from "react";
import { BareSelect, Field as TextField, Labelled } from "@/ui/Field";
import { useWords } from "@/words";
import { type ControlOf, tellServer, useAround } from "./Control";
import styles from "./Control.module.css";
import type { Picked, PlainField } from "./fields";

/** One of several forms, or none: how to log in. */
export default function Variants({ field, value, errors, onType }: ControlOf<Picked | null>) {
  const words = useWords();
  // Going back to the one that is stored keeps its secret again.
  const [stored] = useState(value?.kept ? value : null);
  const variants = field.variants ?? [];
  const choices = [
    { value: "", label: words.common.none },
    ...variants.map((one) => ({ value: one.value, label: tellServer(one.label, words) })),
  ];
  const choose = (type: string) => {
    const fresh = type ? { type, fields: value?.fields ?? {}, kept: false } : null;
    onType(type && stored?.type === type ? stored : fresh);
  };
  const parts = variants.find((one) => one.value === value?.type)?.fields ?? [];
  return (
    <div>
      <Labelled {...useAround(field, parts.length > 0 ? [] : errors)}>
        {(ids) => (
          <BareSelect {...ids} data-path={field.path} choices={choices} value={value?.type ?? ""} onChoose={choose} />
        )}
      </Labelled>
      {value && (
        <div className={styles.parts}>
          {parts.map((part, index) => (
            <Part
              key={part.name}
              part={part}
              picked={value}
              errors={index === parts.length - 1 ? errors : []}
              onType={(text) => onType({ ...value, fields: { ...value.fields, [part.name]: text } })}
            />
          ))}
        </div>
      )}
    </div>
  );
}

type PartProps = { part: PlainField; picked: Picked; errors: readonly string[]; onType: (text: string) => void };

function Part({ part, picked, errors, onType }: PartProps) {
  const words = useWords();
  const kept = part.secret && picked.kept;
  return (
    <TextField
      label={tellServer(part.label, words)}
      help={kept ? words.monitorForm.keptHelp : part.help && tellServer(part.help, words)}
      errors={errors.length > 0 ? errors : undefined}
      type={part.secret ? "password" : "text"}
      autoComplete={part.secret ? "new-password" : "off"}
      placeholder={kept ? words.monitorForm.kept : ""}
      spellCheck={false}
      value={picked.fields[part.name] ?? ""}
      onChange={(event) => onType(event.target.value)}
    />
  );
}

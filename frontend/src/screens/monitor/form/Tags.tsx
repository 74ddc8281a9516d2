import { useQuery } from "@tanstack/react-query";
import { type KeyboardEvent, useId, useState } from "react";
import { api, read } from "@/api/client";
import { Labelled } from "@/ui/Field";
import { Icon } from "@/ui/Icon";
import { useWords } from "@/words";
import { type ControlOf, useAround } from "./Control";
import styles from "./Control.module.css";

/** Tags as chips: Enter or a comma adds, Backspace takes the last one back. Those of the team are suggested. */
export function Tags({ field, value, errors, onType }: ControlOf<string[]>) {
  const words = useWords();
  const list = useId();
  const known = useQuery({
    queryKey: ["tags"],
    queryFn: () => read(api.GET("/api/v1/tags/", { params: { query: { page_size: 200 } } })),
    staleTime: 60_000,
  });
  const [text, setText] = useState("");
  const add = (typed: string) => {
    const fresh = typed.split(",").map((tag) => tag.trim());
    onType([...new Set([...value, ...fresh.filter(Boolean)])]);
    setText("");
  };
  const press = (event: KeyboardEvent) => {
    if (event.key === "Enter" && text.trim()) {
      event.preventDefault();
      add(text);
    } else if (event.key === "Backspace" && !text) onType(value.slice(0, -1));
  };
  const type = (typed: string) => (typed.includes(",") ? add(typed) : setText(typed));
  const names = known.data?.results.map((tag) => tag.name).filter((name) => !value.includes(name)) ?? [];
  return (
    <Labelled {...useAround(field, errors)}>
      {(ids) => (
        <span className={styles.chips} data-bad={errors.length > 0 || undefined}>
          {value.map((tag) => (
            <Chip
              key={tag}
              text={tag}
              remove={words.monitorForm.remove(tag)}
              onRemove={() => onType(value.filter((one) => one !== tag))}
            />
          ))}
          <input
            {...ids}
            list={list}
            data-path={field.path}
            value={text}
            autoComplete="off"
            spellCheck={false}
            placeholder={value.length === 0 ? words.monitorForm.tagsExample : ""}
            onChange={(event) => type(event.target.value)}
            onKeyDown={press}
            onBlur={() => text.trim() && add(text)}
          />
          <datalist id={list}>
            {names.map((name) => (
              <option key={name} value={name} />
            ))}
          </datalist>
        </span>
      )}
    </Labelled>
  );
}

export function Chip({ text, remove, onRemove }: { text: string; remove: string; onRemove: () => void }) {
  return (
    <span className={styles.chip}>
      <span className="clip">{text}</span>
      <button type="button" aria-label={remove} onClick={onRemove}>
        <Icon name="close" size={12} />
      </button>
    </span>
  );
}

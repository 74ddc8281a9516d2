import { type ComponentProps, type ReactNode, useState } from "react";
import { Button } from "@/ui/Button";
import { Input, Labelled } from "@/ui/Field";
import { useWords } from "@/words";
import styles from "./account.module.css";

type Props = Omit<ComponentProps<"input">, "id" | "type"> & {
  label: string;
  aside?: ReactNode;
  help?: string;
  errors?: readonly string[] | undefined;
};

export function PasswordField({ label, aside, help, errors, ...input }: Props) {
  const words = useWords();
  const [shown, setShown] = useState(false);
  return (
    <Labelled label={label} aside={aside} help={help} errors={errors}>
      {(ids) => (
        <span className={styles.secret}>
          <Input {...ids} {...input} type={shown ? "text" : "password"} required />
          <Button
            look="quiet"
            size="small"
            icon="eye"
            className={styles.eye ?? ""}
            aria-pressed={shown}
            label={shown ? words.account.hidePassword : words.account.showPassword}
            onClick={() => setShown(!shown)}
          />
        </span>
      )}
    </Labelled>
  );
}

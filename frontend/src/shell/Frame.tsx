/** The pages before the sign-in: one column of 320 px, and what the server says of itself at the bottom. */
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { ORIGIN } from "@/api/origin";
import { Title } from "@/routing";
import { Brand } from "@/ui/Icon";
import { StateIcon } from "@/ui/State";
import { chooseLanguage, currentLanguage, LANGUAGES, useWords } from "@/words";
import styles from "./Frame.module.css";

type Props = { title: string; explain?: ReactNode; children?: ReactNode };

export function Frame({ title, explain, children }: Props) {
  const words = useWords();
  return (
    <div className={styles.frame}>
      <Title>{`${title} – ${words.product}`}</Title>
      <main className={styles.column}>
        <div className={styles.brand}>
          <Brand />
          {words.product}
        </div>
        <h1 className={styles.title}>{title}</h1>
        {explain && <p className="t2">{explain}</p>}
        {children}
      </main>
      <Foot />
    </div>
  );
}

function Foot() {
  const words = useWords();
  const health = useQuery({
    queryKey: ["health"],
    queryFn: async () => (await fetch(`${ORIGIN}/api/v1/health`)).ok,
    refetchInterval: 30_000,
    retry: false,
  });
  const other = currentLanguage() === "de" ? "en" : "de";
  return (
    <footer className={styles.foot}>
      {!health.isPending && (
        <span className={styles.health}>
          <StateIcon status={health.data ? "up" : "down"} size={12} />
          {health.data ? words.account.checksRunning : words.account.serverAway}
        </span>
      )}
      <button type="button" className={`link ${styles.language}`} lang={other} onClick={() => chooseLanguage(other)}>
        {LANGUAGES[other]}
      </button>
    </footer>
  );
}

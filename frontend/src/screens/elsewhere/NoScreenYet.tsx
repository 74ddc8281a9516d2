import { Screen } from "@/shell/Screen";
import { ButtonLink } from "@/ui/Button";
import { Empty } from "@/ui/Notices";
import { useWords } from "@/words";
import styles from "./NoScreenYet.module.css";

type What = "maintenance" | "alerts" | "statusPages" | "reports" | "team" | "monitors" | "incidents";

/** For what the API does and the app does not show yet: says so, and leads there. */
export function NoScreenYet({ what }: { what: What }) {
  const words = useWords();
  const name = words.nav[what];
  return (
    <Screen title={name} width="narrow">
      <Empty icon="page" title={words.noScreenYet.title(name)}>
        {words.noScreenYet.explain}
      </Empty>
      <div className={styles.ways}>
        <ButtonLink outside href="/api/docs/" icon="export">
          {words.noScreenYet.api}
        </ButtonLink>
        <ButtonLink outside href="/admin/" look="quiet">
          {words.noScreenYet.admin}
        </ButtonLink>
      </div>
    </Screen>
  );
}

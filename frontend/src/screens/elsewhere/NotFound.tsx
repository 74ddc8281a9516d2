import { Frame } from "@/shell/Frame";
import { ButtonLink } from "@/ui/Button";
import { useWords } from "@/words";
import styles from "./NoScreenYet.module.css";

export function NotFound() {
  const words = useWords();
  return (
    <Frame title={words.notFound.title} explain={words.notFound.explain}>
      <div className={styles.ways}>
        <ButtonLink href="/" look="primary">
          {words.notFound.home}
        </ButtonLink>
      </div>
    </Frame>
  );
}

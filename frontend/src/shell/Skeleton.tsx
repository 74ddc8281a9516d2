import styles from "./Shell.module.css";

/** What is seen before the words and the session are there: the shell without a word. It is what the export holds. */
export function Skeleton() {
  return (
    <div className={styles.shell}>
      <div className={styles.skeletonNav} />
      <div className={styles.main}>
        <div className={styles.skeletonTop} />
      </div>
    </div>
  );
}

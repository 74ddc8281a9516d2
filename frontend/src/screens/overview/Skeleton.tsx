import { Bone, Waiting } from "@/ui/Notices";
import { Head } from "./MonitorTable";
import tableStyles from "./MonitorTable.module.css";
import styles from "./Skeleton.module.css";

const ROWS = 12;

/** In the shape of the table; nothing moves. */
export function Skeleton() {
  return (
    <Waiting>
      <div className={`${tableStyles.table} ${styles.table}`}>
        <div className={styles.head}>
          <Head />
        </div>
        {Array.from({ length: ROWS }, (_, index) => (
          <div key={index} className={styles.row}>
            <span />
            <Bone width="round" />
            <span className={styles.lines}>
              <Bone width={index % 2 ? "short" : "medium"} />
              <Bone width="long" />
            </span>
            <Bone width="tiny" />
            <span className={styles.spark}>
              <Bone width="full" />
            </span>
            <span />
            <span className={styles.bars}>
              <Bone width="full" />
            </span>
            <Bone width="tiny" />
            <Bone width="tiny" />
          </div>
        ))}
      </div>
    </Waiting>
  );
}

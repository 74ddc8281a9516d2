import { Bone, Waiting } from "@/ui/Notices";
import styles from "./Skeleton.module.css";

/** Bones where the headline, the cause and the timeline will be. */
export function Skeleton() {
  return (
    <Waiting>
      <div className={styles.head}>
        <Bone width="round" />
        <Bone width="long" />
      </div>
      <Bone width="full" />
      <div className={styles.timeline}>
        {Array.from({ length: 5 }, (_, index) => (
          <div key={index} className={styles.entry}>
            <Bone width="tiny" />
            <Bone width="round" />
            <Bone width={index % 2 ? "medium" : "long"} />
          </div>
        ))}
      </div>
    </Waiting>
  );
}

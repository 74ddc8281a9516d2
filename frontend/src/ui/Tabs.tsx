import { Link } from "@/routing";
import { classes } from "./classes";
import styles from "./Tabs.module.css";

export type Tab = { href: string; text: string; count?: number | undefined };

/** Parts of one page, each with an address of its own. */
export function Tabs({
  label,
  tabs,
  current,
  flush = false,
}: {
  label: string;
  tabs: readonly Tab[];
  current: string;
  flush?: boolean;
}) {
  return (
    <nav className={classes(styles.tabs, flush && styles.flush)} aria-label={label}>
      {tabs.map((tab) => (
        <Link
          key={tab.href}
          href={tab.href}
          aria-current={tab.href === current ? "page" : undefined}
          replace
          scroll={false}
        >
          {tab.text}
          {tab.count !== undefined && <span className="t3">{tab.count}</span>}
        </Link>
      ))}
    </nav>
  );
}

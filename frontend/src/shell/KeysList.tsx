import { Kbd } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { useWords } from "@/words";
import styles from "./KeysList.module.css";
import { ENTRIES } from "./Nav";

export default function KeysList({ onClose }: { onClose: () => void }) {
  const words = useWords();
  const { keys } = words;
  const everywhere: [string, string][] = [
    ["Ctrl K", keys.palette],
    ["?", keys.help],
    ["N M", keys.newMonitor],
    ...ENTRIES.map((entry): [string, string] => [`G ${entry.key}`, keys.goTo(entry.text(words))]),
  ];
  const inList: [string, string][] = [
    ["/", keys.search],
    ["J", keys.next],
    ["K", keys.previous],
    ["X", keys.select],
    ["␣", keys.peek],
    ["↵", keys.open],
    ["E", keys.edit],
    ["P", keys.pause],
    ["C", keys.check],
    ["Esc", keys.escape],
  ];
  const onIncident: [string, string][] = [
    ["A", keys.acknowledge],
    ["U", keys.update],
    ["R", keys.resolve],
  ];
  return (
    <Dialog open wide onClose={onClose} title={keys.title}>
      <div className={styles.columns}>
        <div>
          <List title={keys.everywhere} rows={everywhere} />
          <List title={keys.onIncident} rows={onIncident} />
        </div>
        <List title={keys.inList} rows={inList} />
      </div>
    </Dialog>
  );
}

function List({ title, rows }: { title: string; rows: [string, string][] }) {
  return (
    <section>
      <h2 className="t3 s">{title}</h2>
      <dl>
        {rows.map(([key, text]) => (
          <div key={key} className={styles.row}>
            <dt>{text}</dt>
            <dd>
              {(key === "Ctrl K" ? ["Ctrl", "K"] : key.split(" ")).map((one) => (
                <Kbd key={one}>{one}</Kbd>
              ))}
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

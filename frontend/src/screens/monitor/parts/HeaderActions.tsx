/** The buttons in the header, with their keys. Viewers see none of what changes something. */
import { go } from "@/routing";
import { Button, ButtonLink } from "@/ui/Button";
import { Icon } from "@/ui/Icon";
import { Menu, type MenuItem } from "@/ui/Menu";
import { useWords } from "@/words";
import type { Monitor } from "../data/shapes";
import styles from "./HeaderActions.module.css";
import type { MonitorActions } from "./useMonitorActions";

type Props = {
  monitor: Monitor;
  actions: MonitorActions;
  /** An open incident that nobody has acknowledged. */
  unacknowledged: boolean;
  onDelete: () => void;
};

export function HeaderActions({ monitor, actions, unacknowledged, onDelete }: Props) {
  const said = useWords().monitor.act;
  const { busy, run } = actions;
  const paused = monitor.status === "paused";
  const edit = `/monitors/${monitor.id}/edit/`;
  const items = (): MenuItem[] => [
    ...(paused
      ? [{ key: "resume", text: said.resume, icon: "resume" as const, onChoose: () => run("resume") }]
      : [{ key: "pause", text: said.pause, icon: "pause" as const, onChoose: () => run("pause") }]),
    { key: "edit", text: said.edit, icon: "edit", onChoose: () => go(edit) },
    { key: "duplicate", text: said.duplicate, icon: "copy", onChoose: () => run("duplicate") },
    { kind: "line", key: "line" },
    { key: "delete", text: said.delete, icon: "trash", danger: true, onChoose: onDelete },
  ];
  return (
    <>
      {monitor.kind !== "heartbeat" && (
        <span className={styles.check}>
          <Button
            look="quiet"
            icon="check"
            hint="C"
            busy={busy === "check" && said.checking}
            onClick={() => run("check")}
          >
            {said.checkNow}
          </Button>
        </span>
      )}
      <span className={styles.wide}>
        {paused ? (
          <Button
            look="quiet"
            icon="resume"
            hint="P"
            busy={busy === "resume" && said.resuming}
            onClick={() => run("resume")}
          >
            {said.resume}
          </Button>
        ) : (
          <Button
            look="quiet"
            icon="pause"
            hint="P"
            busy={busy === "pause" && said.pausing}
            onClick={() => run("pause")}
          >
            {said.pause}
          </Button>
        )}
        <ButtonLink look="quiet" icon="edit" hint="E" href={edit}>
          {said.edit}
        </ButtonLink>
      </span>
      <Menu label={said.more} items={items} className={styles.more} tip>
        <Icon name="more" />
      </Menu>
      {unacknowledged && (
        <span className={styles.wide}>
          <Button
            look="primary"
            icon="tick"
            busy={busy === "acknowledge" && said.acknowledging}
            onClick={() => run("acknowledge")}
          >
            {said.acknowledge}
          </Button>
        </span>
      )}
    </>
  );
}

import { type Incident, type Severity } from "@/api/incidents";
import { useSignedIn } from "@/session";
import { Button } from "@/ui/Button";
import { Icon } from "@/ui/Icon";
import { Menu, type MenuItem } from "@/ui/Menu";
import { copyText } from "@/ui/clipboard";
import { showToast } from "@/ui/toasts";
import { useWords, type Words } from "@/words";
import styles from "./IncidentTools.module.css";
import type { Changes } from "./useIncident";

type Props = { incident: Incident; changes: Changes; onResolve: () => void; onWrite: () => void };

const SEVERITIES: readonly Severity[] = ["minor", "major", "critical"];

function severityItems({ incident, changes }: Props, words: Words): MenuItem[] {
  return SEVERITIES.map((severity) => ({
    key: severity,
    text: words.incidents.severity[severity],
    chosen: severity === incident.severity,
    onChoose: () => changes.setSeverity(severity),
  }));
}

const waits = ({ acknowledged_at, resolved_at }: Incident) => acknowledged_at === null && resolved_at === null;

/** In the header: on a phone the link and a menu, as the buttons are in the page there. */
export function IncidentTools(props: Props) {
  const words = useWords();
  const { mayEdit } = useSignedIn();
  const { incident, changes, onResolve } = props;
  const said = words.incidents;
  const open = incident.resolved_at === null;
  return (
    <>
      {mayEdit && (
        <Menu label={said.changeSeverity} items={() => severityItems(props, words)} className={styles.severity}>
          {said.changeSeverity}
        </Menu>
      )}
      <CopyLink />
      {mayEdit && open && <PhoneMenu {...props} />}
      {mayEdit && open && (
        <Button
          className={styles.wide}
          look={waits(incident) ? "secondary" : "primary"}
          hint={said.keys.resolve}
          onClick={onResolve}
        >
          {said.resolve}
        </Button>
      )}
      {mayEdit && waits(incident) && (
        <Button
          className={styles.wide}
          look="primary"
          icon="tick"
          hint={said.keys.acknowledge}
          busy={changes.busy === "acknowledge" && said.acknowledging}
          onClick={changes.acknowledge}
        >
          {said.acknowledge}
        </Button>
      )}
    </>
  );
}

function CopyLink() {
  const { incidents } = useWords();
  const copy = () =>
    void copyText(location.href).then((done) => done && showToast({ status: "up", text: incidents.linkCopied }));
  return <Button look="quiet" icon="link" label={incidents.copyLink} onClick={copy} />;
}

function PhoneMenu(props: Props) {
  const words = useWords();
  const said = words.incidents;
  const items = (): MenuItem[] => [
    { key: "resolve", text: said.resolve, icon: "tick", onChoose: props.onResolve },
    { kind: "heading", key: "severity", text: said.changeSeverity },
    ...severityItems(props, words),
  ];
  return (
    <Menu label={said.moreActions} tip items={items} className={styles.more}>
      <Icon name="more" />
    </Menu>
  );
}

/** Under the headline on a phone: what one came to do. */
export function PhoneButtons({ incident, changes, onResolve, onWrite }: Props) {
  const { incidents } = useWords();
  const { mayEdit } = useSignedIn();
  if (!mayEdit || incident.resolved_at !== null) return null;
  return (
    <div className={styles.phone}>
      {waits(incident) ? (
        <Button
          look="primary"
          icon="tick"
          busy={changes.busy === "acknowledge" && incidents.acknowledging}
          onClick={changes.acknowledge}
        >
          {incidents.acknowledge}
        </Button>
      ) : (
        <Button look="primary" icon="tick" onClick={onResolve}>
          {incidents.resolve}
        </Button>
      )}
      <Button icon="edit" onClick={onWrite}>
        {incidents.composer.post}
      </Button>
    </div>
  );
}

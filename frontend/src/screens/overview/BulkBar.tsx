import { Suspense, useState } from "react";
import { lazyPart } from "@/routing/parts";
import { useSignedIn } from "@/session";
import { useMonitors } from "@/shell/monitors";
import { Button } from "@/ui/Button";
import { useWords } from "@/words";
import styles from "./BulkBar.module.css";
import { askToDelete } from "./deleting";
import type { Selection } from "./useSelection";
import { useActions } from "./useActions";

const EditDialog = lazyPart(() => import("./EditDialog"));

/** Floats over the list while something is selected. `all`: the ids as they are shown. */
export function BulkBar({ selection, all }: { selection: Selection; all: readonly number[] }) {
  const words = useWords();
  const { mayEdit } = useSignedIn();
  const { rows } = useMonitors();
  const actions = useActions();
  const [editing, setEditing] = useState(false);
  const said = words.overview;
  const chosen = Array.from(selection.ids).flatMap((id) => rows.get(id) ?? []);
  const allPaused = chosen.every((row) => !row.enabled);
  return (
    <div className={styles.bar} role="toolbar" aria-label={said.bulk.label}>
      <span className="b" role="status">
        {said.bulk.selected(selection.ids.size)}
      </span>
      {selection.ids.size < all.length && (
        <button type="button" className={`link ${styles.all}`} onClick={() => selection.choose(all)}>
          {said.bulk.all(all.length)}
        </button>
      )}
      {mayEdit && (
        <>
          <span className={styles.line} />
          <Button look="quiet" icon="check" onClick={() => actions.check(chosen)}>
            {said.checkNow}
          </Button>
          {allPaused ? (
            <Button look="quiet" icon="resume" hint="P" onClick={() => actions.resume(chosen)}>
              {said.resume}
            </Button>
          ) : (
            <Button
              look="quiet"
              icon="pause"
              hint="P"
              onClick={() => actions.pause(chosen.filter((row) => row.enabled))}
            >
              {said.pause}
            </Button>
          )}
          <Button look="quiet" icon="edit" hint="E" onClick={() => setEditing(true)}>
            {said.edit}
          </Button>
          <Button look="danger" icon="trash" onClick={() => askToDelete(Array.from(selection.ids))}>
            {said.delete}
          </Button>
        </>
      )}
      <span className={styles.line} />
      <Button look="quiet" icon="close" label={said.bulk.clear} onClick={selection.clear} />
      {editing && (
        <Suspense>
          <EditDialog ids={Array.from(selection.ids)} onClose={() => setEditing(false)} />
        </Suspense>
      )}
    </div>
  );
}

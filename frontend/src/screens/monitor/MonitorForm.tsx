import { problemFrom } from "@/api/client";
import { useRoute } from "@/routing";
import { useSignedIn } from "@/session";
import { Screen } from "@/shell/Screen";
import { Failed, WaitingRows } from "@/ui/Notices";
import { useWords } from "@/words";
import { FormScreen } from "./form/FormScreen";
import { HeartbeatSaved } from "./form/HeartbeatSaved";
import { useKinds, useStored } from "./form/useKinds";

/** `/monitors/new/` and `/monitors/7/edit/`; `?kind=` and `?url=` begin it, `?saved=` shows a heartbeat's address. */
export function MonitorForm() {
  const words = useWords();
  const said = words.monitorForm;
  const { id, query, ready, path } = useRoute();
  const { mayEdit } = useSignedIn();
  const kinds = useKinds();
  const stored = useStored(id);
  const saved = Number(query.get("saved"));
  if (saved > 0) return <HeartbeatSaved id={saved} />;
  const edits = path.endsWith("/edit/") || path.endsWith("/edit");
  const loads = edits ? [kinds, stored] : [kinds];
  const lost = edits && ready && id === null;
  const failed = loads.find((one) => one.error && !one.data);
  const waiting = !ready || loads.some((one) => one.isPending);
  if (mayEdit && !waiting && !failed && kinds.data) {
    const start = {
      kinds: kinds.data,
      id,
      stored: stored.data ?? null,
      kind: query.get("kind"),
      url: query.get("url"),
    };
    return <FormScreen key={id ?? "new"} start={start} />;
  }
  return (
    <Screen title={edits ? said.editTitle : said.addTitle} back={{ href: "/", text: words.nav.monitors }}>
      {!mayEdit ? (
        <p>{words.problem.forbidden}</p>
      ) : lost ? (
        <Failed what={said.what} problem={{ kind: "missing", requestId: "" }} />
      ) : failed ? (
        <Failed
          what={said.what}
          problem={problemFrom(failed.error)}
          onTryAgain={() => loads.forEach((one) => void one.refetch())}
        />
      ) : (
        <WaitingRows />
      )}
    </Screen>
  );
}

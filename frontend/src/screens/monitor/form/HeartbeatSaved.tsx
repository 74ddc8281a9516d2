import { useQuery } from "@tanstack/react-query";
import { api, problemFrom, read } from "@/api/client";
import { Screen } from "@/shell/Screen";
import { Ago } from "@/time";
import { ButtonLink } from "@/ui/Button";
import { Failed, WaitingRows } from "@/ui/Notices";
import { State } from "@/ui/State";
import { useWords } from "@/words";
import { HeartbeatSnippets } from "../HeartbeatSnippets";
import styles from "./Form.module.css";

const ASK_AGAIN_MS = 4000;

/** After saving a heartbeat: its address, how a job calls it, and whether the first call came. */
export function HeartbeatSaved({ id }: { id: number }) {
  const words = useWords();
  const said = words.monitorForm.saved;
  const monitor = useQuery({
    queryKey: ["monitor", id],
    queryFn: () => read(api.GET("/api/v1/monitors/{id}/", { params: { path: { id } } })),
    refetchInterval: ({ state }) => (state.data?.heartbeat?.last_ping_at ? false : ASK_AGAIN_MS),
  });
  const { data } = monitor;
  const pinged = data?.heartbeat?.last_ping_at ?? null;
  const failed = monitor.error ? problemFrom(monitor.error) : null;
  return (
    <Screen
      width="narrow"
      title={data?.name ?? words.monitorForm.addTitle}
      back={{ href: "/", text: words.nav.monitors }}
      actions={
        <ButtonLink href={`/monitors/${id}/`} look="primary">
          {said.open}
        </ButtonLink>
      }
    >
      {monitor.isPending && <WaitingRows />}
      {failed && !data && <Failed what={said.what} problem={failed} onTryAgain={() => void monitor.refetch()} />}
      {data?.ping_url && (
        <div className={styles.stack}>
          <div>
            <h2 className={styles.headline}>{said.title}</h2>
            <p className="t2">{said.explain}</p>
          </div>
          <HeartbeatSnippets monitor={data} />
          <div className={styles.waits} aria-live="polite">
            <State status={pinged ? "up" : "pending"} calm={!pinged} word={pinged ? said.pinged : said.waits} />
            {pinged && (
              <span className="t3">
                <Ago at={pinged} />
              </span>
            )}
            {!pinged && <span className="t3">{said.waitsWhy}</span>}
          </div>
        </div>
      )}
    </Screen>
  );
}

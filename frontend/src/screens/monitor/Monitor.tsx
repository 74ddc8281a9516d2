/** One monitor: why it is as it is, how it was, and what can be done. */
import { problemFrom } from "@/api/client";
import type { Problem } from "@/api/problems";
import { useRoute } from "@/routing";
import { Screen } from "@/shell/Screen";
import { Failed, WaitingRows } from "@/ui/Notices";
import { useWords } from "@/words";
import { useMonitor } from "./data/queries";
import { LoadedMonitor } from "./LoadedMonitor";

export function Monitor() {
  const words = useWords();
  const { id, ready } = useRoute();
  const monitor = useMonitor(id);
  const back = { href: "/", text: words.nav.monitors };
  const lost = ready && id === null;
  const problem: Problem | null = lost
    ? { kind: "missing", requestId: "" }
    : monitor.error
      ? problemFrom(monitor.error)
      : null;
  if (monitor.data && problem?.kind !== "missing")
    return <LoadedMonitor key={monitor.data.id} monitor={monitor.data} back={back} />;
  return (
    <Screen title={words.nav.monitors} back={back}>
      {problem ? (
        <Failed
          what={words.monitor.what}
          problem={problem}
          onTryAgain={lost ? undefined : () => void monitor.refetch()}
        />
      ) : (
        <WaitingRows />
      )}
    </Screen>
  );
}

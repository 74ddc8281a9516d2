/** One monitor: why it is as it is, how it was, and what can be done. */
import { problemFrom } from "@/api/client";
import { useRoute } from "@/routing";
import { Screen } from "@/shell/Screen";
import { Failed, WaitingRows } from "@/ui/Notices";
import { useWords } from "@/words";
import { useMonitor } from "./data/queries";
import { LoadedMonitor } from "./LoadedMonitor";

export function Monitor() {
  const words = useWords();
  const { id } = useRoute();
  const monitor = useMonitor(id);
  const back = { href: "/", text: words.nav.monitors };
  if (monitor.data) return <LoadedMonitor key={monitor.data.id} monitor={monitor.data} back={back} />;
  return (
    <Screen title={words.nav.monitors} back={back}>
      {monitor.error ? (
        <Failed
          what={words.monitor.what}
          problem={problemFrom(monitor.error)}
          onTryAgain={() => void monitor.refetch()}
        />
      ) : (
        <WaitingRows />
      )}
    </Screen>
  );
}

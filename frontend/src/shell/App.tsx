/** From the first paint to a screen: words, then the session, then the page. */
import { CSPProvider } from "@base-ui/react/csp-provider";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { type ReactNode, useEffect, useState, useSyncExternalStore } from "react";
import { problemFrom } from "@/api/client";
import { go, useRoute } from "@/routing";
import { SessionProvider, useSession } from "@/session";
import { Failed } from "@/ui/Notices";
import { Tooltips } from "@/ui/Tooltips";
import { useWords, WordsProvider } from "@/words";
import { Fallback } from "./Fallback";
import { Shell } from "./Shell";
import styles from "./Shell.module.css";
import { Skeleton } from "./Skeleton";

function makeQueries(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        networkMode: "always",
        staleTime: 10_000,
        retry: (times, error) => problemFrom(error).kind === "offline" && times < 2,
      },
      mutations: { networkMode: "always" },
    },
  });
}

const never = () => () => undefined;

/** `open`: the page needs nobody signed in, and has no side bar. */
export function App({ open, children }: { open: boolean; children: ReactNode }) {
  const mounted = useSyncExternalStore(
    never,
    () => true,
    () => false,
  );
  const [queries] = useState(makeQueries);
  const { path } = useRoute();
  if (!mounted) return <Skeleton />;
  return (
    <CSPProvider disableStyleElements>
      <QueryClientProvider client={queries}>
        <WordsProvider meanwhile={<Skeleton />}>
          <SessionProvider>
            <Fallback place={path}>{open ? children : <Guarded>{children}</Guarded>}</Fallback>
            <Tooltips />
          </SessionProvider>
        </WordsProvider>
      </QueryClientProvider>
    </CSPProvider>
  );
}

function Guarded({ children }: { children: ReactNode }) {
  const session = useSession();
  const words = useWords();
  const { path, query, ready } = useRoute();
  const away = session.state === "signedOut" && ready;
  const address = query.size ? `${path}?${query.toString()}` : path;
  useEffect(() => {
    if (away) go(address === "/" ? "/sign-in/" : `/sign-in/?next=${encodeURIComponent(address)}`);
  }, [away, address]);
  if (session.state === "failed")
    return (
      <div className={styles.failed}>
        <Failed what={words.nav.account} problem={session.problem} onTryAgain={session.tryAgain} />
      </div>
    );
  if (session.state !== "signedIn") return <Skeleton />;
  return <Shell key={session.team.id}>{children}</Shell>;
}

/** What is around every screen behind the sign-in. */
import { lazy, type ReactNode, Suspense } from "react";
import { go } from "@/routing";
import { useSignedIn } from "@/session";
import { SessionEnded } from "@/session/SessionEnded";
import { Toasts } from "@/ui/toasts";
import { useWords } from "@/words";
import { useKeys } from "./keys";
import { MonitorsProvider } from "./monitors";
import { ENTRIES, Nav, TabBar } from "./Nav";
import { closeOverlay, openKeys, openPalette, useOverlay } from "./overlays";
import styles from "./Shell.module.css";
import { useFavicon } from "./trouble";
import { useVersionCheck } from "./version";

const Palette = lazy(() => import("./Palette"));
const KeysList = lazy(() => import("./KeysList"));

const EVERYWHERE = {
  "ctrl+k": openPalette,
  "?": openKeys,
  "n m": () => go("/monitors/new/"),
  ...Object.fromEntries(ENTRIES.map((entry) => [`g ${entry.key.toLowerCase()}`, () => go(entry.href)])),
};

export function Shell({ children }: { children: ReactNode }) {
  const words = useWords();
  const overlay = useOverlay();
  const { team } = useSignedIn();
  useFavicon();
  useVersionCheck();
  useKeys(EVERYWHERE);
  return (
    <MonitorsProvider team={team.id}>
      <div className={styles.shell}>
        <a href="#content" className={styles.skip}>
          {words.nav.skip}
        </a>
        <Nav />
        <main className={styles.main}>{children}</main>
        <TabBar />
        <Toasts />
        <SessionEnded />
        <Suspense>
          {overlay === "palette" && <Palette onClose={closeOverlay} />}
          {overlay === "keys" && <KeysList onClose={closeOverlay} />}
        </Suspense>
      </div>
    </MonitorsProvider>
  );
}

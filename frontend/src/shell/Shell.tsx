/** What is around every screen behind the sign-in. */
import { type ReactNode, Suspense, useEffect } from "react";
import { lazyPart } from "@/routing/parts";
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

const loadPalette = () => import("./Palette");
const loadKeys = () => import("./KeysList");
const Palette = lazyPart(loadPalette);
const KeysList = lazyPart(loadKeys);

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
  useEffect(loadWhenIdle, []);
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

/** What opens by a key is there when it is pressed, and not in the first load. */
function loadWhenIdle(): () => void {
  const timer = setTimeout(() => {
    void loadPalette().catch(() => undefined);
    void loadKeys().catch(() => undefined);
  }, 1500);
  return () => clearTimeout(timer);
}

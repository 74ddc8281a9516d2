/** "A new version is here": a tab that was opened before a deployment finds its next chunk gone. */
import { useEffect } from "react";
import { reload } from "@/routing";
import { showToast } from "@/ui/toasts";
import { useWords, type Words } from "@/words";

const EVERY_MS = 5 * 60_000;

let offered = false;

/** The build of this page, as Next wrote it; "development" under `next dev`. */
function ownBuild(): string {
  const data = document.getElementById("__NEXT_DATA__")?.textContent ?? "{}";
  return (JSON.parse(data) as { buildId?: string }).buildId ?? "";
}

async function isOld(): Promise<boolean> {
  try {
    const response = await fetch("/version.json", { cache: "no-cache" });
    if (!response.ok) return false;
    const { build } = (await response.json()) as { build: string };
    return build !== ownBuild() && ownBuild() !== "development";
  } catch {
    return false;
  }
}

function offer(words: Words): void {
  if (offered) return;
  offered = true;
  showToast({
    text: `${words.version.isNew} ${words.version.keeps}`,
    action: { text: words.version.reload, run: reload },
    stays: true,
  });
}

/** Did the browser fail to load a part of the app? */
export function isLostChunk(error: unknown): boolean {
  const text = error instanceof Error ? `${error.name} ${error.message}` : String(error);
  return /ChunkLoadError|Failed to load chunk|dynamically imported module|Loading chunk/i.test(text);
}

export function useVersionCheck(): void {
  const words = useWords();
  useEffect(() => {
    const look = () => {
      if (document.hidden) return;
      void isOld().then((old) => old && offer(words));
    };
    const lost = (event: PromiseRejectionEvent) => {
      if (isLostChunk(event.reason)) offer(words);
    };
    const timer = setInterval(look, EVERY_MS);
    document.addEventListener("visibilitychange", look);
    window.addEventListener("unhandledrejection", lost);
    return () => {
      clearInterval(timer);
      document.removeEventListener("visibilitychange", look);
      window.removeEventListener("unhandledrejection", lost);
    };
  }, [words]);
}

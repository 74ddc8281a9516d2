/** The tokens as a canvas needs them: resolved for the theme that is shown. */
import { useSyncExternalStore } from "react";

const NAMES = {
  line: "--line",
  axis: "--line-strong",
  text: "--text",
  quiet: "--text-3",
  noData: "--quiet-area",
  accent: "--accent",
  surface: "--surface",
  band: "--band",
  down: "--down",
  downArea: "--down-area",
  degraded: "--degraded",
  degradedArea: "--degraded-area",
  maintenance: "--maintenance",
  maintenanceArea: "--maintenance-area",
  dns: "--dns",
  connect: "--connect",
  tls: "--tls",
  first_byte: "--first-byte",
  download: "--download",
} as const;

export type Colours = Record<keyof typeof NAMES, string> & { font: string };

export function readColours(box: HTMLElement): Colours {
  const probe = box.appendChild(document.createElement("span"));
  const found = Object.entries(NAMES).map(([name, token]) => {
    probe.style.setProperty("color", `var(${token})`);
    return [name, getComputedStyle(probe).color];
  });
  probe.remove();
  return {
    ...(Object.fromEntries(found) as Record<keyof typeof NAMES, string>),
    font: getComputedStyle(box).fontFamily,
  };
}

function subscribe(listener: () => void): () => void {
  const media = matchMedia("(prefers-color-scheme: dark)");
  const observer = new MutationObserver(listener);
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
  media.addEventListener("change", listener);
  return () => {
    observer.disconnect();
    media.removeEventListener("change", listener);
  };
}

/** Changes when another theme is shown. */
export function useTheme(): string {
  return useSyncExternalStore(
    subscribe,
    () => `${document.documentElement.dataset.theme ?? ""} ${matchMedia("(prefers-color-scheme: dark)").matches}`,
    () => "",
  );
}

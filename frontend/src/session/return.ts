/** The browser keeps a page that was left, and shows it as it was when somebody goes back: perhaps after signing out.
 *  So it is left covered, and shown again only to the person whose it is. */
import { reload } from "@/routing";
import { auth } from "./auth";

const cover = (covered: boolean): void => void (document.documentElement.hidden = covered);

/** Returns what ends it. */
export function watchReturn(person: number): () => void {
  const leave = ({ persisted }: PageTransitionEvent) => cover(persisted);
  const comeBack = async ({ persisted }: PageTransitionEvent) => {
    if (!persisted) return;
    if ((await auth.whoIsIn())?.id === person) cover(false);
    else reload();
  };
  const back = (event: PageTransitionEvent) => void comeBack(event);
  window.addEventListener("pagehide", leave);
  window.addEventListener("pageshow", back);
  return () => {
    window.removeEventListener("pagehide", leave);
    window.removeEventListener("pageshow", back);
  };
}

/** The app's texts. Each language is a chunk of its own, loaded before the first screen is drawn. */
import { createContext, type ReactNode, useContext, useEffect, useState } from "react";
import { reload } from "@/routing";
import { load } from "@/routing/parts";
import { recall, remember } from "@/session/memory";
import type { Words } from "./en";

export type { Words };
export type Language = "en" | "de";
export const LANGUAGES: Record<Language, string> = { en: "English", de: "Deutsch" };

const LOADERS: Record<Language, () => Promise<Words>> = {
  en: () => import("./en").then((chunk) => chunk.en),
  de: () => import("./de").then((chunk) => chunk.de),
};

const WordsContext = createContext<Words | null>(null);

export function currentLanguage(): Language {
  const chosen = recall("language") ?? navigator.language.slice(0, 2);
  return chosen === "de" ? "de" : "en";
}

export function chooseLanguage(language: Language): void {
  remember("language", language);
  reload();
}

/** Shows `meanwhile` until the words are there. */
export function WordsProvider({ children, meanwhile }: { children: ReactNode; meanwhile: ReactNode }) {
  const [words, setWords] = useState<Words | null>(null);
  useEffect(() => {
    const language = currentLanguage();
    document.documentElement.lang = language;
    void load(LOADERS[language]).then(setWords);
  }, []);
  return words ? <WordsContext value={words}>{children}</WordsContext> : meanwhile;
}

/** For tests: the words at once. */
export function WithWords({ words, children }: { words: Words; children: ReactNode }) {
  return <WordsContext value={words}>{children}</WordsContext>;
}

export function useWords(): Words {
  const words = useContext(WordsContext);
  if (!words) throw new Error("There are no words outside of WordsProvider.");
  return words;
}

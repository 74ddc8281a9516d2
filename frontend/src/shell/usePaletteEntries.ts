import { useMemo } from "react";
import type { OverviewRow } from "@/api/overview";
import { go } from "@/routing";
import { useSignedIn, useSignOut } from "@/session";
import type { Actions } from "@/screens/overview/useActions";
import { serverNow, tellSpan } from "@/time";
import { chooseLanguage, currentLanguage, LANGUAGES, useWords, type Words } from "@/words";
import { useMonitors } from "./monitors";
import { ENTRIES } from "./Nav";
import { openKeys } from "./overlays";
import type { Entry } from "./palette-entries";
import { chooseTheme, currentTheme } from "./theme";

/** Everything the palette can find now. `scope`: the monitor whose page is open. */
export function useEntries(scope: OverviewRow | undefined, actions: Actions): Entry[] {
  const words = useWords();
  const { mayEdit } = useSignedIn();
  const { rows } = useMonitors();
  const signOut = useSignOut();
  return useMemo(() => {
    const monitors = Array.from(rows.values(), (row) => monitorEntry(row, words));
    return [
      ...(scope && mayEdit ? scopeEntries(scope, words, actions) : []),
      ...pageEntries(words),
      ...monitors,
      ...(mayEdit ? [createEntry(words)] : []),
      ...otherEntries(words, () => void signOut()),
    ];
  }, [scope, rows, words, mayEdit, actions, signOut]);
}

function monitorEntry(row: OverviewRow, words: Words): Entry {
  const span =
    row.since === null ? "" : ` ${tellSpan(serverNow() - Date.parse(row.since), words.time, { short: true })}`;
  return {
    key: `monitor-${row.id}`,
    group: "goTo",
    name: row.name,
    detail: `${words.states[row.status]}${span}`,
    also: `${row.target} ${row.tags.join(" ")}`,
    status: row.status,
    onlyTyped: row.status !== "down",
    run: () => go(`/monitors/${row.id}/`),
  };
}

function scopeEntries(row: OverviewRow, words: Words, actions: Actions): Entry[] {
  const said = words.palette;
  const group = "thisMonitor" as const;
  const toggle: Entry = row.enabled
    ? { key: "pause", group, name: said.pause, icon: "pause", keys: ["P"], run: () => actions.pause([row]) }
    : { key: "resume", group, name: said.resume, icon: "resume", keys: ["P"], run: () => actions.resume([row]) };
  return [
    { key: "check", group, name: said.checkNow, icon: "check", keys: ["C"], run: () => actions.check([row]) },
    { key: "edit", group, name: said.edit, icon: "edit", keys: ["E"], run: () => actions.edit(row) },
    toggle,
  ];
}

function pageEntries(words: Words): Entry[] {
  const also = words.palette.also;
  const synonyms = [also.monitors, also.incidents, also.maintenance, also.alerts, also.statusPages, also.reports];
  const pages = ENTRIES.map((entry, index): Entry => ({
    key: `page-${entry.href}`,
    group: "goTo",
    name: entry.text(words),
    also: synonyms[index] ?? "",
    icon: entry.icon,
    keys: ["G", entry.key],
    run: () => go(entry.href),
  }));
  return [
    ...pages,
    { key: "page-team", group: "goTo", name: words.nav.team, also: also.team, icon: "team", run: () => go("/team/") },
  ];
}

function createEntry(words: Words): Entry {
  return {
    key: "new-monitor",
    group: "create",
    name: words.palette.addMonitor,
    also: words.palette.also.monitors,
    icon: "plus",
    keys: ["N", "M"],
    run: () => go("/monitors/new/"),
  };
}

function otherEntries(words: Words, signOut: () => void): Entry[] {
  const { menu, palette } = words;
  const dark = currentTheme() === "dark";
  const other = currentLanguage() === "de" ? "en" : "de";
  return [
    {
      key: "theme",
      group: "other",
      name: `${menu.theme}: ${dark ? menu.themes.light : menu.themes.dark}`,
      also: palette.also.theme,
      icon: "theme",
      onlyTyped: true,
      run: () => chooseTheme(dark ? "light" : "dark"),
    },
    {
      key: "language",
      group: "other",
      name: LANGUAGES[other],
      also: palette.also.language,
      icon: "globe",
      onlyTyped: true,
      run: () => chooseLanguage(other),
    },
    { key: "keys", group: "other", name: menu.keys, also: palette.also.keys, icon: "key", keys: ["?"], run: openKeys },
    {
      key: "out",
      group: "other",
      name: menu.signOut,
      also: palette.also.signOut,
      icon: "signOut",
      onlyTyped: true,
      run: signOut,
    },
  ];
}

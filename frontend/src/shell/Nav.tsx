/** The side bar; on a phone the bar at the bottom. */
import type { Problem } from "@/api/problems";
import { type Me, useSignedIn, useSignOut } from "@/session";
import { go, leaveTo, Link, useRoute } from "@/routing";
import { classes } from "@/ui/classes";
import { Brand, Icon, type IconName } from "@/ui/Icon";
import { Kbd } from "@/ui/Button";
import { Menu, type MenuItem } from "@/ui/Menu";
import { tellProblem } from "@/ui/Notices";
import { showToast } from "@/ui/toasts";
import { chooseLanguage, currentLanguage, type Language, LANGUAGES, useWords, type Words } from "@/words";
import { openKeys, openPalette } from "./overlays";
import styles from "./Nav.module.css";
import { chooseTheme, currentTheme, THEMES } from "./theme";
import { useTrouble } from "./trouble";

type Entry = { href: string; icon: IconName; text: (words: Words) => string; key: string };

/** The pages of the side bar, each with the second key of its "G …". */
export const ENTRIES: readonly Entry[] = [
  { href: "/", icon: "monitors", text: (words) => words.nav.monitors, key: "M" },
  { href: "/incidents/", icon: "incidents", text: (words) => words.nav.incidents, key: "I" },
  { href: "/maintenance/", icon: "calendar", text: (words) => words.nav.maintenance, key: "W" },
  { href: "/alerts/", icon: "alerts", text: (words) => words.nav.alerts, key: "A" },
  { href: "/status-pages/", icon: "page", text: (words) => words.nav.statusPages, key: "S" },
  { href: "/reports/", icon: "report", text: (words) => words.nav.reports, key: "R" },
];
const ON_PHONE = new Set(["/", "/incidents/", "/alerts/"]);

/** Is the page one of this entry's? A monitor's page belongs to the monitors. */
export function isCurrent(href: string, path: string): boolean {
  if (href === "/") return path === "/" || path.startsWith("/monitors/");
  return path.startsWith(href);
}

export function Nav() {
  const words = useWords();
  const { path } = useRoute();
  const { team, me } = useSignedIn();
  return (
    <nav className={styles.nav} aria-label={words.nav.main}>
      <div className={styles.inside}>
        <Link href="/" className={styles.brand}>
          <Brand />
          {words.product}
        </Link>
        <button type="button" className={styles.find} onClick={openPalette}>
          <Icon name="search" />
          {words.nav.find}
          <Kbd>Ctrl K</Kbd>
        </button>
        {ENTRIES.map((entry) => (
          <NavLink key={entry.href} entry={entry} current={isCurrent(entry.href, path)} />
        ))}
        <div className={styles.foot}>
          <TeamMenu className={styles.entry}>
            <Icon name="team" />
            <span className="clip">{team.name}</span>
          </TeamMenu>
          <AccountMenu className={styles.entry}>
            <Avatar name={nameOf(me)} />
            <span className="clip">{nameOf(me)}</span>
          </AccountMenu>
        </div>
      </div>
    </nav>
  );
}

function NavLink({ entry, current }: { entry: Entry; current: boolean }) {
  const words = useWords();
  const { openIncidents } = useTrouble();
  const count = entry.href === "/incidents/" ? openIncidents : 0;
  return (
    <Link href={entry.href} className={styles.entry} aria-current={current ? "page" : undefined}>
      <Icon name={entry.icon} />
      {entry.text(words)}
      {count > 0 && (
        <span className={styles.count} aria-label={words.nav.openIncidents(count)}>
          {count}
        </span>
      )}
    </Link>
  );
}

export function TabBar() {
  const words = useWords();
  const { path } = useRoute();
  const { openIncidents } = useTrouble();
  return (
    <nav className={styles.tabbar} aria-label={words.nav.main}>
      {ENTRIES.filter((entry) => ON_PHONE.has(entry.href)).map((entry) => (
        <Link key={entry.href} href={entry.href} aria-current={isCurrent(entry.href, path) ? "page" : undefined}>
          <Icon name={entry.icon} size={20} />
          {entry.text(words)}
          {entry.href === "/incidents/" && openIncidents > 0 && (
            <span className={styles.badge} aria-label={words.nav.openIncidents(openIncidents)}>
              {openIncidents}
            </span>
          )}
        </Link>
      ))}
      <MoreMenu />
    </nav>
  );
}

function nameOf(me: Me): string {
  return me.name || me.email || "";
}

/** Two initials on a round ground: a person. */
export function Avatar({ name, large = false }: { name: string; large?: boolean }) {
  const parts = name.split(/[\s@._-]+/).filter(Boolean);
  const first = (part: string | undefined) => Array.from(part ?? "")[0] ?? ""; // half of an emoji is none
  const initials = `${first(parts[0]) || "?"}${first(parts[1])}`.toUpperCase();
  return (
    <span className={classes(styles.avatar, large && styles.largeAvatar)} aria-hidden="true">
      {initials}
    </span>
  );
}

type MenuProps = { className: string | undefined; children: React.ReactNode };

function TeamMenu({ className, children }: MenuProps) {
  const words = useWords();
  const { me, team, chooseTeam } = useSignedIn();
  const items = (): MenuItem[] => [
    { kind: "heading", key: "switch", text: words.menu.switchTeam },
    ...me.teams.map((one) => ({
      key: String(one.id),
      text: one.name,
      chosen: one.id === team.id,
      onChoose: () => chooseTeam(one.id),
    })),
    { kind: "line", key: "line" },
    { key: "team", text: words.nav.team, icon: "team", onChoose: () => go("/team/") },
  ];
  return (
    <Menu className={className} label={words.nav.team} items={items} side="top">
      {children}
    </Menu>
  );
}

function useAccountItems(): () => MenuItem[] {
  const words = useWords();
  const signOut = useSignOut();
  const tell = (problem: Problem | null) =>
    problem && showToast({ status: "down", text: words.session.stillIn(tellProblem(problem, words)) });
  return () => [
    { kind: "heading", key: "theme", text: words.menu.theme },
    ...THEMES.map((theme) => ({
      key: theme,
      text: words.menu.themes[theme],
      chosen: theme === currentTheme(),
      onChoose: () => chooseTheme(theme),
    })),
    { kind: "heading", key: "language", text: words.menu.language },
    ...(Object.keys(LANGUAGES) as Language[]).map((language) => ({
      key: language,
      text: LANGUAGES[language],
      chosen: language === currentLanguage(),
      onChoose: () => chooseLanguage(language),
    })),
    { kind: "line", key: "line" },
    { key: "keys", text: words.menu.keys, hint: "?", onChoose: openKeys },
    { key: "docs", text: words.menu.apiDocs, onChoose: () => leaveTo("/api/docs/") },
    { key: "admin", text: words.menu.admin, onChoose: () => leaveTo("/admin/") },
    { kind: "line", key: "line-2" },
    { key: "out", text: words.menu.signOut, icon: "signOut", onChoose: () => void signOut().then(tell) },
  ];
}

function AccountMenu({ className, children }: MenuProps) {
  const words = useWords();
  const items = useAccountItems();
  return (
    <Menu className={className} label={words.nav.account} items={items} side="top">
      {children}
    </Menu>
  );
}

function MoreMenu() {
  const words = useWords();
  const account = useAccountItems();
  const items = (): MenuItem[] => [
    ...ENTRIES.filter((entry) => !ON_PHONE.has(entry.href)).map((entry) => ({
      key: entry.href,
      text: entry.text(words),
      icon: entry.icon,
      onChoose: () => go(entry.href),
    })),
    { key: "team", text: words.nav.team, icon: "team", onChoose: () => go("/team/") },
    ...account(),
  ];
  return (
    <Menu className={styles.moreButton} label={words.nav.more} items={items} side="top">
      <Icon name="more" size={20} />
      {words.nav.more}
    </Menu>
  );
}

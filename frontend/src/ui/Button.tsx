import type { ComponentProps, ReactNode } from "react";
import { Link } from "@/routing";
import styles from "./Button.module.css";
import { classes } from "./classes";
import { Icon, type IconName } from "./Icon";

type Look = {
  /** primary: one a page; quiet: text only; danger: text only, filled in the dialog that confirms. */
  look?: "primary" | "secondary" | "quiet" | "danger" | "dangerFilled";
  size?: "small" | "normal" | "large";
  icon?: IconName;
  /** With an icon alone: its label, which is its tooltip as well. */
  label?: string | undefined;
  /** The key that does the same. */
  hint?: string | undefined;
  children?: ReactNode;
};

type ButtonProps = Look & Omit<ComponentProps<"button">, "size"> & { busy?: string | false | undefined };

function looks({ look = "secondary", size = "normal", children }: Look, className?: string): string {
  return classes(
    styles.button,
    styles[look],
    size === "small" && styles.small,
    size === "large" && styles.large,
    !children && styles.icon,
    className,
  );
}

function Inside({ icon, hint, children }: Look) {
  return (
    <>
      {icon && <Icon name={icon} />}
      {children}
      {hint && <kbd className={styles.hint}>{hint}</kbd>}
    </>
  );
}

/** `busy` is the word it shows while it works ("Posting…"); it keeps its width and cannot be pressed. */
export function Button({ look, size, icon, label, hint, children, busy, className, ...rest }: ButtonProps) {
  const named = label ? { "aria-label": label, "data-tip": label } : {};
  return (
    <button
      type="button"
      {...named}
      {...rest}
      className={looks({ look, size, children }, className)}
      disabled={rest.disabled ?? !!busy}
      aria-busy={!!busy || undefined}
    >
      {busy ? (
        <span className={styles.busy}>
          <span className={styles.kept} aria-hidden="true">
            <Inside icon={icon} hint={hint}>
              {children}
            </Inside>
          </span>
          <span className={styles.now}>{busy}</span>
        </span>
      ) : (
        <Inside icon={icon} hint={hint}>
          {children}
        </Inside>
      )}
    </button>
  );
}

type ButtonLinkProps = Look & { href: string; outside?: boolean; className?: string };

/** A link that looks like a button. `outside`: not a page of the app (the admin, the API's documents). */
export function ButtonLink({ look, size, icon, label, hint, children, href, outside, className }: ButtonLinkProps) {
  const named = label ? { "aria-label": label, "data-tip": label } : {};
  const all = { ...named, href, className: looks({ look, size, children }, className) };
  const inside = (
    <Inside icon={icon} hint={hint}>
      {children}
    </Inside>
  );
  return outside ? <a {...all}>{inside}</a> : <Link {...all}>{inside}</Link>;
}

export function Kbd({ children }: { children: ReactNode }) {
  return <kbd className={styles.kbd}>{children}</kbd>;
}

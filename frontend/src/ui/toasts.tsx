/** A toast tells what was done and offers to undo it. Errors are no toasts: they stand where they happened. */
import { useEffect, useSyncExternalStore } from "react";
import { useWords } from "@/words";
import { Button } from "./Button";
import { StateIcon, type MonitorStatus } from "./State";
import styles from "./toasts.module.css";

type Toast = {
  id: number;
  text: string;
  status?: MonitorStatus;
  undo?: () => void;
  action?: { text: string; run: () => void };
  stays?: boolean;
};

const SHOWN_MS = 8000;
const NONE: readonly Toast[] = [];
let toasts: readonly Toast[] = NONE;
let last = 0;
const listeners = new Set<() => void>();

function change(next: readonly Toast[]): void {
  toasts = next;
  listeners.forEach((listener) => listener());
}

/** Show a toast; it goes after 8 s, or stays with `stays`. Returns its id. */
export function showToast(toast: Omit<Toast, "id">): number {
  last += 1;
  change([...toasts.slice(-2), { ...toast, id: last }]);
  return last;
}

export function closeToast(id: number): void {
  change(toasts.filter((toast) => toast.id !== id));
}

const subscribe = (listener: () => void) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};

export function Toasts() {
  const shown = useSyncExternalStore(
    subscribe,
    () => toasts,
    () => NONE,
  );
  return (
    <div className={styles.toasts} role="status" aria-live="polite">
      {shown.map((toast) => (
        <OneToast key={toast.id} toast={toast} />
      ))}
    </div>
  );
}

function OneToast({ toast }: { toast: Toast }) {
  const { common } = useWords();
  useEffect(() => {
    if (toast.stays) return;
    const timer = setTimeout(() => closeToast(toast.id), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [toast]);
  const act = (run: () => void) => () => {
    closeToast(toast.id);
    run();
  };
  return (
    <div className={styles.toast}>
      {toast.status && <StateIcon status={toast.status} />}
      <span className="grow">{toast.text}</span>
      {toast.undo && (
        <Button size="small" onClick={act(toast.undo)}>
          {common.undo}
        </Button>
      )}
      {toast.action && (
        <Button size="small" onClick={act(toast.action.run)}>
          {toast.action.text}
        </Button>
      )}
      <Button size="small" look="quiet" icon="close" label={common.close} onClick={() => closeToast(toast.id)} />
    </div>
  );
}

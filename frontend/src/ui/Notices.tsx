/** What a list or a page says when there is nothing to show: it waits, it failed, it is empty. */
import { type ReactNode, useEffect, useState } from "react";
import type { Problem } from "@/api/problems";
import { tellSpan, tellTimeWithSeconds } from "@/time";
import { useWords, type Words } from "@/words";
import { Button } from "./Button";
import { copyText } from "./clipboard";
import { Icon, type IconName } from "./Icon";
import styles from "./Notices.module.css";
import { StateIcon } from "./State";

/** Why it failed, in one sentence of the viewer's language; the server's own sentence where it has one. */
export function tellProblem(problem: Problem, words: Words): string {
  const said = words.problem;
  if (problem.kind === "offline") return said.offline;
  if (problem.kind === "signedOut") return said.signedOut;
  if (problem.kind === "noCookies") return said.noCookies;
  if (problem.kind === "missing") return said.missing;
  if (problem.kind === "changedMeanwhile") return said.changedMeanwhile;
  if (problem.kind === "invalid") {
    const fields = Object.entries(problem.fields).map(
      ([field, faults]) => `${field}: ${faults.map(words.fromServer).join(" ")}`,
    );
    return [...problem.all.map(words.fromServer), ...fields].join(" ") || said.answered(400);
  }
  if (problem.status === 429 && problem.retryAfter !== null)
    return said.tooOften(tellSpan(problem.retryAfter * 1000, words.time));
  if (problem.detail) return words.fromServer(problem.detail);
  if (problem.status === 403) return said.forbidden;
  return problem.status >= 500 ? said.fault : said.answered(problem.status);
}

function idOf(problem: Problem): string {
  return "requestId" in problem ? problem.requestId : "";
}

type FailedProps = { what: string; problem: Problem; kept?: string; onTryAgain?: (() => void) | undefined };

/** What failed, what was kept, and the way on. `what` begins the sentence: "The monitors". */
export function Failed({ what, problem, kept, onTryAgain }: FailedProps) {
  const words = useWords();
  const [at] = useState(() => tellTimeWithSeconds(new Date(), words.locale));
  const id = idOf(problem);
  const why =
    problem.kind === "offline"
      ? words.problem.noAnswer
      : problem.kind === "refused"
        ? words.problem.answered(problem.status)
        : null;
  const title = why ? words.problem.couldNotLoad(what, why) : tellProblem(problem, words);
  const detail = problem.kind === "refused" ? words.fromServer(problem.detail) : "";
  return (
    <div className={styles.notice} role="alert">
      <StateIcon status="down" />
      <div className={styles.text}>
        <span className="b">{title}</span>
        <span className="t3 s">{[detail, kept, id && words.problem.request(id, at)].filter(Boolean).join(" ")}</span>
      </div>
      {id && <CopyButton text={id}>{words.problem.copyId}</CopyButton>}
      {onTryAgain && (
        <Button size="small" icon="check" onClick={onTryAgain}>
          {words.problem.tryAgain}
        </Button>
      )}
    </div>
  );
}

/** A problem beside what caused it: under a form, in a dialog. */
export function ProblemNote({ problem }: { problem: Problem | null }) {
  const words = useWords();
  if (!problem) return null;
  const text = problem.kind === "invalid" ? problem.all.map(words.fromServer).join(" ") : tellProblem(problem, words);
  if (!text) return null;
  return (
    <div className={styles.note} role="alert">
      <StateIcon status="down" />
      <span>
        {text}
        {problem.kind === "offline" && ` ${words.problem.offlineHelp}`}
      </span>
    </div>
  );
}

type EmptyProps = { icon: IconName; title: string; children?: ReactNode; action?: ReactNode };

/** Says why there is nothing, and the one next step. */
export function Empty({ icon, title, children, action }: EmptyProps) {
  return (
    <div className={styles.notice}>
      <span className="t3">
        <Icon name={icon} />
      </span>
      <div className={styles.text}>
        <span className="b">{title}</span>
        {children && <span className="t3 s">{children}</span>}
      </div>
      {action}
    </div>
  );
}

/** Bones where text will be: only after 150 ms, so that what is quick does not flicker. */
export function Waiting({ children }: { children: ReactNode }) {
  const words = useWords();
  const [late, setLate] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setLate(true), 150);
    return () => clearTimeout(timer);
  }, []);
  return (
    <div aria-busy="true" className={late ? undefined : styles.unseen}>
      <span className="aloud" role="status">
        {late ? words.common.loading : ""}
      </span>
      <div aria-hidden="true">{children}</div>
    </div>
  );
}

/** One bone. Widths are of a few sizes, as texts are. */
export function Bone({ width = "medium" }: { width?: "tiny" | "short" | "medium" | "long" | "full" | "round" }) {
  return <span className={`${styles.bone} ${styles[width]}`} />;
}

/** `rows` rows of 44 px: for lists without a skeleton of their own. */
export function WaitingRows({ rows = 5 }: { rows?: number }) {
  return (
    <Waiting>
      {Array.from({ length: rows }, (_, index) => (
        <div key={index} className={styles.boneRow}>
          <Bone width="round" />
          <span className={styles.boneLines}>
            <Bone width={index % 2 ? "short" : "medium"} />
            <Bone width={index % 3 ? "medium" : "long"} />
          </span>
        </div>
      ))}
    </Waiting>
  );
}

/** Copies, and says so for two seconds. */
export function CopyButton({ text, children }: { text: string; children?: ReactNode }) {
  const words = useWords();
  const [copied, setCopied] = useState(false);
  const copy = () => {
    void copyText(text).then((done) => {
      setCopied(done);
      setTimeout(() => setCopied(false), 2000);
    });
  };
  return (
    <Button
      look="quiet"
      size="small"
      icon={copied ? "tick" : "copy"}
      label={children ? undefined : words.common.copy}
      onClick={copy}
    >
      {children && (copied ? words.common.copied : children)}
    </Button>
  );
}

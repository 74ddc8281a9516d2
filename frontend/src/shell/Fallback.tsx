/** Catches what a screen throws, so that the rest of the app stays. */
import { Component, type ReactNode } from "react";
import { reload } from "@/routing";
import { Empty } from "@/ui/Notices";
import { Button } from "@/ui/Button";
import { useWords } from "@/words";
import styles from "./Shell.module.css";
import { isLostChunk } from "./version";

/** `place`: on another page it tries again. */
type Props = { place: string; children: ReactNode };

export class Fallback extends Component<Props, { error: unknown }> {
  override state = { error: null as unknown };

  static getDerivedStateFromError(error: unknown) {
    return { error };
  }

  override componentDidUpdate(before: Props) {
    if (before.place !== this.props.place && this.state.error !== null) this.setState({ error: null });
  }

  override render() {
    return this.state.error === null ? this.props.children : <Broken error={this.state.error} />;
  }
}

function Broken({ error }: { error: unknown }) {
  const words = useWords();
  const title = isLostChunk(error) ? words.version.isNew : words.problem.fault;
  return (
    <div className={styles.failed} role="alert">
      <Empty icon="incidents" title={title} action={<Button onClick={reload}>{words.version.reload}</Button>}>
        {isLostChunk(error) ? words.version.keeps : String(error)}
      </Empty>
    </div>
  );
}

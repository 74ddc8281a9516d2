import type { ReactNode } from "react";
import { TopDialog } from "@/ui/Dialog";
import { useWords } from "@/words";

export default function Palette({ onClose }: { onClose: () => void }): ReactNode {
  const words = useWords();
  return (
    <TopDialog open onClose={onClose} title={words.palette.label}>
      {null}
    </TopDialog>
  );
}

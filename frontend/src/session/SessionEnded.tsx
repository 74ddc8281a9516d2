/** Over the page: the password again, and what was sent is sent once more. */
import { Suspense, useSyncExternalStore } from "react";
import { lazyPart } from "@/routing/parts";
import { openGate, readGate, readGateOnServer, subscribeToGate } from "@/api/session-gate";
import { useSignedIn } from ".";

const SessionDialog = lazyPart(() => import("./SessionDialog"));

export function SessionEnded() {
  const gate = useSyncExternalStore(subscribeToGate, readGate, readGateOnServer);
  const { me } = useSignedIn();
  if (gate.waiting === 0) return null;
  return (
    <Suspense>
      <SessionDialog id={me.id} email={me.email} sends={gate.last !== ""} onSignedIn={() => openGate(true)} />
    </Suspense>
  );
}

import { NoScreenYet } from "@/screens/elsewhere/NoScreenYet";

export function MonitorForm() {
  return <NoScreenYet what="monitors" />;
}

import { NoScreenYet } from "@/screens/elsewhere/NoScreenYet";

export function Monitor() {
  return <NoScreenYet what="monitors" />;
}

import { NoScreenYet } from "@/screens/elsewhere/NoScreenYet";

export function Overview() {
  return <NoScreenYet what="monitors" />;
}

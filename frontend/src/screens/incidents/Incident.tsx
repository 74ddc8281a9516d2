import { NoScreenYet } from "@/screens/elsewhere/NoScreenYet";

export function Incident() {
  return <NoScreenYet what="incidents" />;
}

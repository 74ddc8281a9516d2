import { NoScreenYet } from "@/screens/elsewhere/NoScreenYet";

export function Incidents() {
  return <NoScreenYet what="incidents" />;
}

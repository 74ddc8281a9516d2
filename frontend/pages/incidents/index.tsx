import { Incidents } from "@/screens/incidents/Incidents";

export default function Page() {
  return <Incidents />;
}

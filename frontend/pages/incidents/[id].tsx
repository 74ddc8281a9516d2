import { Incident } from "@/screens/incidents/Incident";

export default function Page() {
  return <Incident />;
}

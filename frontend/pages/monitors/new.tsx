import { MonitorForm } from "@/screens/monitor/MonitorForm";

export default function Page() {
  return <MonitorForm />;
}

import { Monitor } from "@/screens/monitor/Monitor";

export default function Page() {
  return <Monitor />;
}

import { Overview } from "@/screens/overview/Overview";

export default function Page() {
  return <Overview />;
}

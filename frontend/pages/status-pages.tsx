import { NoScreenYet } from "@/screens/elsewhere/NoScreenYet";

export default function Page() {
  return <NoScreenYet what="statusPages" />;
}

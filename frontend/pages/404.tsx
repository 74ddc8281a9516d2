import { NotFound } from "@/screens/elsewhere/NotFound";
import type { Page } from "@/shell/page";

const Open: Page = () => <NotFound />;
Open.open = true;

export default Open;

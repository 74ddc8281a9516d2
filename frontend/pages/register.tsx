import { Register } from "@/screens/account/Register";
import type { Page } from "@/shell/page";

const Open: Page = () => <Register />;
Open.open = true;

export default Open;

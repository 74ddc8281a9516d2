import { SignIn } from "@/screens/account/SignIn";
import type { Page } from "@/shell/page";

const Open: Page = () => <SignIn />;
Open.open = true;

export default Open;

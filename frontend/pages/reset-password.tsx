import { ResetPassword } from "@/screens/account/ResetPassword";
import type { Page } from "@/shell/page";

const Open: Page = () => <ResetPassword />;
Open.open = true;

export default Open;

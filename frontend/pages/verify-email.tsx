import { VerifyEmail } from "@/screens/account/VerifyEmail";
import type { Page } from "@/shell/page";

const Open: Page = () => <VerifyEmail />;
Open.open = true;

export default Open;

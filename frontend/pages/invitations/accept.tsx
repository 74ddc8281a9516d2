import { AcceptInvitation } from "@/screens/account/AcceptInvitation";
import type { Page } from "@/shell/page";

const Open: Page = () => <AcceptInvitation />;
Open.open = true;

export default Open;

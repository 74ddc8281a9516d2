import { common } from "./common";
import { account } from "./account";
import { incidents } from "./incidents";
import { monitor } from "./monitor";
import { monitorForm } from "./monitorForm";
import { overview } from "./overview";

export const en = { ...common, account, overview, monitor, monitorForm, incidents };

/** Every language has these texts; a missing one fails the build. */
export type Words = typeof en;

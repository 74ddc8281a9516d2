import type { Words } from "../en";
import { account } from "./account";
import { common } from "./common";
import { incidents } from "./incidents";
import { monitor } from "./monitor";
import { monitorForm } from "./monitorForm";
import { overview } from "./overview";

export const de = { ...common, account, overview, monitor, monitorForm, incidents } satisfies Words;

import { expect, test } from "vitest";
import type { Schema } from "@/api/client";
import { wayToMe } from "./NextSteps";

type Channel = Schema["Channel"];
const channelOf = (given: Partial<Channel>) => ({ kind: "email", enabled: true, to_owners: true, ...given }) as Channel;
const mail = channelOf({});
const slack = channelOf({ kind: "slack", to_owners: false });
const around = { team: { role: "owner" }, me: { email_verified: true }, mails: true };

test("an owner is told at the confirmed address, and at no other", () => {
  expect(wayToMe([], around).how).toBe("owner");
  expect(wayToMe([], { ...around, me: { email_verified: false } }).how).toBe("unconfirmed");
  expect(wayToMe([mail], { ...around, me: { email_verified: false } }).how).toBe("unconfirmed");
  expect(wayToMe([], { ...around, team: { role: "editor" } }).how).toBe("none");
});

test("nobody is told by e-mail where the server sends none", () => {
  expect(wayToMe([], { ...around, mails: false }).how).toBe("unsent");
  expect(wayToMe([mail], { ...around, mails: false }).how).toBe("unsent");
});

test("what needs no e-mail is there all the same", () => {
  expect(wayToMe([mail, slack], { ...around, mails: false })).toEqual({ how: "channel", channel: slack });
  expect(wayToMe([mail], around)).toEqual({ how: "channel", channel: mail });
  expect(wayToMe([channelOf({ enabled: false })], around).how).toBe("none");
});

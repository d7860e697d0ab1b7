import { expect } from "chai";
import type { CallbackRoom } from "../../../../src/policy/callbacks/callback-room.ts";
import type { Conversation, UserId, Verdict } from "../../../../src/policy/model.ts";
import {
  customGroup,
  inactive,
  neverReceives,
  practice,
  securityGroup,
  settings,
  user,
  withoutAccess,
} from "./practice.ts";

/** The practice and the rooms that the callback tests ask about. */
export const people = practice(
  [
    "ann",
    "ben",
    "cara",
    user("admin", { permissions: ["AccessWhisper", "WhisperAdmin"] }),
    neverReceives("shy"),
    inactive("gone"),
    withoutAccess("locked"),
  ],
  [
    securityGroup("HMS-Administrator", ["admin"]),
    securityGroup("Doctors", ["ann", "locked"]),
    securityGroup("Silent", ["shy"]),
  ],
  [
    customGroup("night", { users: ["ann", "ben"], securityGroups: ["Doctors"] }),
    customGroup("outer", { users: ["ann"], customGroups: ["night"] }),
    customGroup("two", { users: ["ann", "shy"] }),
    customGroup("alone", { users: ["cara"] }),
    customGroup("locked", { users: ["ann", "locked"] }),
    customGroup("withShy", { users: ["ben", "shy"] }),
  ],
);
export const bot = settings.bot;
export const stranger = "@eve:elsewhere.example" as UserId;
export const admin = "@root:clinic.example" as UserId;
export const managed = (about: Conversation): CallbackRoom => ({ room: "managed", conversation: about });
export const made = (joined: readonly UserId[], invited: readonly UserId[] = []): CallbackRoom => ({
  room: "user-made",
  others: [...joined, ...invited],
  joined,
});
export const unknown: CallbackRoom = { room: "unknown" };

export function judge(verdict: Verdict, expected: true | RegExp): void {
  if (expected === true) expect(verdict).to.deep.equal({ allowed: true });
  else {
    expect(verdict.allowed).to.equal(false);
    if (!verdict.allowed) expect(verdict.reason).to.match(expected);
  }
}

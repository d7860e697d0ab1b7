import { expect } from "chai";
import * as fc from "fast-check";
import { describe, it } from "mocha";
import { mayWriteEvent } from "../../../../src/policy/callbacks/check-event-for-spam.ts";
import { mayInvite } from "../../../../src/policy/callbacks/user-may-invite.ts";
import { mayJoin } from "../../../../src/policy/callbacks/user-may-join-room.ts";
import { diffRoom } from "../../../../src/policy/rooms/diff-room.ts";
import { expectedRoom } from "../../../../src/policy/rooms/expected-room.ts";
import { anyConversation, anyRoom, anySettings, directory } from "../support/arbitraries.ts";
import { bot, managed } from "../support/callback-rooms.ts";

describe("anything Whisper does to repair a room", () => {
  it("passes the callbacks, even when it acts as a user", () => {
    fc.assert(
      fc.property(
        directory,
        anyConversation,
        anySettings,
        fc.option(anyRoom),
        (staff, about, set, actual) => {
          const expected = expectedRoom(about, staff, set);
          if (expected === null) return;
          const room = managed(about);
          for (const step of diffRoom(expected, actual)) {
            if (step.step === "join") {
              expect(
                mayInvite(staff, set, { inviter: bot, invitee: step.user, room }).allowed,
                "invite",
              ).to.equal(true);
              expect(mayJoin(staff, set, { user: step.user, room }).allowed, "join").to.equal(true);
            }
            if (step.step === "state") {
              const event = {
                sender: step.as ?? bot,
                type: step.type,
                state: true,
                content: step.content,
                room,
                undecided: false,
                removesState: false,
              };
              expect(mayWriteEvent(staff, set, event).allowed, `${step.type} as ${step.as}`).to.equal(true);
            }
          }
        },
      ),
      { numRuns: 1000 },
    );
  });
});

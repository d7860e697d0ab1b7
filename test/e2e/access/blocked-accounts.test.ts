import { expect } from "chai";
import { z } from "zod";
import { callApi, mustCallApi } from "../../../dev/clients/api.ts";
import type { Person } from "../../../dev/clients/person.ts";
import { conversationOf } from "../../../dev/clients/room-events.ts";
import { eventually } from "../../support/eventually.ts";
import { atSynapse, inDatabase } from "../../support/stack/behind-whisper.ts";
import { openConversation, showConversation } from "../../support/stack/conversation-api.ts";
import { beginAsElement } from "../../support/stack/element.ts";
import { roomAuditReport } from "../../support/stack/room-audit.ts";
import { settled } from "../../support/stack/settled.ts";
import { sharedStack, type TestStack } from "../../support/stack/stack.ts";
import { hire, nameOf, putGroup, putUser, roomOfKind, unique } from "../../support/stack/staff.ts";

const profile = z.object({ displayname: z.string().nullish(), avatar_url: z.string().nullish() });
const members = z.object({ joined: z.record(z.string(), z.unknown()) });
const refusal = z.object({ detail: z.string() });

describe("An account that someone blocks in Synapse", function () {
  this.timeout(120_000);
  let stack: TestStack;
  let benAt: Person;
  const [anna, ben, cara] = [unique("anna"), unique("ben"), unique("cara")];
  let group: string;
  let custom: string;

  before(async function () {
    this.timeout(300_000);
    stack = await sharedStack();
    benAt = await hire(stack, ben);
    for (const name of [anna, cara]) await hire(stack, name, {}, { withoutSync: true });
    await putGroup(stack, unique("Blocked"), [anna, ben]);
    ({ id: group, room: custom } = await openConversation(
      stack,
      ben,
      { users: [anna, cara] },
      unique("Theatre"),
    ));
    await settled(stack);
  });

  const account = (username: string) =>
    `/_synapse/admin/v2/users/${encodeURIComponent(stack.userId(username))}`;
  const admin = (method: string, path: string, body: object = {}) => atSynapse(stack, method, path, body);
  const deactivate = (username: string, erase: boolean) =>
    admin("POST", `/_synapse/admin/v1/deactivate/${encodeURIComponent(stack.userId(username))}`, { erase });
  const reactivate = (username: string) =>
    admin("PUT", account(username), { deactivated: false, password: "only-for-tests" });
  const profileOf = async (username: string) =>
    profile.parse(await atSynapse(stack, "GET", account(username)));
  const signIn = (username: string) => callApi(stack, "POST", `/api/v1/users/${username}/sign-in`);
  const inCustom = async () => {
    const path = `/_matrix/client/v3/rooms/${encodeURIComponent(custom)}/joined_members`;
    return Object.keys(members.parse(await atSynapse(stack, "GET", path)).joined);
  };
  const left = (username: string) =>
    benAt.waitForEvent(
      "Synapse to make the account leave",
      (event) =>
        event.getRoomId() === custom &&
        event.getStateKey() === stack.userId(username) &&
        event.getContent().membership === "leave",
    );

  for (const erase of [false, true]) {
    describe(erase ? "by erasing it" : "by deactivating it", () => {
      const who = erase ? cara : anna;
      before(async () => {
        await deactivate(who, erase);
        await left(who);
        // One after the other: the last of their rooms may still be left.
        await settled(stack);
        await settled(stack);
      });

      it("keeps its place in custom groups", async () => {
        const members = (await showConversation(stack, group)).members.map(({ username }) => username);
        expect(members).to.include(who);
        await eventually("it to be in the room", async () => (await inCustom()).includes(stack.userId(who)));
      });

      it("gets no sign-in link, and a sentence says what to do", async () => {
        const { status, body } = await signIn(who);
        expect(status).to.equal(403);
        expect(refusal.parse(body).detail).to.match(/deactivated in Synapse.+reactivate it/);
      });

      it("is in the report of the rooms", async () => {
        const { rooms } = await roomAuditReport(stack);
        const about = rooms.filter(({ findings }) => findings.some(({ rule }) => rule === "account"));
        expect(about).to.have.lengthOf(1);
        expect(about[0]?.findings).to.deep.include({ rule: "account", severity: "warning" });
      });

      it("does not hold up a change of its name", async () => {
        await putUser(stack, who, { name: "Somebody Else" });
        await settled(stack);
        await putUser(stack, who, { name: nameOf(who) });
        await settled(stack);
      });

      it("has everything again once it is reactivated and signs in", async () => {
        await reactivate(who);
        const { status } = await signIn(who);
        expect(status).to.equal(200);
        const seen = await profileOf(who);
        expect(seen.displayname).to.include(nameOf(who));
        expect(seen.avatar_url).to.match(/^mxc:/);
        await settled(stack);
        expect((await roomAuditReport(stack)).rooms).to.deep.equal([]);
      });
    });
  }

  describe("by other means", () => {
    it("is refused a link while it is shadow-banned or locked there", async () => {
      const ban = `/_synapse/admin/v1/users/${encodeURIComponent(stack.userId(ben))}/shadow_ban`;
      await admin("POST", ban);
      expect(refusal.parse((await signIn(ben)).body).detail).to.match(/nobody would see what they write/);
      await admin("DELETE", ban);
      await admin("PUT", account(ben), { locked: true });
      expect(refusal.parse((await signIn(ben)).body).detail).to.match(/locked in Synapse/);
      await admin("PUT", account(ben), { locked: false });
      expect((await signIn(ben)).status).to.equal(200);
    });

    it("is refused a link while it is suspended there, and keeps nobody else out of a room", async () => {
      const [dora, emil, fred] = [unique("dora"), unique("emil"), unique("fred")];
      const emilAt = await hire(stack, emil);
      for (const name of [dora, fred]) await hire(stack, name, {}, { withoutSync: true });
      await settled(stack);
      const suspend = (is: boolean) =>
        admin("PUT", `/_synapse/admin/v1/suspend/${encodeURIComponent(stack.userId(dora))}`, { suspend: is });
      await suspend(true);
      expect(refusal.parse((await signIn(dora)).body).detail).to.match(
        /suspended in Synapse.+lift the suspension/,
      );
      // For two, by a client: the room begins with whoever asks, and Whisper comes later.
      const first = await beginAsElement(emilAt, { to: [stack.userId(dora)], text: "Are you there?" });
      const pair = await emilAt.waitForRoom(
        "the chat",
        (room) => conversationOf(room)?.kind === "individual",
      );
      expect(pair.roomId).to.equal(first.room);
      // A security group's room, in which she comes first.
      const group = unique("Suspended");
      await putGroup(stack, group, [dora, emil, fred]);
      const room = await roomOfKind(emilAt, "group", group);
      await emilAt.until(
        "everybody else to be in",
        () => room.getMember(stack.userId(fred))?.membership === "join",
      );
      expect(room.getMember(stack.userId(dora))?.membership).not.to.equal("join");
      await suspend(false);
      await emilAt.until(
        "whoever may join again to be in",
        () => [room, pair].every((each) => each.getMember(stack.userId(dora))?.membership === "join"),
        60_000,
      );
      expect((await signIn(dora)).status).to.equal(200);
    });

    it("loses its name to nobody: what Synapse lost is set again by itself", async () => {
      await admin("PUT", account(anna), { displayname: "Nobody" });
      await putUser(stack, ben, { active: false });
      await settled(stack);
      await admin("PUT", account(ben), { locked: false });
      await inDatabase(
        stack,
        "SELECT graphile_worker.add_job('changed_accounts', '{}', job_key := 'changed_accounts')",
      );
      await eventually("the name to be right", async () =>
        (await profileOf(anna)).displayname?.includes(nameOf(anna)),
      );
      await eventually(
        "whoever has no access to be locked again",
        async () =>
          z.object({ locked: z.boolean() }).parse(await atSynapse(stack, "GET", account(ben))).locked,
      );
      await mustCallApi(stack, "GET", "/api/v1/users");
    });
  });
});

import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect } from "chai";
import { z } from "zod";
import { callApi } from "../../../dev/clients/api.ts";
import type { Person } from "../../../dev/clients/person.ts";
import {
  actingAs,
  atSynapse,
  behindWhisper,
  inDatabase,
  letIn,
  makeRoom,
  roomPath,
} from "../../support/stack/behind-whisper.ts";
import { openConversation } from "../../support/stack/conversation-api.ts";
import { holdQueue } from "../../support/stack/held-queue.ts";
import { roomAuditReport } from "../../support/stack/room-audit.ts";
import { type DriftingPractice, ROOM_DRIFTS } from "../../support/stack/room-drifts.ts";
import { serverAdmin } from "../../support/stack/server-admin.ts";
import { settled } from "../../support/stack/settled.ts";
import { freshStack, type TestStack } from "../../support/stack/stack.ts";
import { hire, putGroup, roomOfKind, unique } from "../../support/stack/staff.ts";

const run = promisify(execFile);

describe("The room-state audit", function () {
  this.timeout(120_000);
  let stack: TestStack;
  let annaAt: Person;
  let benAt: Person;
  const [anna, ben, cara] = [unique("anna"), unique("ben"), unique("cara")];

  const rooms = new Map<string, string>();
  const roomOf = (group: string): string => rooms.get(group) ?? "";
  let practice: DriftingPractice;
  let pair: string;
  let party: string;
  let secret: string;
  let closing: string;
  let alone: string;
  let printed: { code: number; stdout: string };

  const cli = (...args: string[]): Promise<{ code: number; stdout: string }> =>
    run(process.execPath, ["src/cli.ts", "audit", "rooms", "--config", stack.configFile, ...args]).then(
      ({ stdout }) => ({ code: 0, stdout }),
      (error: { code: number; stdout: string }) => ({ code: error.code, stdout: error.stdout }),
    );
  const audit = async () => (await roomAuditReport(stack)).rooms;

  before(async function () {
    this.timeout(300_000);
    stack = await freshStack();
    [annaAt, benAt] = [await hire(stack, anna), await hire(stack, ben)];
    await hire(stack, cara, {}, { withoutSync: true });
    for (const { group } of ROOM_DRIFTS) await putGroup(stack, group, [anna, ben]);
    for (const { group } of ROOM_DRIFTS) rooms.set(group, (await roomOfKind(benAt, "group", group)).roomId);
    pair = (await openConversation(stack, anna, { users: [ben] })).room;
    party = (await openConversation(stack, anna, { users: [ben], security_groups: ["Name"] }, "Party")).room;
    practice = { stack, members: [anna, ben], stranger: cara, admin: await serverAdmin(stack, "root") };
    await settled(stack);
  });
  after(() => stack?.stop());

  it("finds nothing in a practice that has just moved in", async () => {
    expect(await audit()).to.deep.equal([]);
    expect(await cli()).to.deep.equal({ code: 0, stdout: "All rooms are as they should be.\n" });
  });

  describe("of rooms that somebody changed behind Whisper's back", () => {
    const letGapsBeFound: Array<() => Promise<void>> = [];
    after(() => Promise.all(letGapsBeFound.map((release) => release())));

    before(async function () {
      this.timeout(120_000);
      await behindWhisper(stack, async () => {
        for (const { group, drift } of ROOM_DRIFTS) {
          const instead = await drift(practice, roomOf(group));
          if (typeof instead === "string") rooms.set(group, instead);
        }
        await letIn(stack, party, cara);
        await atSynapse(
          stack,
          "PUT",
          `/_matrix/client/v3/user/${stack.userId(anna)}/account_data/m.direct`,
          {},
          stack.userId(anna),
        );
        secret = await makeRoom(actingAs(stack), { name: "Secret" });
        await letIn(stack, secret, anna);
        closing = await makeRoom(actingAs(stack), { name: "Given up" });
        await letIn(stack, closing, anna);
        await inDatabase(
          stack,
          "INSERT INTO retired_rooms (room_id, since) VALUES ($1, now() - interval '1 hour')",
          closing,
        );
        alone = await makeRoom(actingAs(stack, stack.userId(anna)), { name: "Nobody yet" });
        await inDatabase(
          stack,
          "INSERT INTO rooms (room_id, version, creator, seen_at) VALUES ($1, '11', $2, now() - interval '30 minutes')",
          alone,
          stack.userId(anna),
        );
      });
      // By the command line, which does not need a running Whisper.
      printed = await cli();
      // The searches for missing events, shortly after each start, would repair everything before it is looked at.
      for (const queue of ["gaps:recent", "gaps:again"]) letGapsBeFound.push(await holdQueue(stack, queue));
      await stack.startWhisper();
    });

    const lineOf = (room: string, rule: string): string | undefined =>
      printed.stdout.split("\n").find((line) => line.includes(room) && line.includes(`  ${rule}  `));

    it("fails on the command line", () => {
      expect(printed.code).to.equal(1);
      expect(printed.stdout).to.match(
        /\d+ rooms are not as they should be\. Use --repair to repair them\.\n$/,
      );
    });

    for (const { group, rules, severity } of ROOM_DRIFTS) {
      it(`finds ${rules.join(" and ")}: ${group}`, () => {
        for (const rule of rules)
          expect(lineOf(roomOf(group), rule), printed.stdout).to.match(new RegExp(`^${severity}  `));
      });
    }

    it("finds a direct chat that is not listed as one", () => {
      expect(lineOf(pair, "direct")).to.match(/^info {2}\S+ {2}individual/);
    });

    it("finds a room that no conversation knows, with our people in it", () => {
      expect(lineOf(secret, "unknown_room")).to.match(/^critical {2}\S+ {2}unknown/);
    });

    it("finds somebody in a custom group's room who is no member", () => {
      expect(lineOf(party, "membership")).to.match(/^critical {2}\S+ {2}custom/);
    });

    it("finds a room that was to be closed, with somebody still in it", () => {
      expect(lineOf(closing, "membership")).to.match(/^critical {2}\S+ {2}closed/);
    });

    it("gives whoever makes a room the time to invite somebody", () => {
      expect(printed.stdout).not.to.include(alone);
    });

    it("finds nothing else", () => {
      const known = new Set([...rooms.values(), pair, party, secret, closing]);
      const others = printed.stdout.split("\n").filter((line) => /^(critical|warning|info) /.test(line));
      const unexpected = others.filter((line) => ![...known].some((room) => line.includes(room)));
      // Her chat with Whisper is no longer listed either.
      expect(unexpected.filter((line) => !/^info .* control {2}direct /.test(line))).to.deep.equal([]);
    });

    it("looks at one room alone, and puts that one right", async () => {
      const room = roomOf("Name");
      const before = stack.proxy.requests().length;
      const { rooms: found } = await roomAuditReport(stack, { room_ids: [room] });
      expect(found.map(({ room_id }) => room_id)).to.deep.equal([room]);
      const asked = stack.proxy
        .requests()
        .slice(before)
        .filter(({ path }) => /\/admin\/v1\/rooms/.test(path));
      expect(
        asked.map(({ path }) => path).filter((path) => !path.includes(encodeURIComponent(room))),
      ).to.deep.equal([]);
      await roomAuditReport(stack, { room_ids: [room], repair: true });
      await settled(stack);
      expect((await roomAuditReport(stack, { room_ids: [room] })).rooms).to.deep.equal([]);
      expect((await audit()).length, "the others").to.be.greaterThan(3);
    });

    it("puts all of it right, and then finds nothing", async () => {
      await inDatabase(
        stack,
        "UPDATE rooms SET seen_at = now() - interval '3 hours' WHERE room_id = $1",
        alone,
      );
      expect((await cli()).stdout).to.include(alone);
      expect((await roomAuditReport(stack, { repair: true })).rooms.length).to.be.greaterThan(0);
      for (const { group, replaced } of ROOM_DRIFTS) {
        if (replaced !== true) continue;
        const next = (room: { roomId: string; name: string }) =>
          room.roomId !== roomOf(group) && room.name === group;
        await annaAt.waitForRoom(`another room for ${group}`, next, 30_000);
        await benAt.waitForRoom(`another room for ${group}`, next, 30_000);
      }
      await settled(stack);
      expect(await audit()).to.deep.equal([]);
      expect((await cli("--repair")).code).to.equal(0);
    });

    it("has nobody left in what was given up, and nobody who can read what they may not", async () => {
      const answer = await annaAt.request("GET", "/_matrix/client/v3/joined_rooms");
      const { joined_rooms: joined } = z.object({ joined_rooms: z.array(z.string()) }).parse(answer.body);
      const givenUp = ROOM_DRIFTS.filter(({ replaced }) => replaced).map(({ group }) => roomOf(group));
      expect(joined.filter((room) => [secret, closing, alone].includes(room))).to.deep.equal([]);
      expect(joined.filter((room) => givenUp.includes(room))).to.deep.equal([]);
      const reading = atSynapse(
        stack,
        "GET",
        `${roomPath(roomOf("Left but not forgotten"))}/messages?dir=b`,
        undefined,
        stack.userId(cara),
      );
      expect(String(await reading.catch((error: unknown) => error))).to.include("403");
    });
  });

  it("needs a key with the audit's scope", async () => {
    const answer = await callApi({ whisper: stack.whisper, apiKey: "wrong" }, "GET", "/api/v1/audit/rooms");
    expect(answer.status).to.equal(401);
  });
});

import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect } from "chai";
import pg from "pg";
import { z } from "zod";
import { callApi } from "../../../dev/clients/api.ts";
import type { Person } from "../../../dev/clients/person.ts";
import { atSynapse, behindWhisper } from "../../support/stack/behind-whisper.ts";
import { openConversation } from "../../support/stack/conversation-api.ts";
import { roomAuditReport } from "../../support/stack/room-audit.ts";
import { type ServerAdmin, serverAdmin } from "../../support/stack/server-admin.ts";
import { settled } from "../../support/stack/settled.ts";
import { freshStack, type TestStack } from "../../support/stack/stack.ts";
import { hire, putGroup, roomOfKind, unique } from "../../support/stack/staff.ts";

const made = z.object({ room_id: z.string() });

const run = promisify(execFile);

describe("The room-state audit", function () {
  this.timeout(120_000);
  let stack: TestStack;
  let annaAt: Person;
  let benAt: Person;
  const [anna, ben, cara] = [unique("anna"), unique("ben"), unique("cara")];

  const at = (room: string) => `/_matrix/client/v3/rooms/${encodeURIComponent(room)}`;
  const act = (method: string, path: string, body?: object, as?: string) =>
    atSynapse(stack, method, path, body, as);
  const setState = (room: string, type: string, content: object) =>
    act("PUT", `${at(room)}/state/${type}/`, content);
  const letIn = (room: string, username: string) =>
    act("POST", `/_synapse/admin/v1/join/${encodeURIComponent(room)}`, { user_id: stack.userId(username) });
  const put = (what: "kick" | "ban", room: string, username: string) =>
    act("POST", `${at(room)}/${what}`, { user_id: stack.userId(username) });

  let admin: ServerAdmin;
  /** As after a restore from a backup that does not fit the homeserver's. */
  const inDatabase = async (statement: string, ...values: readonly string[]): Promise<void> => {
    const client = new pg.Client(stack.databaseUrl);
    await client.connect();
    try {
      await client.query(statement, [...values]);
    } finally {
      await client.end();
    }
  };
  const asAnna = {
    act: (method: string, path: string, body?: object) => act(method, path, body, stack.userId(anna)),
  };
  const make = async (by: Pick<ServerAdmin, "act">, options: object): Promise<string> =>
    made.parse(await by.act("POST", "/_matrix/client/v3/createRoom", { preset: "private_chat", ...options }))
      .room_id;
  /** Another room stands in the place of the group's. */
  const standIn = async (old: string, room: string): Promise<string> => {
    await inDatabase("UPDATE conversations SET room_id = $2 WHERE room_id = $1", old, room);
    await act("DELETE", `/_synapse/admin/v1/rooms/${encodeURIComponent(old)}`, { purge: true });
    for (const username of [anna, ben]) await letIn(room, username);
    return room;
  };

  /** What somebody does to a group's room behind Whisper's back, the rules that it breaks, and how it is put right. */
  interface Drift {
    readonly group: string;
    readonly rules: readonly string[];
    readonly severity: string;
    /** @returns what stands in the room's place since, if something does. */
    readonly drift: (room: string) => Promise<unknown>;
    /** The room cannot be made right: everybody gets another one. */
    readonly replaced?: true;
  }

  const drifts: readonly Drift[] = [
    {
      group: "Name",
      rules: ["name"],
      severity: "warning",
      drift: (room) => setState(room, "m.room.name", { name: "Party" }),
    },
    {
      group: "Topic",
      rules: ["topic"],
      severity: "warning",
      drift: (room) => setState(room, "m.room.topic", { topic: "x" }),
    },
    {
      group: "Join rule",
      rules: ["join_rule"],
      severity: "critical",
      drift: (room) => setState(room, "m.room.join_rules", { join_rule: "public" }),
    },
    {
      group: "Guests",
      rules: ["guest_access"],
      severity: "critical",
      drift: (room) => setState(room, "m.room.guest_access", { guest_access: "can_join" }),
    },
    {
      group: "History visibility",
      rules: ["history_visibility"],
      severity: "critical",
      drift: (room) => setState(room, "m.room.history_visibility", { history_visibility: "world_readable" }),
    },
    {
      group: "Marker",
      rules: ["marker"],
      severity: "warning",
      drift: (room) =>
        setState(room, "au.healthtrack.whisper.conversation", { kind: "group", id: "x", revision: 1 }),
    },
    {
      group: "Power levels",
      rules: ["power_levels"],
      severity: "critical",
      drift: async (room) => {
        const levels = z
          .record(z.string(), z.unknown())
          .parse(await act("GET", `${at(room)}/state/m.room.power_levels/`));
        await setState(room, "m.room.power_levels", { ...levels, ban: 0, invite: 0, users_default: 50 });
      },
    },
    { group: "Intruder", rules: ["membership"], severity: "critical", drift: (room) => letIn(room, cara) },
    {
      group: "Thrown out",
      rules: ["membership"],
      severity: "warning",
      drift: (room) => put("kick", room, ben),
    },
    { group: "Banned", rules: ["membership"], severity: "warning", drift: (room) => put("ban", room, ben) },
    {
      group: "Left but not forgotten",
      rules: ["forgotten"],
      severity: "critical",
      drift: async (room) => {
        await letIn(room, cara);
        await put("kick", room, cara);
        // Synapse forgets rooms with those who leave; a withdrawn invitation opens the history to them again.
        await act("POST", `${at(room)}/invite`, { user_id: stack.userId(cara) });
        await put("kick", room, cara);
      },
    },
    {
      group: "Encrypted",
      rules: ["encryption"],
      severity: "critical",
      drift: (room) => setState(room, "m.room.encryption", { algorithm: "m.megolm.v1.aes-sha2" }),
      replaced: true,
    },
    {
      group: "Tombstone",
      rules: ["tombstone"],
      severity: "critical",
      drift: (room) => setState(room, "m.room.tombstone", { body: "x", replacement_room: "!x:localhost" }),
      replaced: true,
    },
    {
      group: "Bot gone",
      rules: ["bot"],
      severity: "critical",
      drift: (room) => act("POST", `${at(room)}/leave`, {}),
      replaced: true,
    },
    {
      group: "Bot powerless",
      rules: ["bot", "power_levels"],
      severity: "critical",
      drift: async (room) => {
        const levels = z
          .record(z.string(), z.unknown())
          .parse(await act("GET", `${at(room)}/state/m.room.power_levels/`));
        await setState(room, "m.room.power_levels", { ...levels, users: { "@whisper:localhost": 40 } });
      },
      replaced: true,
    },
    {
      group: "Stranger with power",
      rules: ["bot", "power_levels"],
      severity: "critical",
      drift: (room) =>
        admin.act("POST", `/_synapse/admin/v1/rooms/${encodeURIComponent(room)}/make_room_admin`, {}),
      replaced: true,
    },
    {
      group: "Version",
      rules: ["version"],
      severity: "critical",
      drift: async (room) => standIn(room, await make({ act }, { room_version: "12" })),
      replaced: true,
    },
    {
      group: "Creator",
      rules: ["creator"],
      severity: "critical",
      drift: async (room) => {
        const other = await make(admin, {
          invite: ["@whisper:localhost"],
          power_level_content_override: { users: { "@whisper:localhost": 100, [admin.userId]: 100 } },
        });
        await act("POST", `/_matrix/client/v3/join/${encodeURIComponent(other)}`, {});
        return standIn(room, other);
      },
      replaced: true,
    },
    {
      group: "Purged",
      rules: ["unknown_room"],
      severity: "critical",
      drift: (room) => act("DELETE", `/_synapse/admin/v1/rooms/${encodeURIComponent(room)}`, { purge: true }),
      replaced: true,
    },
  ];

  const rooms = new Map<string, string>();
  const roomOf = (group: string): string => rooms.get(group) ?? "";
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
    for (const { group } of drifts) await putGroup(stack, group, [anna, ben]);
    for (const { group } of drifts) rooms.set(group, (await roomOfKind(benAt, "group", group)).roomId);
    pair = (await openConversation(stack, anna, { users: [ben] })).room;
    party = (await openConversation(stack, anna, { users: [ben], security_groups: ["Name"] }, "Party")).room;
    admin = await serverAdmin(stack, "root");
    await settled(stack);
  });
  after(() => stack?.stop());

  it("finds nothing in a practice that has just moved in", async () => {
    expect(await audit()).to.deep.equal([]);
    expect(await cli()).to.deep.equal({ code: 0, stdout: "All rooms are as they should be.\n" });
  });

  describe("of rooms that somebody changed behind Whisper's back", () => {
    before(async function () {
      this.timeout(120_000);
      await behindWhisper(stack, async () => {
        for (const { group, drift } of drifts) {
          const instead = await drift(roomOf(group));
          if (typeof instead === "string") rooms.set(group, instead);
        }
        await letIn(party, cara);
        await act(
          "PUT",
          `/_matrix/client/v3/user/${stack.userId(anna)}/account_data/m.direct`,
          {},
          stack.userId(anna),
        );
        secret = await make({ act }, { name: "Secret" });
        await letIn(secret, anna);
        closing = await make({ act }, { name: "Given up" });
        await letIn(closing, anna);
        await inDatabase(
          "INSERT INTO retired_rooms (room_id, since) VALUES ($1, now() - interval '1 hour')",
          closing,
        );
        alone = await make(asAnna, { name: "Nobody yet" });
        await inDatabase(
          "INSERT INTO rooms (room_id, version, creator, seen_at) VALUES ($1, '11', $2, now() - interval '30 minutes')",
          alone,
          stack.userId(anna),
        );
      });
      // By the command line, which needs no running Whisper.
      printed = await cli();
    });

    const lineOf = (room: string, rule: string): string | undefined =>
      printed.stdout.split("\n").find((line) => line.includes(room) && line.includes(`  ${rule}  `));

    it("fails on the command line", () => {
      expect(printed.code).to.equal(1);
      expect(printed.stdout).to.match(
        /\d+ rooms are not as they should be\. Use --repair to repair them\.\n$/,
      );
    });

    for (const { group, rules, severity } of drifts) {
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
      // Her chat with Whisper is not listed any more either.
      expect(unexpected.filter((line) => !/^info .* control {2}direct /.test(line))).to.deep.equal([]);
    });

    it("looks at one room alone, and puts that one right", async () => {
      await stack.startWhisper();
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
      await inDatabase("UPDATE rooms SET seen_at = now() - interval '3 hours' WHERE room_id = $1", alone);
      expect((await cli()).stdout).to.include(alone);
      expect((await roomAuditReport(stack, { repair: true })).rooms.length).to.be.greaterThan(0);
      for (const { group, replaced } of drifts) {
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
      const givenUp = drifts.filter(({ replaced }) => replaced).map(({ group }) => roomOf(group));
      expect(joined.filter((room) => [secret, closing, alone].includes(room))).to.deep.equal([]);
      expect(joined.filter((room) => givenUp.includes(room))).to.deep.equal([]);
      const reading = act(
        "GET",
        `${at(roomOf("Left but not forgotten"))}/messages?dir=b`,
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

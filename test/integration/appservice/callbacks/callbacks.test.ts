import type { Server } from "node:http";
import { expect } from "chai";
import express from "express";
import pino from "pino";
import { close, listen } from "../../../../src/api/kernel/listen.ts";
import type { CallbackRooms } from "../../../../src/appservice/callbacks/callback-rooms.ts";
import { policyCallbacks } from "../../../../src/appservice/callbacks/callbacks.ts";
import type { DirectorySnapshot } from "../../../../src/directory/snapshot.ts";
import type { ConversationId, Directory, UserId } from "../../../../src/policy/model.ts";
import { id, SETTINGS } from "../../../support/practice/conversations.ts";
import {
  conversation,
  customGroup,
  neverReceives,
  practice,
  user,
} from "../../../unit/policy/support/practice.ts";

const EMPTY: Directory = { users: new Map(), securityGroups: new Map(), customGroups: new Map() };
const away = () => Promise.reject(new Error("the database is away"));

describe("a policy callback", () => {
  let server: Server;
  let fresh: DirectorySnapshot["fresh"];
  let rooms: CallbackRooms;
  let known = EMPTY;
  beforeEach(() => {
    known = EMPTY;
  });

  before(async () => {
    const app = express().use(
      policyCallbacks({
        token: "token",
        directory: { latest: () => known, fresh: () => fresh(), within: away },
        settings: SETTINGS,
        rooms: {
          roomOf: (room) => rooms.roomOf(room),
          asked: (room) => rooms.asked(room),
          left: (ids) => rooms.left(ids),
        },
        adopt: () => Promise.resolve(),
        isPresentState: () => Promise.resolve(false),
        log: pino({ level: "silent" }),
        onDecided: () => undefined,
        onSignIn: () => undefined,
        onInvitationRefused: () => undefined,
      }),
    );
    server = await listen(app, { port: 0, bind: "127.0.0.1" });
  });
  after(() => close(server, 5_000));

  async function ask(
    callback: string,
    body: object,
  ): Promise<{ status: number; body: unknown; type: string }> {
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    const answer = await fetch(`http://127.0.0.1:${port}/${callback}`, {
      method: "POST",
      headers: { authorization: "Bearer token", "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    const text = await answer.text();
    const type = answer.headers.get("content-type") ?? "";
    return { status: answer.status, type, body: type.includes("json") ? JSON.parse(text) : text };
  }
  const login = (user: UserId) => ask("check_login_for_spam", { user_id: user });

  it("refuses with the sentence from memory if it cannot look again", async () => {
    fresh = away;
    const { status, body } = await login(id("mia"));
    expect(status).to.equal(403);
    expect(body).to.have.property("errcode", "M_FORBIDDEN");
    expect(body).to.have.property("error").that.is.a("string").and.not.empty;
  });

  it("allows what memory would refuse, if the database knows better", async () => {
    const mia = user("mia");
    fresh = () => Promise.resolve({ ...EMPTY, users: new Map([[mia.username, mia]]) });
    expect((await login(id("mia"))).status).to.equal(200);
  });

  it("answers without JSON if it cannot decide at all, so that the module follows its setting for failures", async () => {
    rooms = { roomOf: away, asked: away, left: away };
    const { status, type } = await ask("check_event_for_spam", {
      event: { sender: id("mia"), room_id: "!room:practice.test", type: "m.room.message", content: {} },
    });
    expect(status).to.equal(500);
    expect(type).to.include("text/plain");
  });

  describe("about someone who never receives, alone with one other person", () => {
    const group = customGroup("lunch", { users: ["ann", "ben", "shy"] });
    const everybody = [id("ann"), id("ben"), id("shy")];
    const made = (joined: readonly UserId[]) =>
      Promise.resolve({ room: "user-made", others: joined, joined, settled: false } as const);
    const managed = () =>
      Promise.resolve({
        room: "managed",
        conversation: conversation.custom("lunch"),
        settled: true,
      } as const);
    const says = (type: string, more: object = {}) =>
      ask("check_event_for_spam", {
        event: { sender: id("ann"), room_id: "!room:practice.test", type, content: { name: "x" }, ...more },
      });
    beforeEach(() => {
      known = practice(["ann", "ben", neverReceives("shy")], [], [group]);
      fresh = () => Promise.resolve(known);
    });

    for (const [what, left, status] of [
      ["is still there", [], 200],
      ["has just left", [id("ben")], 403],
      ["and has just left with the other", [id("ben"), id("shy")], 200],
    ] as const)
      it(`who ${what}: ${status}`, async () => {
        const gone = new Map([["lunch" as ConversationId, left]]);
        rooms = { roomOf: managed, asked: managed, left: () => Promise.resolve(gone) };
        expect((await says("m.room.message")).status).to.equal(status);
      });

    it("about someone unknown: refused, and says what to do", async () => {
      rooms = { roomOf: managed, asked: managed, left: away };
      const { status, body } = await says("m.room.message");
      expect(status).to.equal(403);
      expect(body)
        .to.have.property("error")
        .that.matches(/Send it again/);
    });

    it("who has just left a user-made room: no name, and no invitation", async () => {
      const invitation = { inviter: id("ann"), invitee: id("shy"), room_id: "!room:practice.test" };
      const asking = (now: readonly UserId[]) => {
        rooms = { roomOf: () => made(everybody), asked: () => made(now), left: away };
      };
      for (const [now, status] of [
        [everybody, 200],
        [[id("ann"), id("shy")], 403],
      ] as const) {
        asking(now);
        expect((await says("m.room.name", { state_key: "" })).status).to.equal(status);
        expect((await ask("user_may_invite", invitation)).status).to.equal(status);
      }
    });
  });
});

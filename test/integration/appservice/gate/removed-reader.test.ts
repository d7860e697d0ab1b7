/**
 * Somebody who was put out of a room, at every endpoint that reads: first what Synapse alone serves them, so that it
 * is known what the gate is for, then that nothing is left through the gate.
 */
import { expect } from "chai";
import type { EventId, RoomId } from "../../../../src/policy/model.ts";
import type { Answer, Caller } from "./caller.ts";
import { type House, openHouse } from "./house.ts";
import { type Gated, putGateBefore } from "./with-gate.ts";

const C = "/_matrix/client";
const SLIDING = `${C}/unstable/org.matrix.simplified_msc3575/sync`;
/** A token that nobody was ever given: from the beginning of time. */
const FORGED = "s1_1_0_1_1_1_1_1_0_1_1_1_1_1";
const enc = encodeURIComponent;

interface Scene {
  readonly ann: Caller;
  readonly bob: Caller;
  readonly room: RoomId;
  readonly own: RoomId;
  readonly first: EventId;
  readonly second: EventId;
  /** Bob's sync tokens from before the messages, and from after. */
  readonly before: string;
  readonly after: string;
  readonly slidingBefore: string;
}

interface Read {
  readonly name: string;
  readonly method?: "GET" | "POST";
  readonly path: (scene: Scene) => string;
  readonly body?: (scene: Scene) => unknown;
}

const inRoom =
  (rest: string, version = "v3") =>
  (scene: Scene) =>
    `${C}/${version}/rooms/${enc(scene.room)}/${rest.replace("{first}", enc(scene.first)).replace("{second}", enc(scene.second)).replace("{before}", scene.before).replace("{after}", scene.after)}`;
const WITH_LEFT = enc(JSON.stringify({ room: { include_leave: true, timeline: { limit: 1_000 } } }));
const slidingBody = ({ room }: Scene) => ({
  conn_id: "probe",
  lists: { all: { ranges: [[0, 50]], timeline_limit: 50, required_state: [["*", "*"]] } },
  room_subscriptions: { [room]: { timeline_limit: 50, required_state: [["*", "*"]] } },
  extensions: { receipts: { enabled: true }, account_data: { enabled: true }, typing: { enabled: true } },
});

const READS: readonly Read[] = [
  ...["r0", "v3", "unstable", "api/v1"].flatMap((version): Read[] => [
    { name: `${version} event`, path: inRoom("event/{first}", version) },
    { name: `${version} context`, path: inRoom("context/{first}?limit=50", version) },
    {
      name: `${version} one event without its room`,
      path: ({ first }) => `${C}/${version}/events/${enc(first)}`,
    },
  ]),
  { name: "event with the thread's replies", path: inRoom("event/{second}") },
  {
    name: "context under another room's name",
    path: ({ own, first }) => `${C}/v3/rooms/${enc(own)}/context/${enc(first)}`,
  },
  {
    name: "event under another room's name",
    path: ({ own, first }) => `${C}/v3/rooms/${enc(own)}/event/${enc(first)}`,
  },
  { name: "notifications", path: () => `${C}/v3/notifications?limit=500` },
  { name: "highlights", path: () => `${C}/v3/notifications?only=highlight` },
  { name: "sync", path: () => `${C}/v3/sync` },
  { name: "sync with left rooms", path: () => `${C}/v3/sync?filter=${WITH_LEFT}` },
  { name: "sync from before", path: ({ before }) => `${C}/v3/sync?since=${before}&timeout=0` },
  {
    name: "sync from before, left rooms",
    path: ({ before }) => `${C}/v3/sync?since=${before}&filter=${WITH_LEFT}`,
  },
  {
    name: "sync from before, whole state",
    path: ({ before }) => `${C}/v3/sync?since=${before}&full_state=true`,
  },
  {
    name: "sync from before, state after",
    path: ({ before }) =>
      `${C}/v3/sync?since=${before}&org.matrix.msc4222.use_state_after=true&full_state=true`,
  },
  { name: "sync from the beginning of time", path: () => `${C}/v3/sync?since=${FORGED}&filter=${WITH_LEFT}` },
  {
    name: "sync r0 from the beginning of time",
    path: () => `${C}/r0/sync?since=${FORGED}&filter=${WITH_LEFT}`,
  },
  { name: "sync from after", path: ({ after }) => `${C}/v3/sync?since=${after}&timeout=0` },
  {
    name: "sliding sync",
    method: "POST",
    path: () => SLIDING,
    body: (scene) => ({ ...slidingBody(scene), conn_id: "new" }),
  },
  {
    name: "sliding sync from before",
    method: "POST",
    path: ({ slidingBefore }) => `${SLIDING}?pos=${enc(slidingBefore)}`,
    body: slidingBody,
  },
  {
    name: "sliding sync from the beginning of time",
    method: "POST",
    path: () => `${SLIDING}?pos=${enc(`0/${FORGED}`)}`,
    body: slidingBody,
  },
  {
    name: "sliding sync from the beginning of time, without dots",
    method: "POST",
    path: () => `${SLIDING.replaceAll("org.matrix.", "org/matrix/")}?pos=${enc(`0/${FORGED}`)}`,
    body: slidingBody,
  },
  { name: "messages backward", path: inRoom("messages?dir=b&limit=1000") },
  { name: "messages forward", path: inRoom("messages?dir=f&limit=1000&from={before}") },
  { name: "messages from a token", path: inRoom("messages?dir=b&limit=1000&from={after}") },
  { name: "relations", path: inRoom("relations/{first}", "v1") },
  { name: "relations of a kind", path: inRoom("relations/{second}/m.thread/m.room.message", "v1") },
  { name: "threads", path: inRoom("threads", "v1") },
  { name: "state", path: inRoom("state") },
  { name: "topic", path: inRoom("state/m.room.topic") },
  { name: "topic as event", path: inRoom("state/m.room.topic/?format=event") },
  { name: "members", path: inRoom("members") },
  { name: "members at a time", path: inRoom("members?at={before}") },
  { name: "joined members", path: inRoom("joined_members") },
  { name: "initial sync of the room", path: inRoom("initialSync") },
  { name: "initial sync", path: () => `${C}/v3/initialSync?archived=true&limit=100` },
  { name: "aliases", path: inRoom("aliases") },
  { name: "timestamp to event", path: inRoom("timestamp_to_event?ts=0&dir=f", "v1") },
  { name: "hierarchy", path: inRoom("hierarchy", "v1") },
  { name: "summary", path: ({ room }) => `${C}/v1/room_summary/${enc(room)}` },
  {
    name: "unstable summary",
    path: ({ room }) => `${C}/unstable/im.nheko.summary/rooms/${enc(room)}/summary`,
  },
  {
    name: "unstable summary without dots",
    path: ({ room }) => `${C}/unstable/im/nheko/summary/rooms/${enc(room)}/summary`,
  },
  {
    name: "old events of the room",
    path: ({ room, before }) => `${C}/v3/events?room_id=${enc(room)}&from=${before}&timeout=1`,
  },
  { name: "old events", path: ({ before }) => `${C}/v3/events?from=${before}&timeout=1` },
  { name: "public rooms", path: () => `${C}/v3/publicRooms` },
  { name: "joined rooms", path: () => `${C}/v3/joined_rooms` },
  { name: "tags", path: ({ bob, room }) => `${C}/v3/user/${enc(bob.userId)}/rooms/${enc(room)}/tags` },
  { name: "delayed events", path: () => `${C}/unstable/org.matrix.msc4140/delayed_events` },
  {
    name: "thread subscription",
    path: ({ room, second }) =>
      `${C}/unstable/io.element.msc4306/rooms/${enc(room)}/thread/${enc(second)}/subscription`,
  },
  {
    name: "search",
    method: "POST",
    path: () => `${C}/v3/search`,
    body: ({ room }) => ({
      search_categories: {
        room_events: {
          search_term: "roster",
          filter: { rooms: [room] },
          event_context: {},
          include_state: true,
        },
      },
    }),
  },
  {
    name: "search everywhere",
    method: "POST",
    path: () => `${C}/v3/search`,
    body: () => ({
      search_categories: { room_events: { search_term: "roster", event_context: {}, include_state: true } },
    }),
  },
  {
    name: "report",
    method: "POST",
    path: ({ room, first }) => `${C}/v3/rooms/${enc(room)}/report/${enc(first)}`,
    body: () => ({ reason: "curious" }),
  },
  { name: "knock", method: "POST", path: ({ room }) => `${C}/v3/knock/${enc(room)}`, body: () => ({}) },
  { name: "join", method: "POST", path: ({ room }) => `${C}/v3/join/${enc(room)}`, body: () => ({}) },
  {
    name: "upgrade",
    method: "POST",
    path: ({ room }) => `${C}/v3/rooms/${enc(room)}/upgrade`,
    body: () => ({ new_version: "11" }),
  },
  { name: "administration", path: ({ room }) => `/_synapse/admin/v1/rooms/${enc(room)}/messages` },
  { name: "federation", path: ({ first }) => `/_matrix/federation/v1/event/${enc(first)}` },
];

/** What Synapse alone still serves to somebody who was kicked and made to forget: the reason for the gate. */
const SERVED_BY_SYNAPSE = [
  ...["r0", "v3", "unstable", "api/v1"].flatMap((version) => [
    `${version} event`,
    `${version} context`,
    `${version} one event without its room`,
  ]),
  "event with the thread's replies",
  "highlights",
  "notifications",
  "sync from before",
  "sync from before, left rooms",
  "sync from before, state after",
  "sync from before, whole state",
  "sync from the beginning of time",
  "sync r0 from the beginning of time",
  "sliding sync from before",
  "sliding sync from the beginning of time",
  "sliding sync from the beginning of time, without dots",
  "members at a time",
];

describe("the read gate, before somebody who was put out of a room", function () {
  this.timeout(180_000);
  let house: House;
  let gate: Gated;

  before(async () => {
    house = await openHouse();
    gate = await putGateBefore(house);
    // Until its background work is done, a new Synapse answers some sliding syncs with an internal error.
    for (;;) {
      const { text } = await house.bot.request("GET", "/_synapse/admin/v1/background_updates/status");
      if (text.includes('"current_updates":{}')) break;
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
  });
  after(async () => {
    await gate?.close();
    await house?.stop();
  });

  async function play(wayOut: (scene: Scene) => Promise<void>): Promise<Scene> {
    const [ann, bob] = [await house.person("ann"), await house.person("bob")];
    const room = await house.room([ann, bob]);
    const own = await house.room([bob]);
    const before = String((await bob.json("GET", `${C}/v3/sync`)).next_batch);
    const start = { ann, bob, room, own, before } as Scene;
    const slidingBefore = String((await bob.json("POST", SLIDING, slidingBody(start))).pos);
    const first = await ann.say(room, "ROSTER one: roster @room", {
      "m.mentions": { user_ids: [bob.userId] },
    });
    const second = await ann.say(room, "ROSTER two");
    await edit(ann, room, first, "ROSTER one, early edit");
    const after = String((await bob.json("GET", `${C}/v3/sync?since=${before}&timeout=9`)).next_batch);
    const scene: Scene = { ...start, first, second, after, slidingBefore };
    await wayOut(scene);
    await ann.say(room, "ROSTER three, after");
    await edit(ann, room, first, "ROSTER one, late edit");
    await ann.say(room, "ROSTER reply", { "m.relates_to": { rel_type: "m.thread", event_id: second } });
    await ann.json("PUT", `${C}/v3/rooms/${enc(room)}/state/m.room.topic/`, { topic: "ROSTER topic" });
    return scene;
  }

  /** Words of the room, or the names of who is in it, in any answer. */
  async function leaks(scene: Scene, homeserver: string): Promise<readonly string[]> {
    const bob = scene.bob.at(homeserver);
    const found: string[] = [];
    for (const { name, method = "GET", path, body } of READS) {
      const answer = await bob.request(method, path(scene), body === undefined ? {} : { body: body(scene) });
      expect(answer.status, `${name}: ${answer.text}`).to.be.below(500);
      const ofThisRoom =
        answer.text.includes("ROSTER") || answer.text.includes(`"state_key":"${scene.ann.userId}"`);
      if (ofThisRoom) found.push(name);
    }
    return found;
  }

  it("is needed: Synapse alone serves what was forgotten", async () => {
    const scene = await play(({ room, bob }) => house.remove(room, bob));
    expect(await leaks(scene, house.synapse)).to.have.members(SERVED_BY_SYNAPSE);
  });

  const waysOut: Readonly<Record<string, (scene: Scene) => Promise<void>>> = {
    "kicked and made to forget": ({ room, bob }) => house.remove(room, bob),
    "kicked behind Whisper's back": async ({ room, bob }) => {
      await house.bot.json("POST", `${C}/v3/rooms/${enc(room)}/kick`, { user_id: bob.userId });
    },
    left: async ({ room, bob }) => {
      await bob.json("POST", `${C}/v3/rooms/${enc(room)}/leave`, {});
    },
    banned: async ({ room, bob }) => {
      await house.bot.json("POST", `${C}/v3/rooms/${enc(room)}/ban`, { user_id: bob.userId });
    },
    "banned and unbanned": async ({ room, bob }) => {
      await house.bot.json("POST", `${C}/v3/rooms/${enc(room)}/ban`, { user_id: bob.userId });
      await house.bot.json("POST", `${C}/v3/rooms/${enc(room)}/unban`, { user_id: bob.userId });
    },
    "kicked, invited again and refused": async ({ room, bob }) => {
      await house.remove(room, bob);
      await house.bot.json("POST", `${C}/v3/rooms/${enc(room)}/invite`, { user_id: bob.userId });
      await bob.json("POST", `${C}/v3/rooms/${enc(room)}/leave`, {});
    },
    "kicked, and an invitation stands": async ({ room, bob }) => {
      await house.remove(room, bob);
      await house.bot.json("POST", `${C}/v3/rooms/${enc(room)}/invite`, { user_id: bob.userId });
    },
  };

  for (const [name, wayOut] of Object.entries(waysOut)) {
    it(`serves nothing to who was ${name}`, async () => {
      const scene = await play(wayOut);
      expect(await leaks(scene, gate.url)).to.deep.equal([]);
    });
  }

  it("still tells the client that it is out", async () => {
    const scene = await play(({ room, bob }) => house.remove(room, bob));
    const bob = scene.bob.at(gate.url);
    const synced = await bob.json("GET", `${C}/v3/sync?since=${scene.before}&timeout=0`);
    const left = (
      synced.rooms as { leave: Record<string, { timeline: { events: { state_key: string }[] } }> }
    ).leave;
    expect(left[scene.room]?.timeline.events.map((event) => event.state_key)).to.deep.equal([bob.userId]);
    const slid = await bob.json("POST", `${SLIDING}?pos=${enc(scene.slidingBefore)}`, slidingBody(scene));
    const room = (slid.rooms as Record<string, { timeline: { state_key: string }[] }>)[scene.room];
    expect(room?.timeline.map((event) => event.state_key)).to.deep.equal([bob.userId]);
  });

  it("serves a member the same as Synapse does", async () => {
    const scene = await play(async () => undefined);
    const [direct, through] = [scene.bob, scene.bob.at(gate.url)];
    for (const { name, method = "GET", path, body } of READS) {
      if (method === "POST" && !name.startsWith("search")) continue;
      if (name === "administration" || name === "federation" || name.startsWith("old events")) continue;
      const options = body === undefined ? {} : { body: body(scene) };
      const expected = await direct.request(method, path(scene), options);
      const actual = await through.request(method, path(scene), options);
      expect(actual.status, name).to.equal(expected.status);
      expect(comparable(actual), name).to.deep.equal(comparable(expected));
    }
  });

  it("serves the whole history to who comes back", async () => {
    const scene = await play(({ room, bob }) => house.remove(room, bob));
    await house.bot.json("POST", `${C}/v3/rooms/${enc(scene.room)}/invite`, { user_id: scene.bob.userId });
    await scene.bob.json("POST", `${C}/v3/join/${enc(scene.room)}`, {});
    const bob = scene.bob.at(gate.url);
    const at = `${C}/v3/rooms/${enc(scene.room)}`;
    expect((await bob.request("GET", `${at}/event/${enc(scene.first)}`)).text).to.contain("late edit");
    expect((await bob.request("GET", `${at}/messages?dir=b&limit=100`)).text)
      .to.contain("ROSTER one")
      .and.contain("three");
    expect((await bob.request("GET", `${C}/v3/notifications`)).text).to.contain("ROSTER one");
    expect((await bob.request("GET", `${C}/v3/events/${enc(scene.first)}`)).text).to.contain("ROSTER one");
  });
});

/** Without ages, which pass, and without the order of state, which Synapse keeps in sets. */
function comparable(answer: Answer): unknown {
  const sorted = (value: unknown): unknown => {
    if (Array.isArray(value))
      return value.map(sorted).sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
    if (typeof value !== "object" || value === null) return value;
    const entries = Object.entries(value).filter(([name]) => name !== "age");
    return Object.fromEntries(entries.map(([name, part]) => [name, sorted(part)]).sort());
  };
  return sorted(JSON.parse(answer.text));
}

function edit(who: Caller, room: RoomId, event: EventId, text: string) {
  return who.say(room, `* ${text}`, {
    "m.new_content": { msgtype: "m.text", body: text },
    "m.relates_to": { rel_type: "m.replace", event_id: event },
  });
}

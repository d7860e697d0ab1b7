/** Every way in which somebody may write a membership with a text in it: held to carry none. */
import { expect } from "chai";
import type { RoomId } from "../../../src/policy/model.ts";
import type { Caller } from "./caller.ts";
import type { House } from "./house.ts";

const C = "/_matrix/client";
export const TEXT = "please ring me";

export const at = (room: RoomId, rest: string, version = "v3") =>
  `${C}/${version}/rooms/${encodeURIComponent(room)}/${rest}`;
export const stateOf = (user: Caller) => `state/m.room.member/${encodeURIComponent(user.userId)}`;
export const membershipOf = async (house: House, room: RoomId, user: Caller) => {
  const { state } = await house.bot.json("GET", `/_synapse/admin/v1/rooms/${encodeURIComponent(room)}/state`);
  const events = state as { type: string; state_key: string; content: Record<string, unknown> }[];
  const own = events.find((event) => event.type === "m.room.member" && event.state_key === user.userId);
  return own?.content ?? {};
};
/** All that a member reads in the room's timeline. */
export const read = async (reader: Caller, room: RoomId) => {
  const { chunk } = await reader.json("GET", at(room, "messages?dir=b&limit=100"));
  return chunk as { type: string; sender: string; content: Record<string, unknown> }[];
};
export const ok = async (who: Caller, method: string, path: string, body: unknown) => {
  const answer = await who.request(method, path, { body });
  expect(answer.status, `${path}: ${answer.text}`).to.equal(200);
};
/** A room that a person made, with another in it who may kick. */
export const ownRoom = async (maker: Caller, members: readonly Caller[] = [], more: object = {}) => {
  const { room_id } = await maker.json("POST", `${C}/v3/createRoom`, {
    preset: "private_chat",
    invite: members.map(({ userId }) => userId),
    ...more,
  });
  for (const member of members) await member.json("POST", at(room_id as RoomId, "join"), {});
  return room_id as RoomId;
};

/** A room that one may enter without an invitation. */
export const OPEN = { type: "m.room.join_rules", state_key: "", content: { join_rule: "public" } };
/** Each way of writing a membership with a text, and of whom. `{room}` and `{user}` are filled in. */
const text = { reason: TEXT, "org.example.text": TEXT, displayname: TEXT, avatar_url: `mxc://x/${TEXT}` };
const WAYS: readonly (readonly [string, string, "own" | "other", string, object])[] = [
  ["POST", "rooms/{room}/leave", "own", "leave", text],
  ["POST", "rooms/{room}/join", "own", "join", text],
  ["POST", "join/{room}", "own", "join", text],
  ["PUT", "rooms/{room}/leave/t{n}", "own", "leave", text],
  ["PUT", "rooms/{room}/join/t{n}", "own", "join", text],
  [
    "PUT",
    "rooms/{room}/state/m.room.member/{user}",
    "own",
    "join",
    { membership: "join", is_direct: TEXT, ...text },
  ],
  ["PUT", "rooms/{room}/state/m.room.member/{user}", "own", "leave", { membership: "leave", ...text }],
  ["POST", "rooms/{room}/invite", "other", "invite", text],
  ["PUT", "rooms/{room}/state/m.room.member/{user}", "other", "leave", { membership: "leave", ...text }],
  [
    "PUT",
    "rooms/{room}/state/m.room.member/{user}",
    "other",
    "invite",
    { membership: "invite", is_direct: TEXT, ...text },
  ],
  ["POST", "rooms/{room}/kick", "other", "leave", text],
  ["POST", "rooms/{room}/ban", "other", "ban", text],
  ["POST", "rooms/{room}/unban", "other", "leave", text],
  ["PUT", "rooms/{room}/ban/t{n}", "other", "ban", text],
  ["PUT", "rooms/{room}/unban/t{n}", "other", "leave", text],
];

let count = 0;

/** What comes of each way, done by `ann` at her homeserver's address with herself and with `bob`. */
export async function expectNoText(house: House, ann: Caller, bob: Caller, version: string): Promise<void> {
  const room = await ownRoom(ann);
  const others = await ownRoom(house.bot, [ann, bob], { initial_state: [OPEN] });
  for (const [method, path, whose, membership, body] of WAYS) {
    const [target, where] = whose === "own" ? [ann, others] : [bob, room];
    const filled = path
      .replace("{room}", encodeURIComponent(where))
      .replace("{user}", encodeURIComponent(target.userId))
      .replace("{n}", String(++count));
    const user = whose === "own" ? {} : { user_id: target.userId };
    await ok(ann, method, `${C}/${version}/${filled}`, { ...body, ...user });
    const content = await membershipOf(house, where, target);
    expect(content.membership, path).to.equal(membership);
    expect(JSON.stringify(content), path).to.not.contain(TEXT);
    expect(Object.keys(content), path).to.satisfy((keys: string[]) =>
      keys.every((key) => ["membership", "displayname", "avatar_url"].includes(key)),
    );
  }
  for (const [reader, where] of [
    [ann, room],
    [house.bot, others],
  ] as const)
    expect(JSON.stringify(await read(reader, where))).to.not.contain(TEXT);
}

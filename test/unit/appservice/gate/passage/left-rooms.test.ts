import { expect } from "chai";
import {
  roomsIn,
  withoutContent,
  withoutLeftRooms,
} from "../../../../../src/appservice/gate/passage/left-rooms.ts";
import type { UserId } from "../../../../../src/policy/model.ts";

const ME = "@ht_bob:example.org" as UserId;
const member = (user: string, membership: string) => ({
  type: "m.room.member",
  state_key: user,
  content: { membership },
});
const message = { type: "m.room.message", content: { body: "secret" } };
const leaving = member(ME, "leave");

describe("gate: rooms that the user has left", () => {
  it("say in a sync only that the user has left", () => {
    const leave = {
      "!r:x": {
        timeline: { events: [message, member("@ann:x", "leave"), leaving], limited: true, prev_batch: "s1" },
        state: { events: [member(ME, "join"), member("@ann:x", "join")] },
        account_data: { events: [{ type: "m.tag" }] },
        "org.matrix.msc4222.state_after": { events: [leaving, { type: "m.room.topic", state_key: "" }] },
        summary: { "m.heroes": ["@ann:x"] },
      },
    };
    expect(withoutContent(leave, ME)).to.deep.equal({
      "!r:x": {
        timeline: { events: [leaving], limited: false },
        state: { events: [] },
        account_data: { events: [] },
        "org.matrix.msc4222.state_after": { events: [leaving] },
      },
    });
  });

  for (const name of ["state_after", "org.matrix.msc4222.state_after"]) {
    it(`say so in ${name} too, where Synapse leaves out the departure of the last member`, () => {
      const leave = {
        "!r:x": { timeline: { events: [message, leaving] }, [name]: { events: [] } },
        "!s:x": { timeline: { events: [message] }, [name]: { events: [member("@ann:x", "leave")] } },
      };
      const empty = { state: { events: [] }, account_data: { events: [] } };
      expect(withoutContent(leave, ME)).to.deep.equal({
        "!r:x": { ...empty, timeline: { events: [leaving], limited: false }, [name]: { events: [leaving] } },
        "!s:x": { ...empty, timeline: { events: [], limited: false }, [name]: { events: [] } },
      });
    });
  }

  it("are emptied if their form is unknown", () => {
    expect(withoutContent(null, ME)).to.deep.equal({});
    expect(withoutContent([message], ME)).to.deep.equal({});
    expect(withoutContent({ "!r:x": "secret" }, ME)).to.deep.equal({
      "!r:x": {
        timeline: { events: [], limited: false },
        state: { events: [] },
        account_data: { events: [] },
      },
    });
  });

  it("are emptied in a sliding sync, including extensions", () => {
    const inside = { name: "Doctors", timeline: [message] };
    const answer = {
      pos: "1",
      lists: { all: { count: 2 } },
      rooms: {
        "!in:x": inside,
        "!out:x": {
          name: "Night shift",
          heroes: [{}],
          timeline: [message, leaving],
          required_state: [leaving, message],
          bump_stamp: 3,
        },
        "!invited:x": { invite_state: [{ type: "m.room.name" }], timeline: [] },
      },
      extensions: {
        typing: { rooms: { "!in:x": 1, "!out:x": 2 } },
        account_data: { global: [], rooms: { "!out:x": [] } },
        to_device: { next_batch: "1", events: [] },
      },
    };
    expect([...roomsIn(answer)].sort()).to.deep.equal(["!in:x", "!invited:x", "!out:x"]);
    expect(withoutLeftRooms(answer, new Set(["!in:x"]), ME)).to.deep.equal({
      pos: "1",
      lists: { all: { count: 2 } },
      rooms: {
        "!in:x": inside,
        "!out:x": { bump_stamp: 3, timeline: [leaving], required_state: [leaving] },
        "!invited:x": { invite_state: [{ type: "m.room.name" }], timeline: [] },
      },
      extensions: {
        typing: { rooms: { "!in:x": 1 } },
        account_data: { global: [], rooms: {} },
        to_device: { next_batch: "1", events: [] },
      },
    });
  });
});

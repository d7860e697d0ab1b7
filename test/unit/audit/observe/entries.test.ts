import { expect } from "chai";
import { entryOf, type ReadEvent } from "../../../../src/audit/observe/entries.ts";
import type { PracticeSettings } from "../../../../src/policy/model.ts";

const PEOPLE = {
  directory: { users: new Map([["mia", {}]]) },
  settings: { serverName: "practice.test", userPrefix: "ht_", bot: "@whisper:practice.test" },
} as unknown as {
  readonly directory: Parameters<typeof entryOf>[0]["directory"];
  readonly settings: PracticeSettings;
};

const event = (content: object, more: object = {}): ReadEvent =>
  ({
    event_id: "$one",
    room_id: "!room:practice.test",
    sender: "@ht_mia:practice.test",
    type: "m.room.message",
    origin_server_ts: 1_700_000_000_000,
    content,
    ...more,
  }) as unknown as ReadEvent;
const shown = (content: object, more: object = {}) => entryOf(PEOPLE, event(content, more));
const edit = (content: object) => ({
  unsigned: {
    "m.relations": {
      "m.replace": event({
        body: "* new",
        "m.relates_to": { rel_type: "m.replace", event_id: "$one" },
        "m.new_content": content,
      }),
    },
  },
});

describe("what an observer is shown of an event", () => {
  it("is who said what, and when", () => {
    expect(shown({ msgtype: "m.text", body: "Room 3 is free" })).to.deep.equal({
      type: "message",
      event_id: "$one",
      sender: "mia",
      sent_at: "2023-11-14T22:13:20.000Z",
      text: "Room 3 is free",
      file: null,
      edited_at: null,
      deleted: false,
      reply_to: null,
      thread: null,
    });
  });

  it("is the text of its latest correction", () => {
    expect(shown({ body: "old" }, edit({ body: "new" }))).to.include({
      text: "new",
      edited_at: "2023-11-14T22:13:20.000Z",
    });
  });

  it("is nothing of what was deleted, not even of a correction that Synapse still has", () => {
    const { unsigned } = edit({ body: "secret" });
    const deleted = shown({}, { unsigned: { ...unsigned, redacted_because: {} } });
    expect(deleted).to.include({ deleted: true, text: null, edited_at: null });
    expect(JSON.stringify(deleted)).to.not.contain("secret");
  });

  it("is a sticker's picture, a poll in words, and a file with its size", () => {
    expect(
      shown({ body: "👍", url: "mxc://practice.test/a", info: {} }, { type: "m.sticker" }),
    ).to.deep.include({
      text: "👍",
      file: { url: "mxc://practice.test/a", type: null, size: null },
    });
    expect(
      shown({ "m.poll": { question: { "m.text": "Lunch?" }, answers: [] } }, { type: "m.poll.start" }),
    ).to.include({ text: "Lunch?" });
    const info = { mimetype: "image/png", size: 12 };
    expect(shown({ msgtype: "m.image", body: "x.png", url: "mxc://practice.test/b", info })).to.deep.include({
      file: { url: "mxc://practice.test/b", type: "image/png", size: 12 },
    });
  });

  it("is no answer's quotation, but what it answers, and the thread it is in", () => {
    const relates = { "m.in_reply_to": { event_id: "$asked" } };
    expect(shown({ body: "> <@a:b> Free?\n\nYes", "m.relates_to": relates })).to.include({
      text: "Yes",
      reply_to: "$asked",
    });
    const thread = { rel_type: "m.thread", event_id: "$root", ...relates };
    expect(shown({ body: "Yes", "m.relates_to": thread })).to.include({
      thread: "$root",
      reply_to: "$asked",
    });
  });

  it("is a reaction, and that it was taken back", () => {
    const content = { "m.relates_to": { rel_type: "m.annotation", event_id: "$said", key: "👍" } };
    expect(shown(content, { type: "m.reaction" })).to.include({ type: "reaction", to: "$said", key: "👍" });
    // Synapse leaves nothing of its content.
    const back = shown({}, { type: "m.reaction", unsigned: { redacted_because: {} } });
    expect(back).to.include({ type: "reaction", to: null, key: null });
  });

  for (const [what, content, more] of [
    [
      "a correction by itself",
      { body: "* x", "m.relates_to": { rel_type: "m.replace", event_id: "$one" } },
      {},
    ],
    ["a reaction to nothing", {}, { type: "m.reaction" }],
    ["a change of the room's name", { name: "x" }, { type: "m.room.name", state_key: "" }],
    ["a state event that calls itself a message", { body: "x" }, { state_key: "" }],
  ] as const)
    it(`is nothing for ${what}`, () => {
      expect(shown(content, more)).to.equal(null);
    });

  for (const body of [undefined, null, 7, {}, ["x"]])
    it(`is a message without text if its text cannot be read: ${JSON.stringify(body)}`, () => {
      expect(shown({ msgtype: "m.text", body, url: body, info: body })).to.include({ text: "", file: null });
      expect(shown({ body: "x" }, edit({ body }))).to.include({ text: "" });
    });

  it("names nobody who is not in the directory", () => {
    for (const sender of ["@whisper:practice.test", "@ht_gone:practice.test", "@a:elsewhere"])
      expect(shown({ body: "x" }, { sender })).to.include({ sender: null });
  });
});

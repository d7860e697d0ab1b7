import { expect } from "chai";
import fc from "fast-check";
import { filesIn } from "../../../src/messages/files.ts";
import type { EventId, RoomId, UserId } from "../../../src/policy/model.ts";

const ANN = "@ht_ann:example.org" as UserId;
const MXC = "mxc://example.org/abcDEF_-1";

const filesOf = (type: string, content: object, state_key?: string): readonly string[] =>
  filesIn({
    event_id: "$e" as EventId,
    room_id: "!r:example.org" as RoomId,
    sender: ANN,
    type,
    origin_server_ts: 0,
    content: content as Record<string, unknown>,
    ...(state_key === undefined ? {} : { state_key }),
  }).map(({ server, media_id }) => `mxc://${server}/${media_id}`);
const html = (formatted_body: string) => ({
  msgtype: "m.text",
  body: "",
  format: "org.matrix.custom.html",
  formatted_body,
});

describe("the files that an event shows", () => {
  for (const [name, type, content, state_key] of [
    ["a picture", "m.room.message", { msgtype: "m.image", url: MXC }],
    ["an encrypted file", "m.room.message", { msgtype: "m.file", file: { url: MXC } }],
    ["a thumbnail", "m.room.message", { msgtype: "m.video", info: { thumbnail_url: MXC } }],
    [
      "an encrypted thumbnail",
      "m.room.message",
      { msgtype: "m.video", info: { thumbnail_file: { url: MXC } } },
    ],
    ["a place", "m.room.message", { msgtype: "m.location", info: { thumbnail_url: MXC } }],
    ["a picture in the text", "m.room.message", html(`<p>a<img alt="x" src="${MXC}"></p>`)],
    ["a picture after a quotation", "m.room.message", html(`<mx-reply>q</mx-reply><img src='${MXC}'/>`)],
    [
      "an edit",
      "m.room.message",
      {
        msgtype: "m.text",
        "m.new_content": { msgtype: "m.image", url: MXC },
        "m.relates_to": { rel_type: "m.replace", event_id: "$x" },
      },
    ],
    ["a sticker", "m.sticker", { url: MXC }],
    ["a room's picture", "m.room.avatar", { url: MXC }, ""],
    ["a sticker pack", "im.ponies.room_emotes", { images: { wave: { url: MXC } } }, "practice"],
    ["a sticker pack's picture", "im.ponies.room_emotes", { pack: { avatar_url: MXC } }, ""],
    ["one's portrait", "m.room.member", { membership: "join", avatar_url: MXC }, ANN],
  ] as const) {
    it(`${name} does`, () => expect(filesOf(type, content, state_key)).to.deep.equal([MXC]));
  }

  for (const [name, type, content, state_key] of [
    ["a body", "m.room.message", { msgtype: "m.text", body: MXC }],
    ["a file's name", "m.room.message", { msgtype: "m.file", body: MXC, filename: MXC }],
    ["a text with an address", "m.room.message", { msgtype: "m.text", url: MXC, file: { url: MXC } }],
    ["a field of one's own", "m.room.message", { msgtype: "m.image", "org.x": { url: MXC } }],
    ["a quotation", "m.room.message", html(`<mx-reply><img src="${MXC}"></mx-reply>`)],
    ["a quotation without an end", "m.room.message", html(`<mx-reply><img src="${MXC}">`)],
    ["a quotation in capitals", "m.room.message", html(`<MX-REPLY><b><img src="${MXC}"></b></MX-REPLY>`)],
    ["a tag without an end", "m.room.message", html(`<img src="${MXC}"`)],
    ["a comment", "m.room.message", html(`<!--<img src="${MXC}">-->`)],
    ["another attribute", "m.room.message", html(`<img alt="${MXC}" data-src="${MXC}">`)],
    ["a second source", "m.room.message", html(`<img src="x" src="${MXC}">`)],
    ["another format", "m.room.message", { ...html(`<img src="${MXC}">`), format: "x" }],
    ["new content without an edit", "m.room.message", { "m.new_content": { msgtype: "m.image", url: MXC } }],
    ["an address with a path", "m.sticker", { url: `${MXC}/x` }],
    ["an address with a query", "m.sticker", { url: `${MXC}?x` }],
    ["an address with a fragment", "m.sticker", { url: `${MXC}#x` }],
    ["an address with blanks", "m.sticker", { url: ` ${MXC}\n` }],
    ["an encoded address", "m.sticker", { url: "mxc://example.org/%61bc" }],
    ["a server that leads elsewhere in a path", "m.sticker", { url: "mxc://../abc" }],
    ["an address in a list", "m.sticker", { url: [MXC] }],
    ["another's portrait", "m.room.member", { membership: "join", avatar_url: MXC }, "@ht_bob:example.org"],
    ["an invitation", "m.room.member", { membership: "invite", avatar_url: MXC }, ANN],
    ["a name", "m.room.name", { name: MXC }, ""],
    ["a topic", "m.room.topic", { topic: MXC, url: MXC }, ""],
    ["a reaction", "m.reaction", { "m.relates_to": { rel_type: "m.annotation", event_id: "$x", key: MXC } }],
    ["a pack of one's own", "im.ponies.user_emotes", { images: { a: { url: MXC } } }, ""],
  ] as const) {
    it(`${name} does not`, () => expect(filesOf(type, content, state_key)).to.deep.equal([]));
  }

  it("are at most fifty, and found in any content", () => {
    const many = Array.from({ length: 1_000 }, (_, index) => `<img src="mxc://example.org/${index}">`).join(
      "",
    );
    expect(filesOf("m.room.message", html(many))).to.have.length(50);
    fc.assert(
      fc.property(
        fc.dictionary(
          fc.constantFrom(
            "url",
            "file",
            "info",
            "msgtype",
            "m.relates_to",
            "m.new_content",
            "formatted_body",
          ),
          fc.anything(),
        ),
        (content) => {
          filesOf("m.room.message", { msgtype: "m.image", format: "org.matrix.custom.html", ...content });
        },
      ),
    );
  });
});

/** Files are served to the people in a room that shows them. Real uploads to a real Synapse. */
import { randomBytes } from "node:crypto";
import { mediaOf } from "../../../../src/conversations/media.ts";
import type { RoomId } from "../../../../src/policy/model.ts";
import { eventually } from "../../../support/eventually.ts";
import type { Caller } from "../../../support/gate/caller.ts";
import { download, filesAreKnown, PNG, refused, served, show } from "../../../support/gate/files.ts";
import { type House, openHouse } from "../../../support/gate/house.ts";
import { type Gated, putGateBefore } from "../../../support/gate/with-gate.ts";

const C = "/_matrix/client";
describe("the read gate and files", function () {
  this.timeout(120_000);
  let house: House;
  let gate: Gated;
  let ann: Caller;
  let bob: Caller;
  let eve: Caller;
  let room: RoomId;
  /** Called after the gate has checked whether a file is shown anywhere. */
  let looked = () => {};

  before(async () => {
    house = await openHouse();
    const media = mediaOf(house.database);
    gate = await putGateBefore(house, {
      keepMembership: 0,
      looks: [50, 100, 200, 400],
      media: {
        ...media,
        async shown(...file) {
          const shown = await media.shown(...file);
          looked();
          return shown;
        },
      },
    });
  });
  after(async () => {
    await gate?.close();
    await house?.stop();
  });
  beforeEach(async () => {
    const people = [await house.person("ann"), await house.person("bob"), await house.person("eve")];
    [ann, bob, eve] = people.map((each) => each.at(gate.url)) as [Caller, Caller, Caller];
    room = await house.room([ann, bob]);
  });

  it("serves a new file to members, and no one else", async () => {
    const url = await ann.upload(PNG);
    await show(ann, room, url);
    served(await download(bob, url));
    served(await download(bob, url, "/x-ray.png"));
    served(await bob.request("GET", `${C}/v1/media/thumbnail/${url.slice(6)}?width=32&height=32`));
    refused(await download(eve, url));
    refused(await eve.request("GET", `${C}/v1/media/thumbnail/${url.slice(6)}?width=32&height=32`));
    refused(await eve.request("HEAD", `${C}/v1/media/download/${url.slice(6)}`));
  });

  it("serves a member whose client is faster than the message's event", async () => {
    const url = await ann.upload(PNG);
    let release = () => {};
    house.holdTransactions(
      new Promise<void>((resolve) => {
        release = resolve;
      }),
    );
    await show(ann, room, url);
    // After the gate's first check, which finds nothing.
    looked = release;
    served(await download(bob, url));
    house.holdTransactions(undefined);
  });

  it("finally refuses members if the event never comes", async () => {
    const url = await ann.upload(PNG);
    let release = () => {};
    house.holdTransactions(
      new Promise<void>((resolve) => {
        release = resolve;
      }),
    );
    await show(ann, room, url);
    refused(await download(bob, url));
    release();
    house.holdTransactions(undefined);
  });

  it("serves uploaders their own files, posted or not", async () => {
    const url = await ann.upload(PNG);
    served(await download(ann, url));
    refused(await download(bob, url));
  });

  it("serves thumbnails, pictures in the text, and what an edit brings", async () => {
    const [url, thumbnail, inline, edited] = [
      await ann.upload(PNG),
      await ann.upload(PNG),
      await ann.upload(PNG),
      await ann.upload(PNG),
    ];
    const posted = await show(ann, room, url, { info: { thumbnail_url: thumbnail } });
    await ann.say(room, "look", {
      format: "org.matrix.custom.html",
      formatted_body: `<img src="${inline}">`,
    });
    await show(ann, room, url, {
      "m.new_content": { msgtype: "m.image", body: "better.png", url: edited },
      "m.relates_to": { rel_type: "m.replace", event_id: posted },
    });
    for (const each of [url, thumbnail, inline, edited]) {
      served(await download(bob, each));
      refused(await download(eve, each));
    }
  });

  it("serves nothing to someone who was removed, and serves it again once they are back", async () => {
    const url = await ann.upload(PNG);
    await show(ann, room, url);
    served(await download(bob, url));
    await house.remove(room, bob);
    refused(await download(bob, url));
    await house.bot.json("POST", `${C}/v3/rooms/${encodeURIComponent(room)}/invite`, { user_id: bob.userId });
    refused(await download(bob, url));
    await bob.json("POST", `${C}/v3/join/${encodeURIComponent(room)}`, {});
    served(await download(bob, url));
  });

  it("does not serve a redacted message's file", async () => {
    const url = await ann.upload(PNG);
    const event = await show(ann, room, url);
    served(await download(bob, url));
    const at = `${C}/v3/rooms/${encodeURIComponent(room)}/redact/${encodeURIComponent(event)}/${randomBytes(4).toString("hex")}`;
    await ann.json("PUT", at, {});
    await eventually("the redaction to be known", async () => (await download(bob, url)).status === 403);
    served(await download(ann, url));
  });

  it("serves a forwarded file where it was forwarded to", async () => {
    const url = await ann.upload(PNG);
    await show(ann, room, url);
    served(await download(bob, url));
    const other = await house.room([bob, eve]);
    await show(bob, other, url);
    served(await download(eve, url));
    // It can be forwarded again: a chain of honest forwards.
    const zoe = (await house.person("zoe")).at(gate.url);
    const third = await house.room([eve, zoe]);
    await show(eve, third, url);
    served(await download(zoe, url));
  });

  it("gives no one a file for posting its address", async () => {
    const url = await ann.upload(PNG);
    await show(ann, room, url);
    served(await download(bob, url));
    await house.remove(room, bob);
    const own = await house.room([bob, eve]);
    await show(bob, own, url);
    await show(bob, own, url);
    await show(eve, own, url);
    await bob.json("PUT", `${C}/v3/profile/${encodeURIComponent(bob.userId)}/avatar_url`, {
      avatar_url: url,
    });
    refused(await download(bob, url));
    refused(await download(eve, url));
  });

  it("serves a message's files in any of its fields, encrypted or not", async () => {
    const urls: string[] = [];
    const file = async () => urls[urls.push(await ann.upload(PNG)) - 1];
    await show(ann, room, "", { file: { url: await file(), v: "v2" } });
    await show(ann, room, "", { info: { thumbnail_file: { url: await file(), v: "v2" } } });
    await ann.send(room, "m.sticker", {
      body: "!",
      url: await file(),
      info: { thumbnail_url: await file() },
    });
    await ann.send(room, "m.room.message", {
      msgtype: "m.location",
      body: "here",
      geo_uri: "geo:0,0",
      info: { thumbnail_url: await file() },
    });
    await ann.say(room, "in a thread", {
      format: "org.matrix.custom.html",
      formatted_body: `<mx-reply>quoted</mx-reply><IMG alt="a > b" SRC='${await file()}'/>`,
      "m.relates_to": { rel_type: "m.thread", event_id: await bob.say(room, "root") },
    });
    await ann.json("PUT", `${C}/v3/rooms/${encodeURIComponent(room)}/state/m.room.avatar/`, {
      url: await file(),
    });
    for (const each of urls) {
      served(await download(bob, each));
      refused(await download(eve, each));
    }
  });

  it("gives no one a file for posting it before it was shown, or after it was redacted", async () => {
    const [later, earlier] = [await ann.upload(PNG), await ann.upload(PNG)];
    const shared = await house.room([ann, bob, eve]);
    const own = await house.room([eve]);
    // Eve knows the address, and waits for the file to be shown in a room she has left.
    await show(eve, shared, later);
    await show(eve, own, later);
    await filesAreKnown(house, eve, own);
    await house.remove(shared, eve);
    await show(ann, shared, later);
    served(await download(bob, later));
    refused(await download(eve, later));
    // Zoe joins a room where a file was shown and is no longer.
    const zoe = (await house.person("zoe")).at(gate.url);
    const event = await show(ann, shared, earlier);
    served(await download(bob, earlier));
    await ann.json(
      "PUT",
      `${C}/v3/rooms/${encodeURIComponent(shared)}/redact/${encodeURIComponent(event)}/r`,
      {},
    );
    await house.bot.json("POST", `${C}/v3/rooms/${encodeURIComponent(shared)}/invite`, {
      user_id: zoe.userId,
    });
    await zoe.json("POST", `${C}/v3/join/${encodeURIComponent(shared)}`, {});
    const zoes = await house.room([zoe]);
    await show(zoe, shared, earlier);
    await show(zoe, zoes, earlier);
    await filesAreKnown(house, zoe, zoes);
    refused(await download(zoe, earlier));
  });

  it("accepts no portrait that someone else uploaded", async () => {
    const url = await ann.upload(PNG);
    await show(ann, room, url);
    served(await download(bob, url));
    const profile = `${C}/v3/profile/${encodeURIComponent(bob.userId)}/avatar_url`;
    await bob.json("PUT", profile, { avatar_url: url });
    await filesAreKnown(house, bob, room);
    refused(await download(eve, url));
  });

  it("serves portraits to every colleague, and to no one without a session", async () => {
    const url = await ann.upload(PNG);
    await ann.json("PUT", `${C}/v3/profile/${encodeURIComponent(ann.userId)}/avatar_url`, {
      avatar_url: url,
    });
    served(await download(eve, url));
    const path = `${C}/v1/media/download/${url.slice(6)}`;
    refused(await eve.request("GET", path, { withoutToken: true }), 401);
    refused(
      await eve.request("GET", path, { withoutToken: true, headers: { authorization: "Bearer x" } }),
      401,
    );
  });

  it("serves a portrait that an administrator set, to every colleague, though not one that someone took", async () => {
    const admin = await house.administrator("it");
    const [given, taken] = [await admin.upload(PNG), await admin.upload(PNG)];
    const set = (url: string) =>
      house.bot.json("PUT", `/_synapse/admin/v2/users/${encodeURIComponent(ann.userId)}`, {
        avatar_url: url,
      });
    await set(given);
    served(await download(bob, given));
    served(await download(eve, given));
    // Staff who are no administrators give nobody a portrait.
    const bobs = await bob.upload(PNG);
    await set(bobs);
    await filesAreKnown(house, ann, room);
    refused(await download(eve, bobs));
    refused(await download(eve, taken));
    refused(
      await eve.request("GET", `${C}/v1/media/download/${given.slice(6)}`, { withoutToken: true }),
      401,
    );
  });

  it("serves the stickers of a room's pack to its members, and what they send of it to others", async () => {
    const [wave, cover, own] = [await ann.upload(PNG), await ann.upload(PNG), await ann.upload(PNG)];
    await ann.json("PUT", `${C}/v3/rooms/${encodeURIComponent(room)}/state/im.ponies.room_emotes/practice`, {
      images: { wave: { url: wave, usage: ["sticker"] } },
      pack: { avatar_url: cover },
    });
    await ann.json(
      "PUT",
      `${C}/v3/user/${encodeURIComponent(ann.userId)}/account_data/im.ponies.user_emotes`,
      { images: { own: { url: own } } },
    );
    for (const url of [wave, cover]) {
      served(await download(bob, url));
      refused(await download(eve, url));
    }
    refused(await download(bob, own));
    const other = await house.room([bob, eve]);
    await bob.send(other, "m.sticker", { body: "wave", url: wave, info: {} });
    served(await download(eve, wave));
    refused(await download(eve, cover));
    await house.remove(room, bob);
    refused(await download(bob, cover));
  });
});

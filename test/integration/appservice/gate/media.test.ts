/** Files: served to who is in a room that shows them, on real uploads to a real Synapse. */
import { randomBytes } from "node:crypto";
import { expect } from "chai";
import type { RoomId } from "../../../../src/policy/model.ts";
import type { Answer, Caller } from "./caller.ts";
import { type House, openHouse } from "./house.ts";
import { type Gated, putGateBefore } from "./with-gate.ts";

const C = "/_matrix/client";
const PNG = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
  "base64",
);

describe("the read gate, before files", function () {
  this.timeout(120_000);
  let house: House;
  let gate: Gated;
  let ann: Caller;
  let bob: Caller;
  let eve: Caller;
  let room: RoomId;

  before(async () => {
    house = await openHouse();
    gate = await putGateBefore(house, { keepMembership: 0, looks: [50, 100, 200, 400] });
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

  const download = (who: Caller, mxc: string, suffix = "") =>
    who.request("GET", `${C}/v1/media/download/${mxc.slice("mxc://".length)}${suffix}`);
  const served = (answer: Answer) => {
    expect(answer.status, answer.text.slice(0, 200)).to.equal(200);
  };
  const refused = (answer: Answer, status = 403) => {
    expect(answer.status).to.equal(status);
    expect(answer.headers["content-type"]).to.contain("application/json");
    expect(answer.headers["access-control-allow-origin"]).to.equal("*");
  };
  const show = (who: Caller, where: RoomId, url: string, more: object = {}) =>
    who.send(where, "m.room.message", { msgtype: "m.image", body: "x-ray.png", url, ...more });

  it("serves a file that was just posted to the members, and to nobody else", async () => {
    const url = await ann.upload(PNG);
    await show(ann, room, url);
    served(await download(bob, url));
    served(await download(bob, url, "/x-ray.png"));
    served(await bob.request("GET", `${C}/v1/media/thumbnail/${url.slice(6)}?width=32&height=32`));
    refused(await download(eve, url));
    refused(await eve.request("GET", `${C}/v1/media/thumbnail/${url.slice(6)}?width=32&height=32`));
    refused(await eve.request("HEAD", `${C}/v1/media/download/${url.slice(6)}`));
  });

  it("serves a member whose client is faster than the news of the message", async () => {
    const url = await ann.upload(PNG);
    let release = () => {};
    house.holdTransactions(
      new Promise<void>((resolve) => {
        release = resolve;
      }),
    );
    await show(ann, room, url);
    const early = download(bob, url);
    setTimeout(release, 150);
    served(await early);
    house.holdTransactions(undefined);
  });

  it("refuses the members in the end when the news never comes", async () => {
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

  it("serves the uploader their own file, posted or not", async () => {
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

  it("serves nothing to who was put out, and it again to who comes back", async () => {
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

  it("does not serve what a redacted message showed", async () => {
    const url = await ann.upload(PNG);
    const event = await show(ann, room, url);
    served(await download(bob, url));
    const at = `${C}/v3/rooms/${encodeURIComponent(room)}/redact/${encodeURIComponent(event)}/${randomBytes(4).toString("hex")}`;
    await ann.json("PUT", at, {});
    await eventually(async () => (await download(bob, url)).status === 403);
    served(await download(ann, url));
  });

  it("serves a forwarded file where it was forwarded to", async () => {
    const url = await ann.upload(PNG);
    await show(ann, room, url);
    served(await download(bob, url));
    const other = await house.room([bob, eve]);
    await show(bob, other, url);
    served(await download(eve, url));
    // And on from there: a chain of honest forwards.
    const zoe = (await house.person("zoe")).at(gate.url);
    const third = await house.room([eve, zoe]);
    await show(eve, third, url);
    served(await download(zoe, url));
  });

  it("gives nobody a file for posting its address", async () => {
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

  it("gives nobody a file because its address is written somewhere", async () => {
    const url = await ann.upload(PNG);
    await show(ann, room, url);
    served(await download(bob, url));
    const other = await house.room([bob, eve]);
    const html = (formatted_body: string) => ({ format: "org.matrix.custom.html", formatted_body });
    const R = `${C}/v3/rooms/${encodeURIComponent(other)}`;
    // What Whisper says itself, in words of others'.
    await house.bot.say(other, `I know nobody called "${url}".`);
    await house.bot.send(other, "m.room.message", { msgtype: "m.image", body: "x.png", url });
    await house.bot.say(other, "look", html(`<img src="${url}">`));
    await house.bot.json("PUT", `${R}/state/m.room.name/`, { name: `\u0001${url}` });
    await house.bot.json("PUT", `${R}/state/m.room.topic/`, { topic: url });
    await house.bot.json("PUT", `${R}/state/m.room.avatar/`, { url });
    // Bob may see the file, and does not show it.
    await bob.say(other, `> <${eve.userId}> ${url}\n\nwhat is that?`, {
      ...html(`<mx-reply><blockquote>${url} <img src="${url}"></blockquote></mx-reply>what is that?`),
    });
    for (const text of [
      `<mx-reply>never closed <img src="${url}">`,
      `&lt;img src="${url}"&gt;`,
      `<!-- <img src="${url}"> -->`,
      `<a href="${url}">x</a><img alt="${url}" title="${url}" data-src="${url}">`,
      `<img src="${url}/x"><img src="${url}?x"><img src="${url}#x"><img src=" ${url}"><img src="${url}`,
    ])
      await bob.say(other, url, html(text));
    await bob.say(other, "no such format", { format: "text", formatted_body: `<img src="${url}">` });
    await bob.say(other, "fields of one's own", { url, info: { thumbnail_url: url }, "org.x": { url } });
    await bob.say(other, "an edit of nothing", { "m.new_content": { msgtype: "m.image", body: "x", url } });
    for (const wrong of [
      `${url}/x`,
      `${url}?x=1`,
      `${url}#auto`,
      ` ${url}`,
      url.replace("mxc:", "MXC:"),
      [url],
    ])
      await bob.send(other, "m.room.message", { msgtype: "m.image", body: url, filename: url, url: wrong });
    const to = await eve.say(other, "a message");
    await bob.send(other, "m.reaction", {
      "m.relates_to": { rel_type: "m.annotation", event_id: to, key: url },
    });
    await bob.send(other, "org.example.picture", { url });
    await bob.json("PUT", `${R}/state/m.room.member/${encodeURIComponent(bob.userId)}`, {
      membership: "join",
      displayname: url,
      "org.x": { avatar_url: url },
    });
    await news(bob, other);
    refused(await download(eve, url));
    refused(await download(eve, url, "?allow_redirect=true"));
    await show(bob, other, url);
    served(await download(eve, url));
  });

  it("serves what a message brings in any of its fields, encrypted or not", async () => {
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

  it("lets nobody in by what they posted before it was shown, or after it was taken back", async () => {
    const [later, earlier] = [await ann.upload(PNG), await ann.upload(PNG)];
    const shared = await house.room([ann, bob, eve]);
    const own = await house.room([eve]);
    // Eve knows the address and waits for the file to be shown where she was.
    await show(eve, shared, later);
    await show(eve, own, later);
    await news(eve, own);
    await house.remove(shared, eve);
    await show(ann, shared, later);
    served(await download(bob, later));
    refused(await download(eve, later));
    // Zoe comes into a room where a file was shown, and is not any more.
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
    await news(zoe, zoes);
    refused(await download(zoe, earlier));
  });

  it("makes no portrait of what somebody else uploaded", async () => {
    const url = await ann.upload(PNG);
    await show(ann, room, url);
    served(await download(bob, url));
    const profile = `${C}/v3/profile/${encodeURIComponent(bob.userId)}/avatar_url`;
    await bob.json("PUT", profile, { avatar_url: url });
    await news(bob, room);
    refused(await download(eve, url));
  });

  it("serves portraits to every colleague, and to nobody without a session", async () => {
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

  it("knows no file by another name", async () => {
    const url = await ann.upload(PNG);
    const id = url.slice(url.lastIndexOf("/") + 1);
    for (const path of [
      `${C}/v1/media/download/localhost/${id}x`,
      `${C}/v1/media/download/LOCALHOST/${id}`,
      `${C}/v1/media/download/other.example.org/${id}`,
      `${C}/v1/media/download/localhost/..%2F${id}`,
      `${C}/v1/media/download//${id}`,
      `${C}/v1/media/download/localhost/${id}/..`,
      `${C}/v1/media/download/x/../localhost/${id}`,
      `${C}/v1/media/downl%6Fad/localhost/${id}`,
    ]) {
      const answer = await eve.request("GET", path);
      expect(answer.status, `${path}: ${answer.text.slice(0, 100)}`).to.be.within(400, 404);
    }
  });

  it("takes a file for a file, whatever its name is", async () => {
    const url = await ann.upload(PNG);
    await show(ann, room, url);
    const own = encodeURIComponent(await house.room([eve]));
    for (const name of ["sync", "initialSync", "notifications", "event", "messages", own, "x%2Fsync"]) {
      refused(await download(eve, url, `/${name}`));
      served(await download(bob, url, `/${name}`));
    }
    refused(await download(eve, url, "/sync/"));
  });

  it("knows no file without a server or an id", async () => {
    for (const what of ["download", "thumbnail"]) {
      const ask = (path: string) => eve.request("GET", `${C}/v1/media/${what}/${path}?width=8&height=8`);
      for (const path of ["localhost/", "localhost/a%20b", "localhost/%C3%BC", "local%20host/abc"])
        refused(await ask(path), 404);
      for (const path of ["/", "/abc", "//"]) refused(await ask(path), 400);
    }
  });

  it("serves no file at the addresses that carry no token", async () => {
    const url = await ann.upload(PNG);
    await show(ann, room, url);
    for (const version of ["r0", "v1", "v3"]) {
      for (const what of ["download", "thumbnail"]) {
        const path = `/_matrix/media/${version}/${what}/${url.slice(6)}?width=8&height=8&allow_redirect=true`;
        refused(await ann.request("GET", path), 404);
        refused(await ann.request("GET", path, { withoutToken: true }), 404);
      }
    }
  });

  /** Waits until everything that was posted in the room before is known. */
  async function news(who: Caller, where: RoomId): Promise<void> {
    const { event_id } = await who.json(
      "PUT",
      `${C}/v3/rooms/${encodeURIComponent(where)}/send/m.room.message/${randomBytes(4).toString("hex")}`,
      {
        msgtype: "m.image",
        body: "the last one",
        url: await who.upload(PNG),
      },
    );
    await eventually(async () => {
      const { rows } = await house.database.query("SELECT FROM media WHERE event_id = $1", [event_id]);
      return rows.length > 0;
    });
  }

  async function eventually(look: () => Promise<boolean>): Promise<void> {
    const deadline = Date.now() + 10_000;
    while (!(await look())) if (Date.now() > deadline) throw new Error("it did not come to be within 10 s");
  }
});

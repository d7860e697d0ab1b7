/** The addresses at which a file is served, and those at which it never is. */
import { expect } from "chai";
import type { RoomId } from "../../../../src/policy/model.ts";
import type { Caller } from "../../../support/gate/caller.ts";
import { download, filesAreKnown, PNG, refused, served, show } from "../../../support/gate/files.ts";
import { type House, openHouse } from "../../../support/gate/house.ts";
import { type Gated, putGateBefore } from "../../../support/gate/with-gate.ts";

const C = "/_matrix/client";
describe("the read gate and the addresses of files", function () {
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

  it("gives no one a file because its address appears somewhere", async () => {
    const url = await ann.upload(PNG);
    await show(ann, room, url);
    served(await download(bob, url));
    const other = await house.room([bob, eve]);
    const html = (formatted_body: string) => ({ format: "org.matrix.custom.html", formatted_body });
    const R = `${C}/v3/rooms/${encodeURIComponent(other)}`;
    // What Whisper says itself, quoting others.
    await house.bot.say(other, `I know nobody called "${url}".`);
    await house.bot.send(other, "m.room.message", { msgtype: "m.image", body: "x.png", url });
    await house.bot.say(other, "look", html(`<img src="${url}">`));
    await house.bot.json("PUT", `${R}/state/m.room.name/`, { name: `\u0001${url}` });
    await house.bot.json("PUT", `${R}/state/m.room.topic/`, { topic: url });
    await house.bot.json("PUT", `${R}/state/m.room.avatar/`, { url });
    // Bob may see the file, but these messages do not show it.
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
    await filesAreKnown(house, bob, other);
    refused(await download(eve, url));
    refused(await download(eve, url, "?allow_redirect=true"));
    await show(bob, other, url);
    served(await download(eve, url));
  });

  it("knows files only by their own ids", async () => {
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

  it("treats a file as a file, whatever its name", async () => {
    const url = await ann.upload(PNG);
    await show(ann, room, url);
    const own = encodeURIComponent(await house.room([eve]));
    for (const name of ["sync", "initialSync", "notifications", "event", "messages", own, "x%2Fsync"]) {
      refused(await download(eve, url, `/${name}`));
      served(await download(bob, url, `/${name}`));
    }
    refused(await download(eve, url, "/sync/"));
  });

  it("finds no file without a server or an id", async () => {
    for (const what of ["download", "thumbnail"]) {
      const ask = (path: string) => eve.request("GET", `${C}/v1/media/${what}/${path}?width=8&height=8`);
      for (const path of ["localhost/", "localhost/a%20b", "localhost/%C3%BC", "local%20host/abc"])
        refused(await ask(path), 404);
      for (const path of ["/", "/abc", "//"]) refused(await ask(path), 400);
    }
  });

  it("serves no file at addresses without a token", async () => {
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
});

import { expect } from "chai";
import { newPatientLink, savePatientLinks } from "../../../src/patients/patient-links.ts";
import * as words from "../../../src/patients/words.ts";
import { startTestApi, type TestApi } from "../../support/http/api.ts";
import { BROWSER, openLink } from "../../support/http/open-link.ts";
import { type House, id, openHouse } from "../../support/practice/conversations.ts";

/** As programs that look at links send them. */
const PROGRAMS: Readonly<Record<string, Record<string, string>>> = {
  "Synapse's preview": {
    "user-agent": "Synapse (bot; +https://github.com/matrix-org/synapse)",
    accept: "text/html",
  },
  "Slack's preview": {
    "user-agent": "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
    accept: "*/*",
  },
  "Teams' preview": {
    "user-agent": "Mozilla/5.0 (Windows NT 6.1) SkypeUriPreview Preview/0.5",
    accept: "text/html",
  },
  WhatsApp: { "user-agent": "WhatsApp/2.23.20.0", accept: "text/html" },
  curl: { "user-agent": "curl/8.5.0", accept: "*/*" },
  "a program without a name": { accept: "text/html" },
  "a script in a page": { ...BROWSER, "sec-fetch-mode": "cors" },
  "a picture in a page": { ...BROWSER, "sec-fetch-mode": "no-cors" },
  "a browser that fetches ahead": { ...BROWSER, "sec-purpose": "prefetch" },
  "a browser that draws ahead": { ...BROWSER, "sec-purpose": "prefetch;prerender" },
};

describe("a link to a patient", () => {
  let house: House;
  let api: TestApi;
  let url: string;
  beforeEach(async () => {
    house = await openHouse();
    await house.staff({ users: ["anna", "mia", "ben"] });
    const { id: conversation } = await house.opened("anna", { users: ["mia"] });
    await house.giveRoom(conversation, ["anna", "mia"].map(id));
    // As the API's stand-in for Synapse names them.
    await house.database.query(
      "UPDATE room_members SET user_id = replace(user_id, 'practice.test', 'practice.example')",
    );
    api = await startTestApi({ database: house.database });
    const link = newPatientLink("0012", { conversation });
    await savePatientLinks(house.database, [link]);
    url = `${api.url}/open/patient/${link.token}`;
  });
  afterEach(async () => {
    await api.close();
    await house.close();
  });

  const signals = async () =>
    (await house.database.query("SELECT kind, username, content FROM signals ORDER BY id")).rows;
  const openAs = async (token: string | null, address = url) =>
    (
      await fetch(address, {
        method: "POST",
        headers: token === null ? {} : { authorization: `Bearer ${token}` },
      })
    ).status;

  it("leads a person in a browser on, with or without HTTPS", async () => {
    const { "sec-fetch-mode": _secure, ...plain } = BROWSER;
    for (const headers of [BROWSER, plain]) {
      const opened = await openLink(url, headers);
      expect([opened.status, opened.location]).to.deep.equal([
        302,
        "https://healthtrack.example/patients/0012",
      ]);
      expect(opened.headers["x-robots-tag"]).to.contain("noindex");
    }
  });

  for (const [who, headers] of Object.entries(PROGRAMS))
    it(`reveals nothing to ${who}, not even whether it is one`, async () => {
      const [known, unknown] = [
        await openLink(url, headers),
        await openLink(url.replace(/.{4}$/, "aaaa"), headers),
      ];
      for (const { status, location, text } of [known, unknown])
        expect([status, location, text]).to.deep.equal([200, undefined, `${words.openInBrowser}\n`]);
      expect(known.headers["x-robots-tag"]).to.contain("nosnippet");
    });

  it("does nothing for HEAD, and tells robots to stay away", async () => {
    const { status, location } = await openLink(url, BROWSER, "HEAD");
    expect([status, location]).to.deep.equal([200, undefined]);
    expect((await openLink(`${api.url}/robots.txt`)).text).to.contain("Disallow: /");
    expect(await signals()).to.deep.equal([]);
  });

  it("opens the record on the desktop of a member of its conversation, by the record that stands", async () => {
    await api.call("POST", "/api/v1/patients/0012/merged", { into: "77" });
    expect(await openAs("token of mia")).to.equal(204);
    expect(await signals()).to.deep.equal([
      { kind: "patient_open", username: "mia", content: { patient: "77" } },
    ]);
  });

  it("opens nothing for anyone else: without a token, with a wrong one, or outside its conversation", async () => {
    expect(await openAs(null)).to.equal(401);
    expect(await openAs("invented")).to.equal(401);
    expect(await openAs("token of ben")).to.equal(403);
    expect(await openAs("token of nobody")).to.equal(403);
    expect(await openAs("token of mia", url.replace(/.{4}$/, "aaaa"))).to.equal(404);
    await house.database.query("UPDATE room_members SET membership = 'leave' WHERE user_id = $1", [
      id("mia").replace("practice.test", "practice.example"),
    ]);
    expect(await openAs("token of mia")).to.equal(403);
    await house.database.query("UPDATE patient_links SET expires_at = now()");
    expect(await openAs("token of anna")).to.equal(404);
    expect(await signals()).to.deep.equal([]);
  });
});

import { expect } from "chai";
import type { RoomId } from "../../../src/policy/model.ts";
import * as words from "../../../src/sms/words.ts";
import { startTestApi, type TestApi } from "../../support/http/api.ts";
import { logProvider, openSmsHouse, type SmsHouse } from "../../support/sms/sms-house.ts";

describe("POST /api/v1/sms/preview", function () {
  this.timeout(20_000);
  let sms: SmsHouse;
  let api: TestApi;
  let room: RoomId;
  let conversation: string;
  beforeEach(async () => {
    sms = await openSmsHouse();
    ({ room, id: conversation } = await sms.between("anna", "mia"));
    api = await startTestApi({
      database: sms.house.database,
      sms: {
        ...sms.dependencies(),
        get smsSettings() {
          return sms.settings;
        },
      },
    });
  });
  afterEach(async () => {
    await api.close();
    await sms.close();
  });

  const preview = (text: string, where: object = { conversation }) =>
    api.call("POST", "/api/v1/sms/preview", { as: "anna", text, ...where });
  const mobile = (number: string | null) =>
    sms.house.staff({
      users: [
        { username: "anna", name: "Anna Lee" },
        { username: "mia", name: "Mia Chen", mobile: number },
      ],
    });

  for (const [text, segments, encoding] of [
    ["Hello", 1, "GSM-7"],
    ["“Hello”, she said", 1, "GSM-7"],
    ["Hello 👍", 1, "UCS-2"],
    ["x".repeat(160), 2, "GSM-7"],
    [`${"x".repeat(69)}Ω漢`, 2, "UCS-2"],
    ["Hello #patient 0012, please #sms", 1, "GSM-7"],
  ] as const)
    it(`counts ${segments} in ${encoding} for ${text.slice(0, 40)}, as sending does`, async () => {
      const { status, body } = await preview(text);
      expect(status).to.equal(200);
      expect(body).to.deep.equal({
        segments,
        encoding,
        to_last_digits: "678",
        held_until: null,
        reason: null,
        detail: null,
      });
      await sms.house.say(room, "anna", `${text} #sms`);
      const { rows } = await sms.house.database.query("SELECT segments FROM sms_messages");
      expect(rows).to.deep.equal([{ segments }]);
    });

  for (const [reason, prepare, text] of [
    ["no_mobile", () => mobile(null), "Hello"],
    ["landline", () => mobile("02 9999 1234"), "Hello"],
    ["unreadable", () => mobile("ask reception"), "Hello"],
    ["opted_out", () => sms.twilio.incoming("+61412345678", "STOP"), "Hello"],
    ["no_text", () => undefined, "#sms"],
    ["too_long", () => undefined, "x".repeat(1_600)],
    [
      "limit",
      async () => {
        sms.settings = { ...sms.settings, dailyLimit: 1 };
        await sms.house.say(room, "anna", "First #sms");
      },
      "Hello",
    ],
    ["rule", () => sms.house.staff({ users: [{ username: "anna", name: "Anna Lee" }] }), "Hello"],
  ] as const)
    it(`says why not, as sending does: ${reason}`, async () => {
      await prepare();
      const { status, body } = await preview(text);
      expect(status).to.equal(200);
      expect(body).to.include({ segments: null, encoding: null, to_last_digits: null, reason });
      await sms.house.say(room, "anna", `${text} #sms`);
      expect((await sms.notes()).at(-1)).to.equal(body.detail);
    });

  it("says that there is none to a group", async () => {
    await sms.house.staff({
      users: [{ username: "anna" }, { username: "mia", mobile: "0412 345 678" }, { username: "ben" }],
    });
    const group = await sms.house.opened("anna", { users: ["mia", "ben"] });
    expect((await preview("Hello", { conversation: group.id })).body).to.include({
      reason: "group",
      detail: words.inGroup,
    });
  });

  it("needs no conversation yet", async () => {
    await sms.house.staff({
      users: [{ username: "anna" }, { username: "mia" }, { username: "max", mobile: "0499 111 222" }],
    });
    expect((await preview("Hello", { user: "MAX" })).body).to.include({ segments: 1, to_last_digits: "222" });
  });

  it("says until when quiet hours hold it", async () => {
    sms.settings = { ...sms.settings, quietHours: { from: "00:00", to: "23:59" } };
    const { body } = await preview("Hello");
    expect(new Date(body.held_until).getTime()).to.be.greaterThan(sms.house.clock);
  });

  it("says that none would go out where no provider is set up", async () => {
    const dependencies = { ...sms.dependencies(), provider: logProvider };
    await api.close();
    api = await startTestApi({ database: sms.house.database, sms: dependencies });
    expect((await preview("Hello")).body).to.include({
      segments: 1,
      reason: "not_set_up",
      detail: words.notSetUp,
    });
  });

  it("sends and stores nothing, and shows no more of a number than three digits", async () => {
    const before = await sms.house.sent();
    const { text } = await preview("Hello");
    await mobile("ask reception");
    await preview("Hello");
    await sms.work();
    expect(text).not.to.include("12345678");
    expect(sms.twilio.asked).to.equal(0);
    expect(await sms.states()).to.deep.equal([]);
    expect(await sms.house.sent()).to.deep.equal(before);
  });

  it("is refused for someone else's conversation, for nobody, and for two places or none", async () => {
    await sms.house.staff({ users: [{ username: "anna" }, { username: "mia" }, { username: "max" }] });
    const other = await sms.between("max", "mia");
    expect((await preview("Hello", { conversation: other.id })).status).to.equal(404);
    expect((await preview("Hello", { conversation: "none" })).status).to.equal(404);
    expect((await preview("Hello", { user: "nobody" })).status).to.equal(404);
    expect((await preview("Hello", { as: "nobody", conversation })).status).to.equal(404);
    expect((await preview("Hello", { conversation, user: "mia" })).status).to.equal(400);
    expect((await preview("Hello", {})).status).to.equal(400);
    expect((await preview("x".repeat(70_000))).status).to.equal(400);
  });
});

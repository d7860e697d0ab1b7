import { expect } from "chai";
import { startTestApi, type TestApi } from "../../support/http/api.ts";
import { openSmsHouse, type SmsHouse } from "../../support/sms/sms-house.ts";

describe("SMS in the API", function () {
  this.timeout(20_000);
  let sms: SmsHouse;
  let api: TestApi;
  beforeEach(async () => {
    sms = await openSmsHouse();
    api = await startTestApi({ database: sms.house.database });
    const { room } = await sms.between("anna", "mia");
    sms.twilio.faults.push("503 not accepted");
    for (const text of ["Lost", "Short", "x".repeat(200)]) await sms.house.say(room, "anna", `${text} #sms`);
    for (let minute = 0; minute < 15; minute++) {
      await sms.work(3);
      sms.house.clock += 60_000;
    }
    expect(await sms.states()).to.deep.equal(["review", "delivered", "delivered"]);
  });
  afterEach(async () => {
    await api.close();
    await sms.close();
  });

  const usage = (from: string, to: string) =>
    api.call("GET", `/api/v1/sms/usage?from=${encodeURIComponent(from)}&to=${encodeURIComponent(to)}`);
  const inDays = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString();

  it("counts messages and segments by user and day", async () => {
    const day = new Intl.DateTimeFormat("en-CA", { timeZone: "Australia/Sydney" }).format(new Date());
    const { status, body } = await usage(inDays(-1), inDays(1));
    expect(status).to.equal(200);
    expect(body).to.deep.equal({
      usage: [{ day, username: "anna", messages: 3, segments: 4, delivered: 2, failed: 0 }],
    });
    expect((await usage(inDays(-3), inDays(-2))).body).to.deep.equal({ usage: [] });
    expect((await usage(inDays(-500), inDays(0))).status).to.equal(400);
  });

  it("lists those to decide about, and takes one decision for each", async () => {
    const listed = await api.call("GET", "/api/v1/sms/review");
    const [one] = (listed.body as { review: { id: string; sender: string; recipient: string }[] }).review;
    expect(one).to.include({ sender: "anna", recipient: "mia" });
    const path = `/api/v1/sms/review/${one?.id}`;
    expect((await api.call("POST", path, { do: "perhaps" })).status).to.equal(400);
    expect((await api.call("POST", path, { do: "leave" })).status).to.equal(204);
    expect((await api.call("POST", path, { do: "send" })).status).to.equal(404);
    expect((await api.call("POST", "/api/v1/sms/review/999999999999999999", { do: "send" })).status).to.equal(
      404,
    );
    expect((await sms.states())[0]).to.equal("left");
  });
});

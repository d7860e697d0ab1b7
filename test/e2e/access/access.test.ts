import { expect } from "chai";
import { MatrixError } from "matrix-js-sdk";
import { z } from "zod";
import { callApi, mustCallApi } from "../../../dev/clients/api.ts";
import { Person } from "../../../dev/clients/person.ts";
import { eventually } from "../../support/eventually.ts";
import { newestArrival, noticeWithButtons } from "../../support/stack/arrival-room.ts";
import { settled } from "../../support/stack/settled.ts";
import { freshStack, type TestStack } from "../../support/stack/stack.ts";
import {
  hire,
  nameOf,
  putBooking,
  putGroup,
  putUser,
  roomOfKind,
  unique,
} from "../../support/stack/staff.ts";

const STAFF = { permissions: ["AccessWhisper"] };
const link = z.strictObject({ login_token: z.string(), url: z.string(), expires_in: z.number() });

describe("Signing in", () => {
  let stack: TestStack;

  before(async function () {
    this.timeout(180_000);
    stack = await freshStack();
    // Nobody has AccessWhisper unless it is given to them.
    await mustCallApi(stack, "PUT", "/api/v1/security-groups/Default", {
      id: "Default",
      name: "Default",
      permissions: [],
      members: [],
    });
  });
  after(() => stack?.stop());

  const askForLink = (username: string) => callApi(stack, "POST", `/api/v1/users/${username}/sign-in`);
  it("works by a one-time link, in any client, and once", async () => {
    const username = unique("aroha");
    await putUser(stack, username, STAFF);
    const answer = link.parse((await askForLink(username)).body);
    expect(answer.url).to.include(encodeURIComponent(answer.login_token));
    const person = await Person.signIn(stack.homeserver, { loginToken: answer.login_token });
    expect(person.userId).to.equal(stack.userId(username));
    await roomOfKind(person, "alerts");
    person.stop();
    const again = await Person.signIn(stack.homeserver, { loginToken: answer.login_token }).then(
      () => "signed in again",
      (error: unknown) => (error instanceof MatrixError ? error.httpStatus : error),
    );
    expect(again).to.equal(403);
  });

  it("works with a link made before Whisper was killed", async () => {
    const username = unique("noah");
    await putUser(stack, username, STAFF);
    const { login_token } = link.parse((await askForLink(username)).body);
    await stack.killWhisper();
    await stack.startWhisper();
    const person = await Person.signIn(stack.homeserver, { loginToken: login_token });
    await roomOfKind(person, "alerts");
    person.stop();
  });

  it("and the people search work after Whisper was killed in the middle of making a link", async () => {
    const username = unique("ivy");
    await putUser(stack, username, STAFF);
    const killed = stack.proxy.inject({
      when: "before",
      match: { path: /\/login\/get_token$/ },
      act: async () => {
        await stack.killWhisper();
        return { kind: "drop" };
      },
    });
    const [answer] = await Promise.allSettled([askForLink(username), killed.happened]);
    expect(answer.status, "nobody was told of a link").to.equal("rejected");
    await stack.startWhisper();
    const { login_token } = link.parse((await askForLink(username)).body);
    const person = await Person.signIn(stack.homeserver, { loginToken: login_token });
    // A colleague's portrait: the search leaves out whoever searches.
    const colleague = unique("colleague");
    await putUser(stack, colleague, STAFF);
    await eventually("the colleague to be found", async () =>
      (await person.searchPeople(nameOf(colleague).split(" ")[1] ?? "")).some(
        ({ userId }) => userId === stack.userId(colleague),
      ),
    );
    person.stop();
  });

  it("is refused for whom the directory does not know", async () => {
    expect((await askForLink("nobody")).status).to.equal(404);
  });

  for (const [how, change] of [
    ["loses AccessWhisper", { permissions: [] }],
    ["becomes inactive", { ...STAFF, active: false }],
  ] as const) {
    it(`is over for a user who ${how}: no new one, the session ended, the account locked; given back, all is as before`, async () => {
      const username = unique("active" in change ? "absent" : "leaver");
      const colleague = unique("colleague");
      const group = unique("Team");
      const person = await hire(stack, username, STAFF);
      const other = await hire(stack, colleague, STAFF);
      await putGroup(stack, group, [username, colleague]);
      const room = await roomOfKind(person, "group", group);
      await other.waitForRoom("the team's room", (each) => each.roomId === room.roomId);
      await person.sendText(room.roomId, "I was here.");

      await putUser(stack, username, change);
      expect((await askForLink(username)).status).to.equal(403);
      await eventually("the session to be ended", async () => {
        const { status } = await person.request("GET", "/_matrix/client/v3/account/whoami");
        return status === 401;
      });
      const account = `/_synapse/admin/v2/users/${encodeURIComponent(stack.userId(username))}`;
      const locked = async () => {
        const response = await fetch(new URL(account, stack.synapse), {
          headers: { authorization: `Bearer ${stack.appserviceToken}` },
        });
        return z.looseObject({ locked: z.boolean() }).parse(await response.json()).locked;
      };
      await eventually("the account to be locked", locked);
      await settled(stack);
      const refused = await stack.signIn(username).then(
        () => "signed in",
        (error: unknown) => (error instanceof MatrixError ? error.httpStatus : error),
      );
      expect(refused).to.be.oneOf([401, 403]);
      await eventually("the people search to leave them out", async () => {
        const found = await other.searchPeople(nameOf(username).split(" ")[1] ?? "");
        return found.every(({ userId }) => userId !== stack.userId(username));
      });
      if ("active" in change) {
        const members = () =>
          other.client.getRoom(room.roomId)?.getMember(stack.userId(username))?.membership;
        await other.until("the inactive user to be out of the room", () => members() === "leave");
      }

      await putUser(stack, username, STAFF);
      const back = await eventually(
        "the user to be able to sign in again",
        () => stack.signIn(username),
        30_000,
      );
      const again = await roomOfKind(back, "group", group);
      expect(again.roomId).to.equal(room.roomId);
      await other.sendText(room.roomId, "Welcome back!");
      await back.waitForText("Welcome back!", room.roomId);
    });
  }

  it("gives one link a minute, and says so", async () => {
    const username = unique("grace");
    await putUser(stack, username, STAFF);
    expect((await askForLink(username)).status).to.equal(200);
    const second = await askForLink(username);
    expect(second.status).to.equal(429);
    expect(Number(second.headers.get("retry-after"))).to.be.within(1, 60);
  });

  it("without AccessWhisper a doctor is told of no arrival, and whoever marked it is told so; also when they lose it later", async () => {
    const [mia, jones] = [unique("mia"), unique("dr.jones")];
    const receptionist = await hire(stack, mia, STAFF);
    const control = await roomOfKind(receptionist, "control");
    await putUser(stack, jones, { doctor: true, permissions: [] });
    const first = unique("b");
    await putBooking(stack, first, { doctor: jones, changed_by: mia });
    await receptionist.waitForText(
      `${nameOf(jones)} was not told that J.A. (Patient ${first}) has arrived: they do not have access to Whisper.`,
      control.roomId,
    );
    const doctor = await hire(stack, jones, { doctor: true, ...STAFF });
    const booking = unique("b");
    await putBooking(stack, booking, { doctor: jones, changed_by: mia });
    await noticeWithButtons(doctor, booking);
    await putUser(stack, jones, { doctor: true, permissions: [] });
    await receptionist.waitForText(
      `${nameOf(jones)} can no longer see that J.A. (Patient ${booking}) has arrived: they do not have access to Whisper.`,
      control.roomId,
    );
    expect((await newestArrival(stack, jones))?.recipients[0]).to.include({ state: "undeliverable" });
  });
});

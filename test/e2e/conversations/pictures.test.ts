import { expect } from "chai";
import type { Person } from "../../../dev/clients/person.ts";
import { atSynapse } from "../../support/stack/behind-whisper.ts";
import { openConversation } from "../../support/stack/conversation-api.ts";
import { settled } from "../../support/stack/settled.ts";
import { sharedStack, type TestStack } from "../../support/stack/stack.ts";
import { hire, putGroup, putUser, roomOfKind, unique } from "../../support/stack/staff.ts";

const OWN = "mxc://localhost/whisper-1-";

describe("Pictures", function () {
  this.timeout(60_000);
  let stack: TestStack;
  const [priya, mia, group] = [unique("priya"), unique("mia"), unique("Doctors")];
  let doctor: Person;
  let receptionist: Person;

  before(async function () {
    this.timeout(180_000);
    stack = await sharedStack();
    doctor = await hire(stack, priya, { name: "Dr Priya Nair", role: "General practitioner", doctor: true });
    receptionist = await hire(stack, mia);
    await putGroup(stack, group, [priya, mia]);
  });

  const avatarOf = (person: Person, roomId: string): unknown =>
    person.client.getRoom(roomId)?.currentState.getStateEvents("m.room.avatar", "")?.getContent().url;
  const portraitOf = async (person: Person, of: Person): Promise<string | undefined> =>
    (await person.client.getProfileInfo(of.userId)).avatar_url;
  /** As clients load it, through the gate. */
  const load = (person: Person, uri: string) =>
    fetch(
      new URL(
        `/_matrix/client/v1/media/thumbnail/${uri.slice("mxc://".length)}?width=48&height=48&method=crop`,
        person.client.getHomeserverUrl(),
      ),
      { headers: { authorization: `Bearer ${person.client.getAccessToken()}` } },
    );

  for (const kind of ["alerts", "arrivals", "group"] as const) {
    it(`tell what kind of conversation it is: ${kind}`, async () => {
      const { roomId } = await roomOfKind(doctor, kind, kind === "group" ? group : undefined);
      expect(avatarOf(doctor, roomId)).to.equal(OWN + kind);
      const picture = await load(doctor, OWN + kind);
      expect([picture.status, picture.headers.get("content-type")]).to.deep.equal([200, "image/png"]);
    });
  }

  it("of people are their initials without their title, on the account and in each room", async () => {
    const portrait = await portraitOf(receptionist, doctor);
    expect(portrait).to.match(/^mxc:\/\/localhost\/whisper-1-[0-7]-50-4e$/);
    expect((await load(receptionist, portrait ?? "")).status).to.equal(200);
    const { roomId } = await roomOfKind(receptionist, "group", group);
    await receptionist.until(
      "the doctor's picture",
      () => receptionist.client.getRoom(roomId)?.getMember(doctor.userId)?.getMxcAvatarUrl() === portrait,
    );
  });

  it("of the bot and of groups in the people search are theirs", async () => {
    const bot = await receptionist.client.getProfileInfo("@whisper:localhost");
    expect(bot.avatar_url).to.equal(`${OWN}whisper`);
    const handle = await receptionist.client.getProfileInfo(`@ht_grp_${group.toLowerCase()}:localhost`);
    expect(handle.avatar_url).to.equal(`${OWN}group`);
  });

  it("of a custom group may be changed by its members, and stay as they chose", async () => {
    const { room } = await openConversation(stack, mia, { users: [priya, mia] }, unique("Theatre"));
    await receptionist.waitForRoom("the group", ({ roomId }) => roomId === room);
    await receptionist.until("its picture", () => avatarOf(receptionist, room) === `${OWN}custom`);
    const setState = async (type: string, content: object) => {
      const path = `/_matrix/client/v3/rooms/${encodeURIComponent(room)}/state/${type}/`;
      expect((await receptionist.request("PUT", path, content)).status).to.equal(200);
    };
    const chosen = "mxc://localhost/ABCDEFGHIJKLMNOPQRSTUVWX";
    await setState("m.room.avatar", { url: chosen });
    // Something else that Whisper has to do in this room, after which it is as it should be.
    await setState("m.room.name", { name: unique("Theatre list") });
    await settled(stack);
    await doctor.until("the picture", () => avatarOf(doctor, room) === chosen);
  });

  it("of people follow their name, but never replace a portrait", async () => {
    await putUser(stack, priya, { name: "Dr Priya Anand", role: "General practitioner", doctor: true });
    await settled(stack);
    expect(await portraitOf(receptionist, doctor)).to.match(/-50-41$/);
    const portrait = "mxc://localhost/PORTRAITPORTRAITPORTRAIT";
    await atSynapse(stack, "PUT", `/_synapse/admin/v2/users/${encodeURIComponent(doctor.userId)}`, {
      avatar_url: portrait,
    });
    await putUser(stack, priya, { name: "Dr Priya Nair", role: "General practitioner", doctor: true });
    await settled(stack);
    expect(await portraitOf(receptionist, doctor)).to.equal(portrait);
  });

  it("come with a first message in one's chat with Whisper, which makes no sound, once", async () => {
    const { roomId } = await roomOfKind(receptionist, "control");
    const welcome = await receptionist.waitForText(/^Welcome to Whisper/, roomId);
    expect(welcome.getContent().msgtype).to.equal("m.notice");
    expect(String(welcome.getContent().body).split("\n• ")).to.have.lengthOf(6);
    expect(receptionist.client.getRoom(roomId)?.getUnreadNotificationCount() ?? 0).to.equal(0);
  });
});

import { expect } from "chai";
import { beginRoomAudit, finishRoomAudit, recordAuditedRoom } from "../../../src/audit/rooms/room-audits.ts";
import type { RoomId } from "../../../src/policy/model.ts";
import { startTestApi, type TestApi } from "../../support/http/api.ts";

const PATH = "/api/v1/audit/rooms";
const ROOM = "!a:practice.example" as RoomId;

describe("audits of the rooms, as a resource", () => {
  let api: TestApi;
  beforeEach(async () => {
    api = await startTestApi();
  });
  afterEach(() => api.close());

  const ask = async (body: object = {}): Promise<string> => {
    const answer = await api.call("POST", PATH, body);
    expect(answer.status).to.equal(202);
    return answer.body.id;
  };
  const jobs = async () =>
    (await api.database.query<{ key: string }>("SELECT key FROM graphile_worker._private_jobs")).rows.map(
      ({ key }) => key,
    );
  const begin = (id: string) => beginRoomAudit(api.database, id);

  it("have no report before the first one", async () => {
    const { body } = await api.call("GET", PATH);
    expect(body).to.deep.equal({
      id: null,
      room_ids: null,
      repair: false,
      started_at: null,
      finished_at: null,
      rooms: [],
    });
  });

  it("are one if they are requested again before they start", async () => {
    const id = await ask();
    expect(await ask()).to.equal(id);
    expect(await ask({ repair: false })).to.equal(id);
    expect(await jobs()).to.deep.equal([`room_audit:${id}`]);
    await begin(id);
    expect(await ask(), "what has begun may have passed the room by").not.to.equal(id);
  });

  it("are different for different rooms, in any order", async () => {
    const some = await ask({ room_ids: [ROOM, "!b:practice.example", ROOM] });
    expect(await ask({ room_ids: ["!b:practice.example", ROOM] })).to.equal(some);
    expect(await ask({ room_ids: [ROOM] })).not.to.equal(some);
    expect(await ask({ room_ids: [ROOM, "!b:practice.example"], repair: true })).not.to.equal(some);
  });

  it("report their progress, and the last one its result", async () => {
    const id = await ask({ room_ids: [ROOM] });
    await begin(id);
    const finding = { rule: "name", expected: "Doctors", actual: "Party", severity: "warning" } as const;
    const conversation = "11" as never;
    await recordAuditedRoom(api.database, id, 1, {
      is: "closed",
      roomId: ROOM,
      conversation,
      findings: [finding],
    });
    const room = { room_id: ROOM, conversation: "11", kind: null, findings: [finding] };
    expect((await api.call("GET", `${PATH}?id=${id}`)).body).to.deep.include({
      finished_at: null,
      rooms: [room],
    });
    expect((await api.call("GET", PATH)).body.id).to.equal(null);
    await finishRoomAudit(api.database, id);
    const { body } = await api.call("GET", PATH);
    expect(body).to.deep.include({ id, room_ids: [ROOM], rooms: [room] });
    expect(Date.parse(body.finished_at)).to.be.at.least(Date.parse(body.started_at));
  });

  it("start again if they were interrupted", async () => {
    const id = await ask();
    await begin(id);
    await recordAuditedRoom(api.database, id, 1, {
      is: "unknown",
      roomId: ROOM,
      creator: null,
      findings: [],
    });
    await begin(id);
    expect((await api.call("GET", `${PATH}?id=${id}`)).body.rooms).to.deep.equal([]);
  });

  it("are forgotten after a week", async () => {
    const old = await ask();
    await begin(old);
    await finishRoomAudit(api.database, old);
    await api.database.query("UPDATE room_audits SET asked_at = now() - interval '8 days'");
    await begin(await ask());
    expect((await api.call("GET", `${PATH}?id=${old}`)).status).to.equal(404);
  });

  it("repair only with the scope for it, and refuse ids that are not rooms", async () => {
    const reader = { authorization: `Bearer ${await api.newKey(["audit:read"])}` };
    expect((await api.call("POST", PATH, {}, reader)).status).to.equal(202);
    const refused = await api.call("POST", PATH, { repair: true }, reader);
    expect(refused.status).to.equal(403);
    expect(refused.body.detail).to.include("audit:write");
    expect((await api.call("POST", PATH, { room_ids: [] })).status).to.equal(400);
  });
});

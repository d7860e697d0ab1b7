import { createServer, type Server } from "node:net";
import { expect } from "chai";
import type { Person } from "../../../dev/clients/person.ts";
import { sharedStack, type TestStack } from "../../support/stack/stack.ts";
import { hire, unique } from "../../support/stack/staff.ts";

/**
 * A client names a host in many requests, and Synapse must connect to none of them. In development it may connect to
 * this machine.
 */
describe("A host that a client names", function () {
  this.timeout(120_000);
  let stack: TestStack;
  let annAt: Person;
  let room: string;
  let server: Server;
  let host: string;
  let connections = 0;

  before(async function () {
    this.timeout(240_000);
    stack = await sharedStack();
    annAt = await hire(stack, unique("ann"));
    room = await annAt.createRoom({ name: unique("Room") });
    server = createServer((socket) => {
      connections += 1;
      socket.destroy();
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    host = `127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`;
  });
  after(() => new Promise((resolve) => server.close(resolve)));

  const v3 = "/_matrix/client/v3";
  const at = encodeURIComponent;
  const email = () => ({
    id_server: host,
    id_access_token: "x",
    medium: "email",
    address: "eve@elsewhere.example",
  });
  type Request = readonly [method: string, path: string, body?: object];
  const requests: Array<[string, () => Request]> = [
    ["an invitation by email", () => ["POST", `${v3}/rooms/${at(room)}/invite`, email()]],
    ["a room that is made with one", () => ["POST", `${v3}/createRoom`, { invite_3pid: [email()] }]],
    [
      "an address that is to be known at an identity server",
      () => [
        "POST",
        `${v3}/account/3pid/bind`,
        { client_secret: "s", id_access_token: "x", id_server: host, sid: "1" },
      ],
    ],
    [
      "one that is no longer to be known there",
      () => [
        "POST",
        `${v3}/account/3pid/unbind`,
        { address: "a@b.example", id_server: host, medium: "email" },
      ],
    ],
    [
      "the same by the older name",
      () => [
        "POST",
        "/_matrix/client/unstable/account/3pid/unbind",
        { address: "a@b.example", id_server: host, medium: "email" },
      ],
    ],
    [
      "one that is deleted",
      () => [
        "POST",
        `${v3}/account/3pid/delete`,
        { address: "a@b.example", id_server: host, medium: "email" },
      ],
    ],
    ["an account that is deactivated", () => ["POST", `${v3}/account/deactivate`, { id_server: host }]],
    ["a room to join", () => ["POST", `${v3}/join/${at(`!x:${host}`)}?server_name=${host}&via=${host}`, {}]],
    ["an alias to join", () => ["POST", `${v3}/join/${at(`#x:${host}`)}`, {}]],
    [
      "a room to knock at",
      () => ["POST", `${v3}/knock/${at(`!x:${host}`)}?server_name=${host}&via=${host}`, {}],
    ],
    ["an alias", () => ["GET", `${v3}/directory/room/${at(`#x:${host}`)}`]],
    ["a profile", () => ["GET", `${v3}/profile/${at(`@x:${host}`)}`]],
    ["somebody's keys", () => ["POST", `${v3}/keys/query`, { device_keys: { [`@x:${host}`]: [] } }]],
    ["public rooms", () => ["GET", `${v3}/publicRooms?server=${host}`]],
    ["a file", () => ["GET", `/_matrix/client/v1/media/download/${host}/abc`]],
    ["a thumbnail", () => ["GET", `/_matrix/client/v1/media/thumbnail/${host}/abc?width=10&height=10`]],
    ["a page to look at", () => ["GET", `/_matrix/client/v1/media/preview_url?url=${at(`http://${host}/`)}`]],
    [
      "a summary",
      () => ["GET", `/_matrix/client/unstable/im.nheko.summary/summary/${at(`!x:${host}`)}?via=${host}`],
    ],
    ["somebody invited", () => ["POST", `${v3}/rooms/${at(room)}/invite`, { user_id: `@x:${host}` }]],
    [
      "a message to a device",
      () => ["PUT", `${v3}/sendToDevice/m.x/1`, { messages: { [`@x:${host}`]: { "*": {} } } }],
    ],
  ];
  for (const [what, request] of requests)
    it(`is not connected to: ${what}`, async () => {
      const before = connections;
      const { status } = await annAt.request(...request());
      expect(status).to.be.within(200, 599);
      // If Synapse connects, it does so before it answers.
      expect(connections).to.equal(before);
    });

  it("is refused with a sentence where somebody is invited by email", async () => {
    const { status, body } = await annAt.request("POST", `${v3}/rooms/${at(room)}/invite`, email());
    expect(status).to.equal(403);
    expect(body).to.have.property("error").that.is.a("string").and.not.empty;
  });
});

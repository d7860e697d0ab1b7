import { expect } from "chai";
import { z } from "zod";
import type { Person } from "../../../dev/clients/person.ts";
import { atSynapse } from "../../support/stack/behind-whisper.ts";
import { openConversation } from "../../support/stack/conversation-api.ts";
import { sharedStack, type TestStack } from "../../support/stack/stack.ts";
import { hire, unique } from "../../support/stack/staff.ts";

const list = z.object({ chunk: z.array(z.unknown()), total_room_count_estimate: z.number() });
const C = "/_matrix/client";

describe("The list of public rooms", function () {
  this.timeout(120_000);
  let stack: TestStack;
  let mia: Person;
  let room: string;
  before(async function () {
    this.timeout(180_000);
    stack = await sharedStack();
    const [mias, bens] = [unique("mia"), unique("ben")];
    mia = await hire(stack, mias, {}, { withoutSync: true });
    await hire(stack, bens, {}, { withoutSync: true });
    ({ room } = await openConversation(stack, mias, { users: [bens] }, unique("Theatre")));
  });

  const queries = [
    "",
    "?limit=0",
    "?server=localhost",
    "?server=matrix.org",
    "?include_all_networks=true",
    "?third_party_instance_id=irc%7Clibera",
  ];
  const bodies = [
    {},
    { filter: { generic_search_term: "Theatre" } },
    { filter: { room_types: ["m.space", null] } },
    { include_all_networks: true },
    { third_party_instance_id: "irc|libera" },
  ];
  for (const version of ["v3", "r0", "unstable", "api/v1"]) {
    it(`is empty or refused, however it is asked for at /${version}`, async () => {
      const answers = [
        ...queries.map((query) => mia.request("GET", `${C}/${version}/publicRooms${query}`)),
        ...bodies.map((body) => mia.request("POST", `${C}/${version}/publicRooms?server=localhost`, body)),
        ...bodies.map((body) => mia.request("POST", `${C}/${version}/publicRooms`, body)),
      ];
      for (const { status, body } of await Promise.all(answers))
        if (status === 200)
          expect(list.parse(body)).to.deep.equal({ chunk: [], total_room_count_estimate: 0 });
        else expect(status).to.be.within(400, 404);
    });
  }

  it("takes no conversation, from a member or from Whisper, under no name and for no network", async () => {
    const at = encodeURIComponent(room);
    const alias = encodeURIComponent(`#${unique("theatre")}:localhost`);
    const ways = [
      ["PUT", `${C}/v3/directory/list/room/${at}`, { visibility: "public" }],
      ["PUT", `${C}/v3/directory/list/appservice/irc/${at}`, { visibility: "public" }],
      ["PUT", `${C}/v3/directory/room/${alias}`, { room_id: room }],
    ] as const;
    for (const [method, path, body] of ways) {
      expect((await mia.request(method, path, body)).status, path).to.equal(403);
      const byWhisper = await atSynapse(stack, method, path, body).catch((error: unknown) => error);
      if (!path.includes("/appservice/")) expect(byWhisper, path).to.be.instanceOf(Error);
    }
    const { body } = await mia.request("GET", `${C}/v3/publicRooms`);
    expect(list.parse(body).chunk).to.deep.equal([]);
  });
});

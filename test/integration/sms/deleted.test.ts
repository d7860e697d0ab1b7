import { expect } from "chai";
import { id, logProvider, openSmsHouse } from "../../support/sms/sms-house.ts";

describe("an SMS whose message is deleted", () => {
  for (const answer of [{ is: "later", retryAfter: null }, { is: "unknown" }] as const)
    it(`is not sent again once its message is deleted, while the provider is asked, whose answer is ${answer.is}`, async () => {
      let asked = 0;
      const busy = await openSmsHouse(
        {},
        {
          provider: {
            ...logProvider,
            submit: async () => {
              asked += 1;
              await busy.house.event({
                room: place.room,
                sender: id("anna"),
                type: "m.room.redaction",
                content: { redacts: event },
                redacts: event,
              });
              return answer;
            },
            find: () => Promise.resolve([]),
          },
        },
      );
      const place = await busy.between("anna", "mia");
      const event = await busy.house.say(place.room, "anna", "Never mind #sms");
      try {
        for (let round = 0; round < 4; round += 1) {
          await busy.work();
          busy.house.clock += 20 * 60_000;
          await busy.house.database.query("UPDATE graphile_worker._private_jobs SET run_at = now()");
        }
        expect(await busy.states()).to.deep.equal(["cancelled"]);
        const { rows } = await busy.house.database.query("SELECT body FROM sms_messages");
        expect([asked, rows]).to.deep.equal([1, [{ body: "" }]]);
      } finally {
        await busy.close();
      }
    });
});

import { randomBytes } from "node:crypto";
import { expect } from "chai";
import type { RoomId } from "../../../src/policy/model.ts";
import { eventually } from "../eventually.ts";
import type { Answer, Caller } from "./caller.ts";
import type { House } from "./house.ts";

export const PNG = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
  "base64",
);

/** Waits until Whisper knows every file that was posted in the room before. */
export async function filesAreKnown(house: House, who: Caller, where: RoomId): Promise<void> {
  const { event_id } = await who.json(
    "PUT",
    `/_matrix/client/v3/rooms/${encodeURIComponent(where)}/send/m.room.message/${randomBytes(4).toString("hex")}`,
    { msgtype: "m.image", body: "the last one", url: await who.upload(PNG) },
  );
  await eventually("the file to be known", async () => {
    const { rows } = await house.database.query("SELECT FROM media WHERE event_id = $1", [event_id]);
    return rows.length > 0;
  });
}

export const download = (who: Caller, mxc: string, suffix = ""): Promise<Answer> =>
  who.request("GET", `/_matrix/client/v1/media/download/${mxc.slice("mxc://".length)}${suffix}`);

export const show = (who: Caller, where: RoomId, url: string, more: object = {}) =>
  who.send(where, "m.room.message", { msgtype: "m.image", body: "x-ray.png", url, ...more });

export function served(answer: Answer): void {
  expect(answer.status, answer.text.slice(0, 200)).to.equal(200);
}

export function refused(answer: Answer, status = 403): void {
  expect(answer.status).to.equal(status);
  expect(answer.headers["content-type"]).to.contain("application/json");
  expect(answer.headers["access-control-allow-origin"]).to.equal("*");
}

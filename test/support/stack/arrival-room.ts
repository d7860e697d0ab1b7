/** What a doctor's arrivals room shows of one booking, according to the homeserver. */
import { expect } from "chai";
import { z } from "zod";
import { callApi } from "../../../dev/clients/api.ts";
import type { Person } from "../../../dev/clients/person.ts";
import { ARRIVAL } from "../../../dev/clients/room-events.ts";
import { eventually } from "../eventually.ts";
import type { TestStack } from "./stack.ts";
import { historyOf, roomOfKind, type SeenEvent } from "./staff.ts";

const aboutBooking = z.object({ booking_id: z.string() });
const relation = z.object({
  rel_type: z.string().optional(),
  event_id: z.string(),
  key: z.string().optional(),
});

const arrivalList = z.looseObject({
  arrivals: z.array(
    z.looseObject({
      state: z.string(),
      recipients: z.array(
        z.looseObject({ username: z.string(), state: z.string(), answered_at: z.string().nullable() }),
      ),
    }),
  ),
});

export const isNoticeOf =
  (booking: string) =>
  ({ content }: Pick<SeenEvent, "content">): boolean =>
    aboutBooking.safeParse(content[ARRIVAL]).data?.booking_id === booking;

/** Waits for the notice with both its buttons. @returns the notice's event id. */
export async function noticeWithButtons(
  doctor: Person,
  booking: string,
  ms = 30_000,
): Promise<{ room: string; notice: string }> {
  const seen = await doctor.waitForEvent(
    `the notice of ${booking}`,
    (event) => isNoticeOf(booking)({ content: event.getContent() }),
    ms,
  );
  const [room, notice] = [seen.getRoomId() ?? "", seen.getId() ?? ""];
  for (const key of ["✅", "↩️"]) await doctor.waitForReaction(notice, key, undefined, ms);
  return { room, notice };
}

/** Fails unless the room has exactly one notice for the booking, with each button once. */
export async function expectOneNotice(doctor: Person, room: string, booking: string): Promise<void> {
  const history = await historyOf(doctor, room);
  const notices = history.filter(isNoticeOf(booking));
  expect(notices, `notices of ${booking}`).to.have.lengthOf(1);
  const buttons = history.flatMap(({ type, content }) => {
    const about = relation.safeParse(content["m.relates_to"]).data;
    return type === "m.reaction" && about?.event_id === notices[0]?.event_id ? [about?.key] : [];
  });
  expect([...buttons].sort(), "buttons").to.deep.equal(
    ["✅", "↩️", ...buttons.filter((key) => key !== "✅" && key !== "↩️")].sort(),
  );
}

/** Fails unless the notice has been removed, once, and no longer shows anything. */
export async function expectGone(doctor: Person, room: string, notice: string): Promise<void> {
  await doctor.waitForRedaction(notice, 30_000);
  const history = await historyOf(doctor, room);
  const removals = history.filter(
    ({ type, content, redacts }) => type === "m.room.redaction" && (content.redacts ?? redacts) === notice,
  );
  expect(removals, "removals of the notice").to.have.lengthOf(1);
  expect(history.find(({ event_id }) => event_id === notice)?.content ?? {}).not.to.have.property("body");
}

/** The doctor's newest arrival, according to the API. */
export async function newestArrival(stack: TestStack, doctor: string) {
  const { body } = await callApi(stack, "GET", `/api/v1/arrivals?doctor=${doctor}&limit=1`);
  return arrivalList.parse(body).arrivals[0];
}

/** Waits until the doctor alone has acknowledged their newest arrival. Whisper may be away in the meantime. */
export const acknowledgedBy = (stack: TestStack, doctor: string): Promise<true> =>
  eventually(`${doctor} to have acknowledged`, async () => {
    const arrival = await newestArrival(stack, doctor);
    const [recipient, ...others] = arrival?.recipients ?? [];
    return (
      arrival?.state === "acknowledged" &&
      others.length === 0 &&
      recipient?.username === doctor &&
      recipient.state === "acknowledged" &&
      recipient.answered_at !== null
    );
  });

export const arrivalsRoom = (doctor: Person) => roomOfKind(doctor, "arrivals");

/** A doctor's and a receptionist's clients, and bookings between the two, in the shared stack. */
import { expect } from "chai";
import type { MatrixEvent, Room } from "matrix-js-sdk";
import { z } from "zod";
import { callApi, mustCallApi } from "../../../dev/clients/api.ts";
import type { Person } from "../../../dev/clients/person.ts";
import { bodyOf } from "../../../dev/clients/room-events.ts";
import { arrivalsRoom, isNoticeOf } from "./arrival-room.ts";
import { sharedStack, type TestStack } from "./stack.ts";
import { hire, unique } from "./staff.ts";

export interface Booking {
  readonly status: string;
  readonly patient_id: string;
  readonly patient_name: string | null;
  readonly doctor: string;
  readonly location: string;
  readonly appointment_at: string;
  readonly changed_by: string;
  readonly changed_at: string;
}

export interface ArrivalDesk {
  readonly stack: TestStack;
  /** The receptionist's user name. */
  readonly mia: string;
  /** The doctor's user name. */
  readonly jones: string;
  readonly receptionist: Person;
  readonly doctor: Person;
  /** The doctor's arrivals room. */
  readonly room: Room;
  /** Puts a booking, for the doctor and set to Arrived by the receptionist unless `changes` say otherwise. */
  put(
    id: string,
    changes?: Partial<Booking>,
  ): Promise<{ applied: boolean; arrival?: { state: string; recipients: object[] } }>;
  /** The doctor's newest arrival, as the API lists it. */
  newest(username?: string): Promise<ListedArrival | undefined>;
  stateNow(): Promise<string | undefined>;
}

/** A time today on the practice's clock: a notice says the date of any other day. */
export const todayAt = (time: string): string => {
  const zone = { timeZone: "Australia/Sydney" };
  const day = new Intl.DateTimeFormat("en-CA", zone).format();
  const named = new Intl.DateTimeFormat("en", { ...zone, timeZoneName: "longOffset" }).formatToParts();
  const offset = named.find(({ type }) => type === "timeZoneName")?.value.replace("GMT", "");
  return `${day}T${time}:00${offset}`;
};

/** HealthTrack's clock: each change is a second later than the one before. */
export const started = Date.now();
let second = 0;

const listedArrival = z.looseObject({
  state: z.string(),
  recipients: z.array(z.looseObject({ username: z.string(), state: z.string() })),
});
type ListedArrival = z.infer<typeof listedArrival>;
const arrivalList = z.looseObject({ arrivals: z.array(listedArrival) });

export async function openArrivalDesk(): Promise<ArrivalDesk> {
  const stack = await sharedStack();
  const [mia, jones] = [unique("mia"), unique("dr.jones")];
  const receptionist = await hire(stack, mia);
  const doctor = await hire(stack, jones, { doctor: true });
  const newest = async (username = jones) => {
    const path = `/api/v1/arrivals?doctor=${username}&limit=1`;
    return arrivalList.parse(await mustCallApi(stack, "GET", path)).arrivals[0];
  };
  return {
    stack,
    mia,
    jones,
    receptionist,
    doctor,
    room: await arrivalsRoom(doctor),
    newest,
    stateNow: async () => (await newest())?.state,
    async put(id, changes = {}) {
      second += 1;
      const answer = await callApi(stack, "PUT", `/api/v1/bookings/${id}`, {
        status: "arrived",
        patient_id: id,
        patient_name: "Alice Quokka",
        doctor: jones,
        location: "Main St",
        appointment_at: todayAt("10:30"),
        changed_by: mia,
        changed_at: new Date(started + second * 1_000).toISOString(),
        ...changes,
      });
      expect(answer.status, JSON.stringify(answer.body)).to.equal(200);
      return answer.body as { applied: boolean; arrival?: { state: string; recipients: object[] } };
    },
  };
}

export const idOf = (event: MatrixEvent): string => event.getId() ?? "";

export const noticeFor = (person: Person, booking: string): Promise<MatrixEvent> =>
  person.waitForEvent(
    `the notice of ${booking}`,
    (event) => isNoticeOf(booking)({ content: event.getContent() }) && event.getRelation() == null,
  );

/** The text to which the message was edited. A client shows it in place of the first text. */
export const editOf = async (person: Person, message: MatrixEvent): Promise<string> => {
  const edit = await person.waitForEvent("the edit", (event) => {
    const relation = event.getWireContent()["m.relates_to"];
    return relation?.rel_type === "m.replace" && relation.event_id === idOf(message);
  });
  return bodyOf(edit);
};

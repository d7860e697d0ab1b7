/** Compares what Whisper made of a day with what the models make of it. */
import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import { mustCallApi } from "../../../dev/clients/api.ts";
import { ARRIVAL } from "../../../dev/clients/room-events.ts";
import type { TestStack } from "../../support/stack/stack.ts";
import { historyOf, roomOfKind, textsOf } from "../../support/stack/staff.ts";
import { ANSWER, MARKER } from "./arrival-lives.ts";
import { STRANGER } from "./arrival-model.ts";
import type { Day } from "./day.ts";

const page = z.object({
  arrivals: z.array(
    z.looseObject({
      id: z.string(),
      patient_id: z.string(),
      state: z.string(),
      ended: z.looseObject({ reason: z.string() }).nullable(),
      recipients: z.array(
        z.looseObject({ username: z.string(), state: z.string(), reported: z.boolean().optional() }),
      ),
    }),
  ),
  next_cursor: z.string().nullable(),
});
type ListedArrival = z.infer<typeof page>["arrivals"][number];

async function arrivalsOf(stack: TestStack): Promise<ListedArrival[]> {
  const all: ListedArrival[] = [];
  for (let cursor = ""; ; ) {
    const { arrivals, next_cursor } = page.parse(
      await mustCallApi(stack, "GET", `/api/v1/arrivals?limit=500${cursor}`),
    );
    all.push(...arrivals);
    if (next_cursor === null) return all;
    cursor = `&cursor=${encodeURIComponent(next_cursor)}`;
  }
}

const spelled = (state: string, ended: string | null, recipients: readonly string[]): string =>
  `${state}, ${ended === null ? "goes on" : `ended ${ended}`}: ${[...recipients].sort().join(", ")}`;

/** Every arrival is on record exactly as the model has it, and there is no other. */
export async function wrongArrivals(stack: TestStack, day: Day): Promise<string[]> {
  const recorded = new Map((await arrivalsOf(stack)).map((arrival) => [arrival.id, arrival]));
  const faults = day.models.flatMap((model, index) =>
    model.visits.flatMap((visit) => {
      const arrival = recorded.get(day.ids.get(visit) ?? "");
      recorded.delete(arrival?.id ?? "");
      const ought = spelled(
        visit.state,
        visit.ended,
        [...visit.told].map(([username, { progress }]) => `${username} ${progress}`),
      );
      const is =
        arrival &&
        spelled(
          arrival.state,
          arrival.ended?.reason ?? null,
          arrival.recipients.map(
            ({ username, state, reported }) =>
              `${username} ${state}${reported === false ? " and nobody was told so" : ""}`,
          ),
        );
      return ought === is ? [] : [`${day.id(index)} ought to be (${ought}) and is (${is})`];
    }),
  );
  return [...faults, ...[...recorded.values()].map(({ patient_id }) => `${patient_id} has one arrival more`)];
}

const aboutArrival = z.object({ arrival_id: z.string(), booking_ids: z.array(z.string()) });

/** Every room shows exactly the notices that it should, once each, with the current bookings. */
export async function wrongRooms(day: Day): Promise<string[]> {
  const faults: string[] = [];
  const visits = day.models.flatMap((model, index) =>
    model.visits.map((visit) => ({ visit, patient: day.id(index) })),
  );
  for (const [who, { person }] of day.desks) {
    const history = await historyOf(person, (await roomOfKind(person, "arrivals")).roomId);
    const seen = Map.groupBy(
      history.flatMap(({ content }) => {
        const about = aboutArrival.safeParse(content[ARRIVAL]).data;
        return about === undefined ? [] : [{ ...about, edit: "m.new_content" in content }];
      }),
      ({ arrival_id }) => arrival_id,
    );
    for (const { visit, patient } of visits) {
      const events = seen.get(day.ids.get(visit) ?? "") ?? [];
      const is = { notices: events.filter(({ edit }) => !edit).length, of: events.at(-1)?.booking_ids };
      const ought =
        visit.shownTo(who) === null
          ? { notices: 0, of: undefined }
          : { notices: 1, of: [...visit.bookings].sort() };
      if (!isDeepStrictEqual(ought, is))
        faults.push(
          `${who} ought to see of ${patient} ${JSON.stringify(ought)} and sees ${JSON.stringify(is)}`,
        );
    }
  }
  return faults;
}

/** Whoever marked the arrivals got every answer, and every sentence that a doctor cannot be told, once. */
export async function wrongWords(stack: TestStack, day: Day): Promise<string[]> {
  const marker = await stack.signIn(MARKER, { pastTheGate: true });
  const texts: string[] = [];
  for (const room of marker.rooms()) texts.push(...(await textsOf(marker, room.roomId)));
  const byPatient = (those: readonly string[]) =>
    Map.groupBy(those, (text) => /Patient (day-\d+)/.exec(text)?.[1] ?? "");
  const answers = byPatient(texts.filter((text) => text.endsWith(ANSWER)));
  const reports = byPatient(texts.filter((text) => text.includes(`${STRANGER} was not told`)));
  return day.models.flatMap((model, index) => {
    const is = {
      answers: answers.get(day.id(index))?.length ?? 0,
      reports: reports.get(day.id(index))?.length ?? 0,
    };
    const ought = { answers: model.answers, reports: model.reports };
    return isDeepStrictEqual(ought, is)
      ? []
      : [`of ${day.id(index)} ${JSON.stringify(ought)} ought to have come, and ${JSON.stringify(is)} came`];
  });
}
